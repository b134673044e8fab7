//===- EvalTasks.cpp - the measurements of an eval, ready to be made ------===//
//
// A table of the kinds of task, and what they share.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalTasks.h"

#include "compiler/plan/BatchRules.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/TaskMaker.h"

#include <algorithm>
#include <fmt/ranges.h>

namespace roux {

namespace {
struct TaskRow {
  std::string_view construct;
  EvalTask (TaskMaker::*make)(const CheckedArgument &task) const;
};
} // namespace

const Expression &TaskMaker::target() const {
  if (const CheckedValue &own = eval["target"]; own.kind == ValueKind::Expression)
    return own.expression;
  if (const CheckedDefinition *train = recipe.trainBehind(eval["model"]))
    return (*train)["target"].expression;
  throw RefusedRecipe(
      sources, eval.where,
      "the model is no train, so nothing says which tokens count; expected target:");
}

/// What keeps sequence `i` of `store` from going through a model of that context; empty: nothing.
static std::string beyond(const data::TokenStore &store, uint32_t i, uint64_t context,
                          bool isPair) {
  uint64_t tokens = store.sequences()[i].tokens, longest = 0;
  if (!isPair)
    return tokens <= context + 1
               ? ""
               : fmt::format("{} has {} tokens, and the model's context is {}; expected data "
                             "within it, as by cut({} tokens, side: right)",
                             store.name(i), tokens, context, context);
  for (data::TokenRange answer : store.view(i).spans)
    longest = std::max<uint64_t>(longest, answer.size());
  return longest <= context
             ? ""
             : fmt::format("{} has an answer that takes {} positions with its prompt, and the "
                           "models that are asked reach over {}; expected pairs within that, as by "
                           "where(sequence.tokens <= {})",
                           store.name(i), longest, context, context);
}

EvalTask TaskMaker::loss(const CheckedArgument &task) const {
  const CheckedValue &from = task.value["data"];
  const CheckedDefinition *pairsOf =
      recipe.arePairs(from) ? recipe.trainBehind(eval["model"]) : nullptr;
  data::StoreSchema schema = pairsOf ? pairSchemaOf(*pairsOf) : data::StoreSchema();
  std::filesystem::path file = data.buildStore(from, model, target(), schema, false);
  data::TokenStore store = data.openStore(file, model.config.vocabulary);
  uint64_t targets = 0, context = static_cast<uint64_t>(model.config.context);
  if (pairsOf && !(*pairsOf)["reference"].isNone())
    context = std::min(context,
                       static_cast<uint64_t>(data.modelOf((*pairsOf)["reference"]).config.context));
  for (uint32_t i = 0; i < store.sequences().size(); ++i) {
    targets += store.sequences()[i].targets;
    if (std::string why = beyond(store, i, context, pairsOf != nullptr); !why.empty())
      throw RefusedRecipe(sources, from.where, why);
  }
  if (targets == 0)
    throw RefusedRecipe(sources, from.where,
                        fmt::format("none of the tokens of its {} sequences is a target, so there "
                                    "is no loss to measure",
                                    store.sequences().size()));
  return {task.name, LossTask{file, pairsOf}, fmt::format("store {:016x}", store.hash())};
}

std::string TaskMaker::asked() const {
  return fmt::format("tokenizer {:016x} template {:016x} ends {}", model.tokenizer->contentHash(),
                     model.chat ? model.chat->contentHash() : 0,
                     fmt::join(answerEndsOf(model), ","));
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

EvalTasks tasksOf(const SourceManager &sources, const CheckedRecipe &recipe,
                  const CheckedDefinition &eval, DataBuilder &data, WhichTasks which) {
  static constexpr TaskRow rows[] = {
      {"loss", &TaskMaker::loss},       {"needle", &TaskMaker::needle},
      {"samples", &TaskMaker::samples}, {"longbench", &TaskMaker::longbench},
      {"recall", &TaskMaker::recall},   {"longbench_chat", &TaskMaker::longbenchChat},
      {"task", &TaskMaker::task}};
  EvalTasks all;
  all.endpoint = endpointOf(recipe, eval["model"]);
  if (!all.endpoint)
    all.model = data.modelOf(eval["model"]);
  if (const CheckedValue &name = eval["template"]; !name.isNone() && !name.is("own")) {
    if (all.endpoint)
      throw RefusedRecipe(sources, name.where,
                          "an endpoint renders conversations itself; expected no template:");
    all.model.chat = data::ChatTemplate::named(name.text);
  }
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
    constexpr std::string_view answered[] = {"longbench", "longbench_chat", "task"};
    if (all.endpoint && std::ranges::find(answered, row->construct) == std::end(answered))
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
