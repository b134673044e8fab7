//===- EvalTasks.cpp - the measurements of an eval, ready to be made ------===//
//
// One function a kind of task, and a table of them.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalTasks.h"

#include "compiler/plan/DataFlow.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/EvalItems.h"
#include "runtime/data/pipeline/PipelineRunner.h"

#include <algorithm>
#include <cmath>
#include <fmt/ranges.h>
#include <xxhash.h>

namespace roux {

namespace {

/// What every task is made from.
struct TaskMaker {
  const SourceManager &sources;
  const CheckedRecipe &recipe;
  const CheckedDefinition &eval;
  DataBuilder &data;
  const ModelFacts &model;
  bool isElsewhere; ///< the model is an endpoint, and has no facts

  EvalTask loss(const CheckedArgument &task) const;
  EvalTask needle(const CheckedArgument &task) const;
  EvalTask samples(const CheckedArgument &task) const;
  EvalTask longbench(const CheckedArgument &task) const;
  EvalTask task(const CheckedArgument &task) const;

  const Expression &target() const;
  void addNumbers(const CheckedValue &value, std::vector<double> &numbers) const;
  eval::NeedleOptions needleOptions(const CheckedValue &call) const;
  std::string haystack(const CheckedValue &value, uint64_t tokens) const;
  std::string asked() const;
  uint64_t promptLength(const CheckedValue &call, uint64_t answer) const;
  EvalTask asking(AskTask ask) const;
};

struct TaskRow {
  std::string_view construct;
  EvalTask (TaskMaker::*make)(const CheckedArgument &task) const;
};

} // namespace

static uint64_t hashOf(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

/// The target that an eval counts: its own, or the one of the train that its model names.
const Expression &TaskMaker::target() const {
  if (const CheckedValue &own = eval["target"]; own.kind == ValueKind::Expression)
    return own.expression;
  if (const CheckedDefinition *train = recipe.trainBehind(eval["model"]))
    return (*train)["target"].expression;
  throw RefusedRecipe(
      sources, eval.where,
      "the model is no train, so nothing says which tokens count; expected target:");
}

EvalTask TaskMaker::loss(const CheckedArgument &task) const {
  const CheckedValue &from = task.value["data"];
  std::filesystem::path file = data.buildStore(from, model, target(), {}, false);
  data::TokenStore store = data.openStore(file, model.config.vocabulary);
  uint64_t targets = 0, context = static_cast<uint64_t>(model.config.context);
  for (uint32_t i = 0; i < store.sequences().size(); ++i) {
    const data::SequenceEntry &entry = store.sequences()[i];
    targets += entry.targets;
    if (entry.tokens > context + 1)
      throw RefusedRecipe(sources, from.where,
                          fmt::format("{} has {} tokens, and the model's context is {}; expected "
                                      "data within it, as by cut({} tokens, side: right)",
                                      store.name(i), entry.tokens, context, context));
  }
  if (targets == 0)
    throw RefusedRecipe(sources, from.where,
                        fmt::format("none of the tokens of its {} sequences is a target, so there "
                                    "is no loss to measure",
                                    store.sequences().size()));
  return {task.name, LossTask{file}, fmt::format("store {:016x}", store.hash())};
}

/// Most lengths, depths, and cells of a needle test.
static constexpr size_t mostCells = 10'000;

/// Adds the numbers of a value that is one, a list or spread(…).
void TaskMaker::addNumbers(const CheckedValue &value, std::vector<double> &numbers) const {
  if (value.kind == ValueKind::Number)
    numbers.push_back(value.number);
  for (const CheckedValue &item : value.items)
    addNumbers(item, numbers);
  if (!value.calls("spread"))
    return;
  double count = value["count"].number;
  const CheckedValue &range = value["range"];
  if (count > mostCells)
    throw RefusedRecipe(sources, value.where,
                        fmt::format("{} values are more than the {} cells that a needle test may "
                                    "have",
                                    count, mostCells));
  for (double i = 0; i < count; ++i)
    numbers.push_back(range.number +
                      (count > 1 ? (range.high - range.number) * i / (count - 1) : 0));
}

eval::NeedleOptions TaskMaker::needleOptions(const CheckedValue &call) const {
  eval::NeedleOptions options;
  std::vector<double> lengths;
  addNumbers(call["lengths"], lengths);
  addNumbers(call["depths"], options.depths);
  for (double length : lengths)
    options.lengths.push_back(static_cast<uint64_t>(std::llround(length)));
  // What is asked twice is measured once, in the order of a table.
  std::ranges::sort(options.lengths), std::ranges::sort(options.depths);
  options.lengths.erase(std::unique(options.lengths.begin(), options.lengths.end()),
                        options.lengths.end());
  options.depths.erase(std::unique(options.depths.begin(), options.depths.end()),
                       options.depths.end());
  options.needle = call["needle"].text;
  options.question = call["question"].text;
  size_t cells = options.lengths.size() * options.depths.size();
  if (cells > mostCells)
    throw RefusedRecipe(sources, call.where,
                        fmt::format("{} lengths and {} depths make {} cells; expected at most {}",
                                    options.lengths.size(), options.depths.size(), cells,
                                    mostCells));
  return options;
}

/// Texts of `value`, one after the other, until there are `tokens` tokens or no more.
std::string TaskMaker::haystack(const CheckedValue &value, uint64_t tokens) const {
  data::Consumer consumer{model.tokenizer, model.chat, {}, false};
  data::Ledger ledger;
  data::PipelineRunner runner(data.pipelineFor(value, {}), consumer, ledger, 0,
                              &data.sourceLibrary());
  runner.runSteps();
  std::string text;
  uint64_t found = 0;
  auto next = runner.texts();
  for (std::string each; found < tokens && next(each);) {
    std::string piece = (text.empty() ? "" : "\n\n") + each;
    found += model.tokenizer->encode(piece).size();
    text += piece;
  }
  runner.checkUnchanged();
  return text;
}

/// Changes with what turns a question into ids.
std::string TaskMaker::asked() const {
  return fmt::format("tokenizer {:016x} template {:016x} ends {}", model.tokenizer->contentHash(),
                     model.chat ? model.chat->contentHash() : 0,
                     fmt::join(answerEndsOf(model), ","));
}

EvalTask TaskMaker::needle(const CheckedArgument &task) const {
  const CheckedValue &call = task.value;
  if (call["judge"].kind != ValueKind::Word)
    throw RefusedRecipe(sources, call["judge"].where,
                        "a model as judge is checked, but this build does not run it; expected "
                        "exact");
  NeedleTask needle{"", needleOptions(call)};
  eval::NeedleText text = textOf(model);
  uint64_t context = static_cast<uint64_t>(model.config.context);
  try {
    // Lengths are held against the context before a long haystack is read.
    eval::checkNeedle(context, UINT64_MAX, needle.options, text);
    needle.haystack = haystack(call["haystack"], *std::ranges::max_element(needle.options.lengths));
    eval::checkNeedle(context, text.encode(needle.haystack).size(), needle.options, text);
  } catch (const eval::NeedleError &error) {
    throw RefusedRecipe(sources, call["lengths"].where, error.what());
  }
  std::string identity = fmt::format("haystack {:016x} {}", hashOf(needle.haystack), asked());
  return {task.name, std::move(needle), std::move(identity)};
}

EvalTask TaskMaker::samples(const CheckedArgument &task) const {
  const CheckedValue &call = task.value;
  SamplesTask samples;
  const CheckedValue &prompts = call["prompts"];
  if (prompts.kind == ValueKind::Text)
    samples.prompts.push_back(prompts.text);
  for (const CheckedValue &item : prompts.items)
    samples.prompts.push_back(item.text);
  samples.asUser = call["as"].is("user");
  if (samples.asUser && !model.chat)
    throw RefusedRecipe(sources, call.where,
                        "the model has no chat template to ask with; expected as: text, or a "
                        "model with template:");
  samples.generation.tokens = static_cast<uint64_t>(call["tokens"].number);
  samples.generation.sampling = {call["temperature"].number, call["top_p"].number};
  samples.generation.seed = (data::SeedTree(recipe.seed) / eval.name / task.name).bits();
  samples.generation.ends = answerEndsOf(model);
  samples.generation.known = model.tokenizer->vocabularySize();
  for (const std::string &prompt : samples.prompts) {
    size_t tokens = promptOf(model, prompt, samples.asUser).size();
    if (tokens == 0 || tokens >= static_cast<uint64_t>(model.config.context))
      throw RefusedRecipe(sources, prompts.where,
                          fmt::format("a prompt has {} tokens; expected at least 1, and fewer "
                                      "than the model's context of {}",
                                      tokens, model.config.context));
  }
  return {task.name, std::move(samples), asked()};
}

/// Longest prompt of `call`, whose answers have up to `answer` tokens; 0: no limit.
uint64_t TaskMaker::promptLength(const CheckedValue &call, uint64_t answer) const {
  const CheckedValue &length = call["length"];
  if (isElsewhere) {
    if (!length.isNone())
      throw RefusedRecipe(sources, length.where,
                          "an endpoint brings no tokenizer to count a prompt's tokens with, and is "
                          "asked whole prompts; expected no length:");
    return 0;
  }
  uint64_t context = static_cast<uint64_t>(model.config.context);
  uint64_t given = static_cast<uint64_t>(length.number);
  if (!length.isNone() && given + answer <= context)
    return given;
  if (!length.isNone())
    throw RefusedRecipe(sources, length.where,
                        fmt::format("prompts of {} tokens and answers of {} are more than the "
                                    "model's context of {}",
                                    given, answer, context));
  for (uint64_t published : {31500, 15500, 7500, 3500})
    if (published + std::max<uint64_t>(answer, 512) <= context)
      return published;
  constexpr uint64_t forTemplate = 32;
  if (answer + forTemplate >= context)
    throw RefusedRecipe(
        sources, call.where,
        fmt::format("answers of {} tokens leave no room for a prompt in the model's "
                    "context of {}",
                    answer, context));
  return context - answer - forTemplate;
}

/// `ask`, whose identity is what is asked and how.
EvalTask TaskMaker::asking(AskTask ask) const {
  std::string identity = isElsewhere ? "" : asked();
  for (size_t i = 0; i < ask.asked.size(); ++i) {
    identity += fmt::format("\n{} {:016x} prompt {} answer {} user {}", ask.sets[i].name,
                            ask.asked[i].contentHash, ask.rules[i].length, ask.asked[i].tokens,
                            ask.rules[i].asUser);
    for (const std::string &stop : ask.rules[i].stops)
      identity += fmt::format(" stop {:016x}", hashOf(stop));
  }
  std::string name = ask.task->name;
  return {std::move(name), std::move(ask), std::move(identity)};
}

EvalTask TaskMaker::longbench(const CheckedArgument &task) const {
  const CheckedValue &path = task.value["folder"];
  eval::LongBenchFolder folder(std::filesystem::path(sources.path(path.where.file)).parent_path() /
                               path.text);
  AskTask ask{&task, *scoredSetsOf(sources, task), {}, {}};
  for (const ScoredSet &set : ask.sets) {
    const eval::LongBenchSet &row = *eval::longBenchSet(set.name);
    eval::AskedSet &asked = ask.asked.emplace_back(folder.read(set.name));
    ask.rules.push_back({.length = promptLength(task.value, asked.tokens),
                         .endsAtLine = row.name == "samsum",
                         .asUser = row.chatTemplate && model.chat});
  }
  return asking(std::move(ask));
}

EvalTask TaskMaker::task(const CheckedArgument &task) const {
  const CheckedValue &call = task.value;
  AskTask ask{&task, *scoredSetsOf(sources, task), {}, {}};
  eval::AskedSet &asked = ask.asked.emplace_back(askedSetOf(sources, recipe, data, call, model));
  AskRules rules{.length = promptLength(call, asked.tokens), .asUser = model.chat.has_value()};
  if (call["stop"].kind == ValueKind::Text)
    rules.stops.push_back(call["stop"].text);
  for (const CheckedValue &stop : call["stop"].items)
    rules.stops.push_back(stop.text);
  ask.rules.push_back(std::move(rules));
  return asking(std::move(ask));
}

EvalTasks tasksOf(const SourceManager &sources, const CheckedRecipe &recipe,
                  const CheckedDefinition &eval, DataBuilder &data, WhichTasks which) {
  static constexpr TaskRow rows[] = {{"loss", &TaskMaker::loss},
                                     {"needle", &TaskMaker::needle},
                                     {"samples", &TaskMaker::samples},
                                     {"longbench", &TaskMaker::longbench},
                                     {"task", &TaskMaker::task}};
  EvalTasks all;
  all.endpoint = endpointOf(recipe, eval["model"]);
  if (!all.endpoint)
    all.model = data.modelOf(eval["model"]);
  if (!all.endpoint && !all.model.tokenizer)
    throw RefusedRecipe(sources, eval["model"].where,
                        fmt::format("the model of '{}' brings no tokenizer; expected a block with "
                                    "tokenizer:",
                                    eval.name));
  TaskMaker maker{sources, recipe, eval, data, all.model, all.endpoint != nullptr};
  for (const CheckedArgument &task : eval.tasks) {
    auto row = std::ranges::find_if(
        rows, [&](const TaskRow &each) { return task.value.calls(each.construct); });
    if (row == std::end(rows))
      throw RefusedRecipe(
          sources, task.value.where,
          fmt::format("'{}' is checked, but this build does not run it", task.name));
    if (all.endpoint && row->construct != "longbench" && row->construct != "task")
      throw RefusedRecipe(sources, task.value.where,
                          fmt::format("an endpoint can only answer; '{}' asks more of a model than "
                                      "that",
                                      row->construct));
    if (which == WhichTasks::All || row->construct == "loss")
      all.tasks.push_back((maker.*row->make)(task));
  }
  return all;
}

} // namespace roux
