//===- EvalNeedle.cpp - tests that hide something in a long text ----------===//
//
// `needle(…)` and `recall(…)`: lengths, depths and haystack, held against the model's
// context before anything is trained.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/Asks.h"
#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/TaskMaker.h"
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/PipelineRunner.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

/// Most lengths, depths, and cells of a needle test.
static constexpr size_t mostCells = 10'000;

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

/// `numbers` in the order of a table; what is asked twice is measured once.
template <typename Number>
static void makeDistinct(std::vector<Number> &numbers) {
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

std::vector<uint64_t> TaskMaker::lengthsOf(const CheckedValue &call) const {
  std::vector<double> numbers;
  addNumbers(call["lengths"], numbers);
  std::vector<uint64_t> lengths;
  for (double length : numbers)
    lengths.push_back(static_cast<uint64_t>(std::llround(length)));
  makeDistinct(lengths);
  return lengths;
}

eval::NeedleOptions TaskMaker::needleOptions(const CheckedValue &call) const {
  eval::NeedleOptions options;
  options.lengths = lengthsOf(call);
  addNumbers(call["depths"], options.depths);
  makeDistinct(options.depths);
  options.needle = call["needle"].text;
  options.question = call["question"].text;
  options.answerTokens = countOf<uint64_t>(sources, call["tokens"]);
  size_t cells = options.lengths.size() * options.depths.size();
  if (cells > mostCells)
    throw RefusedRecipe(sources, call.where,
                        fmt::format("{} lengths and {} depths make {} cells; expected at most {}",
                                    options.lengths.size(), options.depths.size(), cells,
                                    mostCells));
  return options;
}

std::string TaskMaker::haystack(const CheckedValue &value, uint64_t tokens) const {
  data::Consumer consumer{model.tokenizer, model.chat, {}, false};
  data::Ledger ledger;
  data::PipelineRunner runner(data.pipelineFor(value, consumer, {}), consumer, ledger, 0,
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

eval::NeedleText needleTextOf(const ModelFacts &facts, const NeedleTask &task) {
  eval::NeedleText text = textOf(facts);
  if (task.prompt.empty() && task.system.empty())
    return text;
  std::string prompt = task.prompt.empty() ? "{document}\n\n{question}" : task.prompt;
  text.prompt = [&facts, prompt, system = task.system](const std::string &document,
                                                       const std::string &question) {
    std::string asked = data::filledPrompt(
        prompt, [&](std::string_view hole) { return hole == "document" ? document : question; });
    return promptOf(facts, asked + (facts.chat ? "" : "\n"), facts.chat.has_value(), system);
  };
  return text;
}

const CheckedValue *TaskMaker::judgeOf(const CheckedValue &call) const {
  const CheckedValue &judge = call["judge"];
  return judge.kind == ValueKind::Word ? nullptr : &judge;
}

EvalTask TaskMaker::needle(const CheckedArgument &task) const {
  const CheckedValue &call = task.value;
  NeedleTask needle{"", needleOptions(call), "", call["system"].text, judgeOf(call)};
  if (!call["prompt"].isNone())
    needle.prompt = promptText(recipe, call["prompt"]);
  for (const std::string &hole : data::holesOf(needle.prompt))
    if (hole != "document" && hole != "question")
      throw RefusedRecipe(sources, call["prompt"].where,
                          fmt::format("a needle's prompt has {{document}} and {{question}}; found "
                                      "'{}'",
                                      hole));
  eval::NeedleText text = needleTextOf(model, needle);
  uint64_t context = static_cast<uint64_t>(model.config.context);
  try {
    // Lengths are held against the context before a long haystack is read.
    eval::checkNeedle(context, UINT64_MAX, needle.options, text);
    needle.haystack = haystack(call["haystack"], needle.options.lengths.back());
    eval::checkNeedle(context, text.encode(needle.haystack).size(), needle.options, text);
  } catch (const eval::NeedleError &error) {
    throw RefusedRecipe(sources, call["lengths"].where, error.what());
  }
  std::string identity = fmt::format(
      "haystack {:016x} {}", XXH3_64bits(needle.haystack.data(), needle.haystack.size()), asked());
  return {task.name, std::move(needle), std::move(identity)};
}

EvalTask TaskMaker::recall(const CheckedArgument &task) const {
  const CheckedValue &call = task.value;
  RecallTask recall{"", {lengthsOf(call), countOf<uint64_t>(sources, call["pairs"]), 0}};
  recall.options.seed = (data::SeedTree(recipe.seed) / eval.name / task.name).bits();
  eval::NeedleText text = textOf(model);
  uint64_t context = static_cast<uint64_t>(model.config.context);
  try {
    eval::checkRecall(context, UINT64_MAX, recall.options, text);
    recall.haystack = haystack(call["haystack"], recall.options.lengths.back());
    eval::checkRecall(context, text.encode(recall.haystack).size(), recall.options, text);
  } catch (const eval::NeedleError &error) {
    throw RefusedRecipe(sources, call["lengths"].where, error.what());
  }
  std::string identity = fmt::format(
      "haystack {:016x} {}", XXH3_64bits(recall.haystack.data(), recall.haystack.size()), asked());
  return {task.name, std::move(recall), std::move(identity)};
}

} // namespace roux
