//===- EvalBuild.cpp - the evals of a recipe, measured once ---------------===//
//
// Look for the result, else compile the model and measure task by task.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalBuild.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/tools/EvalText.h"
#include "runtime/Say.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/eval/CompiledModel.h"
#include "runtime/eval/HeldOutLoss.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

void EvalBuilder::prepare(const CheckedDefinition &eval) {
  auto [at, isNew] = prepared.try_emplace(&eval);
  if (!isNew)
    return;
  at->second = tasksOf(sources, recipe, eval, trains.data());
  // A key that is not set is said before any training; who has the result needs none.
  if (at->second.endpoint && !std::filesystem::exists(fileOf(eval, at->second)))
    openEndpoint(sources, *at->second.endpoint, output);
}

/// Changes with the model and with how it computes.
std::string EvalBuilder::modelIdentity(const CheckedDefinition &eval, const EvalTasks &tasks) {
  if (tasks.endpoint)
    return fmt::format("endpoint {}\n", (*tasks.endpoint)["name"].text);
  return fmt::format("dtype {}\n", recipe.run()["dtype"].text) + trains.identityOf(eval["model"]);
}

std::filesystem::path EvalBuilder::fileOf(const CheckedDefinition &eval, const EvalTasks &tasks) {
  std::string identity = fmt::format("eval {}\n{}", eval::resultFormat, meaningOf(recipe, eval));
  identity += modelIdentity(eval, tasks);
  for (const EvalTask &task : tasks.tasks)
    identity += fmt::format("{} {}\n", task.name, task.identity);
  return output / "evals" /
         fmt::format("{}-{:016x}.json", eval.name, XXH3_64bits(identity.data(), identity.size()));
}

static eval::HeldOutResult run(const LossTask &task, const ModelFacts &,
                               train::ModelProgram &program) {
  data::TokenStore store(task.store);
  eval::CompiledNll nll(program);
  return eval::resultOf(eval::heldOutLoss(nll, store));
}

static eval::NeedleResult run(const NeedleTask &task, const ModelFacts &facts,
                              train::ModelProgram &program) {
  eval::CompiledModel model(program);
  eval::GenerateOptions generation;
  generation.ends = answerEndsOf(facts);
  generation.known = facts.tokenizer->vocabularySize();
  return {eval::runNeedle(model, task.haystack, task.options, textOf(facts), generation)};
}

/// What stands after `prompt`, with the space that a word on its own would lose.
static std::string continuation(const eval::DecodeText &decode, const std::vector<int32_t> &prompt,
                                const eval::Answer &answer) {
  std::vector<int32_t> all = prompt;
  all.insert(all.end(), answer.tokens.begin(), answer.tokens.end());
  std::string before = decode(prompt), whole = decode(all);
  return whole.starts_with(before) ? whole.substr(before.size()) : answer.text;
}

static eval::SamplesResult run(const SamplesTask &task, const ModelFacts &facts,
                               train::ModelProgram &program) {
  eval::CompiledModel model(program);
  std::vector<std::vector<int32_t>> prompts;
  for (const std::string &prompt : task.prompts)
    prompts.push_back(promptOf(facts, prompt, task.asUser));
  eval::DecodeText decode = textOf(facts).decode;
  std::vector<eval::Answer> answers = eval::generate(model, decode, prompts, task.generation);
  eval::SamplesResult result;
  for (size_t i = 0; i < answers.size(); ++i)
    result.samples.push_back({task.prompts[i], continuation(decode, prompts[i], answers[i]),
                              answers[i].ending == eval::Ending::EndToken});
  return result;
}

eval::EvalResult EvalBuilder::measure(const CheckedDefinition &eval, const EvalTasks &tasks) {
  eval::EvalResult result{eval.name, {}};
  std::unique_ptr<Asker> asker;
  auto answer = [&](const EvalTask &task, const AskTask &what) {
    result.tasks.push_back(
        {task.name, askAndScore(what, task.identity, *asker, output / "predictions")});
  };
  if (tasks.endpoint) {
    auto endpoint = openEndpoint(sources, *tasks.endpoint, output);
    asker = endpointAsker(*endpoint, (*tasks.endpoint)["name"].text);
    for (const EvalTask &task : tasks.tasks)
      answer(task, std::get<AskTask>(task.what));
    return result;
  }
  model::Model measured = trains.modelOf(eval["model"]);
  auto program = programFor(sources, recipe, nullptr, measured.config);
  program->setParameters(measured.weights);
  eval::CompiledModel model(*program);
  asker = localAsker(model, tasks.model, modelIdentity(eval, tasks));
  for (const EvalTask &task : tasks.tasks)
    std::visit(
        [&](const auto &what) {
          if constexpr (std::is_same_v<std::decay_t<decltype(what)>, AskTask>)
            answer(task, what);
          else
            result.tasks.push_back({task.name, run(what, tasks.model, *program)});
        },
        task.what);
  return result;
}

eval::EvalResult EvalBuilder::build(const CheckedDefinition &eval) {
  prepare(eval);
  const EvalTasks &tasks = prepared.at(&eval);
  std::filesystem::path file = fileOf(eval, tasks);
  std::optional<eval::EvalResult> result = eval::readEvalResult(file);
  if (!result && std::filesystem::exists(file))
    say(stderr, "eval {}: {} is damaged and measured again\n", eval.name, file.string());
  if (result) {
    say(stdout, "eval {}: nothing changed, {}\n", eval.name, file.string());
  } else {
    say(stderr, "eval {}: measuring\n", eval.name);
    result = measure(eval, tasks);
    std::filesystem::create_directories(file.parent_path());
    data::writeWhole(file, eval::toJson(*result));
    say(stdout, "eval {}: {}\n", eval.name, file.string());
  }
  say(stdout, "{}", evalText(eval, *result));
  return *std::move(result);
}

} // namespace roux
