//===- Answerer.cpp - a model that answers, here or elsewhere -------------===//
//
// See the header. A model that is here answers in f32 whatever the run block says, so
// that no data hang on it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/Answerer.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/EvalAsk.h"
#include "compiler/tools/EvalTasks.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/Say.h"
#include "runtime/data/SeedTree.h"
#include "runtime/eval/CompiledModel.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <xxhash.h>

namespace roux {

using endpoint::Answered;
using endpoint::Question;

namespace {

class EndpointAnswerer final : public Answerer {
public:
  EndpointAnswerer(std::unique_ptr<endpoint::Endpoint> endpoint, std::string name)
      : endpoint(std::move(endpoint)), name(std::move(name)) {}

  /// Says now and then how far it is: a server may take minutes for an answer.
  std::vector<Answered> ask(std::span<const Question> questions) override {
    constexpr std::chrono::seconds pause(10);
    auto last = std::chrono::steady_clock::now();
    return endpoint->ask(questions, [&](size_t answered) {
      auto now = std::chrono::steady_clock::now();
      if (now - last < pause)
        return;
      last = now;
      say(stderr, "  {} of {} answered\n", answered, questions.size());
    });
  }
  std::string keyOf(const Question &question) const override {
    return endpoint::keyOf(question, name);
  }

private:
  std::unique_ptr<endpoint::Endpoint> endpoint;
  std::string name;
};

class LocalAnswerer final : public Answerer {
public:
  LocalAnswerer(const SourceManager &sources, const CheckedRecipe &recipe, TrainBuilder &trains,
                const CheckedValue &value, std::string identity,
                const std::filesystem::path &journal)
      : sources(sources), recipe(recipe), trains(trains), value(value),
        identity(std::move(identity)), facts(trains.data().modelOf(value)), kept(journal) {}

  std::vector<Answered> ask(std::span<const Question> questions) override;
  std::string keyOf(const Question &question) const override {
    std::string asked = identity;
    if (question.temperature > 0)
      asked += fmt::format("seed {}\n", recipe.seed);
    return endpoint::keyOf(question, asked);
  }

private:
  std::vector<int32_t> promptFor(const Question &question) const;
  void compile();
  void answer(std::span<const Question> questions, std::span<const size_t> numbers,
              std::map<std::string, std::string> &refused);

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  TrainBuilder &trains;
  const CheckedValue &value;
  std::string identity;
  ModelFacts facts;
  endpoint::Journal kept;
  std::unique_ptr<train::ModelProgram> program;
  std::unique_ptr<eval::CompiledModel> model;
};

} // namespace

std::vector<int32_t> LocalAnswerer::promptFor(const Question &question) const {
  return promptOf(facts, question.prompt, facts.chat.has_value(), question.system);
}

void LocalAnswerer::compile() {
  if (model)
    return;
  model::Model weights = trains.modelOf(value);
  StepSource source = evaluationOf(sources, recipe, weights.config);
  source.type = StepType::F32;
  program = programFor(recipe, source);
  program->setParameters(weights.weights);
  model = std::make_unique<eval::CompiledModel>(*program);
}

/// Questions of one length and temperature, together.
void LocalAnswerer::answer(std::span<const Question> questions, std::span<const size_t> numbers,
                           std::map<std::string, std::string> &refused) {
  compile();
  eval::GenerateOptions options;
  options.tokens = questions[numbers[0]].tokens;
  options.sampling.temperature = questions[numbers[0]].temperature;
  options.known = facts.tokenizer->vocabularySize();
  options.ends = answerEndsOf(facts);
  std::vector<std::vector<int32_t>> prompts;
  for (size_t number : numbers) {
    prompts.push_back(promptFor(questions[number]));
    options.draws.push_back((data::SeedTree(recipe.seed) / keyOf(questions[number])).bits());
  }
  std::vector<eval::Answer> answers =
      eval::generate(*model, textOf(facts).decode, prompts, options);
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::string key = keyOf(questions[numbers[i]]);
    if (answers[i].ending == eval::Ending::Context && answers[i].tokens.empty())
      refused[key] = fmt::format("its {} tokens leave no room in the model's context of {}",
                                 prompts[i].size(), facts.config.context);
    else
      kept.add(key, {answers[i].text, prompts[i].size(), answers[i].tokens.size(),
                     answers[i].ending == eval::Ending::Length});
  }
}

std::vector<Answered> LocalAnswerer::ask(std::span<const Question> questions) {
  constexpr size_t together = 16;
  std::map<std::string, std::string> refused; ///< by key, why
  std::vector<size_t> open;
  auto flush = [&] {
    if (!open.empty())
      answer(questions, open, refused);
    open.clear();
  };
  for (size_t i = 0; i < questions.size(); ++i) {
    std::string key = keyOf(questions[i]);
    bool isOpen =
        std::ranges::any_of(open, [&](size_t other) { return keyOf(questions[other]) == key; });
    if (kept.find(key) || refused.contains(key) || isOpen)
      continue;
    if (!open.empty() && (questions[open[0]].tokens != questions[i].tokens ||
                          questions[open[0]].temperature != questions[i].temperature))
      flush();
    open.push_back(i);
    if (open.size() == together)
      flush();
  }
  flush();
  std::vector<Answered> answers;
  for (const Question &question : questions) {
    std::string key = keyOf(question);
    const endpoint::Reply *reply = kept.find(key);
    answers.push_back(reply ? Answered{*reply, ""} : Answered{{}, refused.at(key)});
  }
  return answers;
}

std::unique_ptr<Answerer> answererOf(const SourceManager &sources, const CheckedRecipe &recipe,
                                     TrainBuilder &trains, const CheckedValue &model,
                                     const std::string &identity,
                                     const std::filesystem::path &output) {
  if (const CheckedValue *endpoint = endpointOf(recipe, model))
    return std::make_unique<EndpointAnswerer>(openEndpoint(sources, *endpoint, output),
                                              (*endpoint)["name"].text);
  if (!trains.data().modelOf(model).tokenizer)
    throw RefusedRecipe(sources, model.where,
                        "the model brings no tokenizer; expected a block with tokenizer:");
  std::filesystem::path journal =
      output / "answers" /
      fmt::format("{:016x}.jsonl", XXH3_64bits(identity.data(), identity.size()));
  return std::make_unique<LocalAnswerer>(sources, recipe, trains, model, identity, journal);
}

} // namespace roux
