//===- EvalAsk.cpp - items put to a model, answers kept -------------------===//
//
// A data set's answers appear whole, under a name that changes with everything they
// depend on; a run that was killed asks again for the set it was at. Answers of an
// endpoint are in its journal one by one besides.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalAsk.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/EvalTasks.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/eval/Likelihood.h"
#include "runtime/eval/metrics/Characters.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <xxhash.h>

namespace roux {

namespace {

class LocalAsker final : public Asker {
public:
  LocalAsker(eval::LanguageModel &model, eval::NllProgram &nll, const ModelFacts &facts,
             std::string identity)
      : model(model), nll(nll), facts(facts), text(textOf(facts)), own(std::move(identity)) {}

  std::vector<std::string> answers(const eval::AskedSet &set, const AskRules &rules,
                                   AskNotes &notes) override;
  std::string identity() const override { return own; }

private:
  std::vector<int32_t> promptFor(const std::string &prompt, const AskRules &rules,
                                 AskNotes &notes) const;
  std::string likeliest(const eval::AskedItem &item, const AskRules &rules, AskNotes &notes);
  std::vector<int32_t> choiceBehind(const std::vector<int32_t> &prompt, const eval::AskedItem &item,
                                    const std::string &choice, const AskRules &rules) const;

  eval::LanguageModel &model;
  eval::NllProgram &nll;
  const ModelFacts &facts;
  eval::NeedleText text;
  std::string own;
};

class EndpointAsker final : public Asker {
public:
  EndpointAsker(endpoint::Endpoint &endpoint, std::string name)
      : endpoint(endpoint), name(std::move(name)) {}

  std::vector<std::string> answers(const eval::AskedSet &set, const AskRules &rules,
                                   AskNotes &notes) override;
  std::string identity() const override { return "endpoint " + name; }

private:
  endpoint::Endpoint &endpoint;
  std::string name;
};

} // namespace

/// A prompt that is too long loses its middle: its first and last halves as text, which is then
/// tokenized again, as LongBench's pred.py does.
std::vector<int32_t> LocalAsker::promptFor(const std::string &prompt, const AskRules &rules,
                                           AskNotes &notes) const {
  std::vector<int32_t> ids = promptOf(facts, prompt, false);
  if (rules.length == 0 || ids.size() <= rules.length)
    return rules.asUser ? promptOf(facts, prompt, true) : ids;
  ++notes.cut;
  size_t half = rules.length / 2;
  auto decoded = [&](size_t from) {
    std::vector<data::TokenId> part(ids.begin() + static_cast<ptrdiff_t>(from),
                                    ids.begin() + static_cast<ptrdiff_t>(from + half));
    return facts.tokenizer->decode(part, false);
  };
  return promptOf(facts, eval::utf8Of(eval::charactersOf(decoded(0) + decoded(ids.size() - half))),
                  rules.asUser);
}

/// The tokens of `choice` behind the prompt. Where nothing stands between the two they are one
/// text, whose tokens at the border may be others than those of its parts.
std::vector<int32_t> LocalAsker::choiceBehind(const std::vector<int32_t> &prompt,
                                              const eval::AskedItem &item,
                                              const std::string &choice,
                                              const AskRules &rules) const {
  if (!rules.asUser) {
    std::vector<int32_t> whole = promptOf(facts, item.prompt + choice, false);
    if (whole.size() > prompt.size() && std::equal(prompt.begin(), prompt.end(), whole.begin()))
      return {whole.begin() + static_cast<ptrdiff_t>(prompt.size()), whole.end()};
  }
  return text.encode(choice);
}

std::string LocalAsker::likeliest(const eval::AskedItem &item, const AskRules &rules,
                                  AskNotes &notes) {
  std::vector<int32_t> prompt = promptFor(item.prompt, rules, notes);
  std::vector<eval::Continuation> continuations;
  for (const std::string &choice : item.choices) {
    continuations.push_back({prompt, choiceBehind(prompt, item, choice, rules)});
    if (continuations.back().size() > model.context() + 1 || continuations.back().after.empty()) {
      ++notes.noRoom;
      return {};
    }
  }
  std::vector<double> found = eval::likelihoods(nll, continuations);
  if (rules.perByte)
    for (size_t i = 0; i < found.size(); ++i)
      found[i] /= static_cast<double>(item.choices[i].size());
  return item.choices[static_cast<size_t>(std::ranges::max_element(found) - found.begin())];
}

std::vector<std::string> LocalAsker::answers(const eval::AskedSet &set, const AskRules &rules,
                                             AskNotes &notes) {
  if (!set.items.empty() && !set.items[0].choices.empty()) {
    std::vector<std::string> chosen;
    for (const eval::AskedItem &item : set.items)
      chosen.push_back(likeliest(item, rules, notes));
    return chosen;
  }
  std::vector<std::vector<int32_t>> prompts;
  for (const eval::AskedItem &item : set.items)
    prompts.push_back(promptFor(item.prompt, rules, notes));
  eval::GenerateOptions options;
  options.tokens = set.tokens;
  options.known = facts.tokenizer->vocabularySize();
  options.ends = answerEndsOf(facts);
  options.stops = rules.stops;
  if (rules.endsAtLine) {
    std::vector<int32_t> line = text.encode("\n");
    if (!line.empty())
      options.ends.push_back(line.back());
    options.atLeast = 1;
  }
  std::vector<std::string> texts;
  for (eval::Answer &answer : eval::generate(model, text.decode, prompts, options)) {
    notes.noRoom += answer.ending == eval::Ending::Context && answer.tokens.empty();
    texts.push_back(std::move(answer.text));
  }
  return texts;
}

std::vector<std::string> EndpointAsker::answers(const eval::AskedSet &set, const AskRules &,
                                                AskNotes &notes) {
  std::vector<endpoint::Question> questions;
  for (const eval::AskedItem &item : set.items)
    questions.push_back({item.prompt, "", set.tokens, 0, ""});
  auto told = [&](size_t answered) {
    if (answered % 100 == 0)
      fmt::print(stderr, "  {} of {} answered\n", answered, questions.size());
  };
  std::vector<std::string> texts;
  for (endpoint::Answered &answered : endpoint.ask(questions, told)) {
    if (!answered.refused.empty() && notes.refused++ == 0)
      notes.firstRefusal = answered.refused;
    texts.push_back(std::move(answered.reply.text));
  }
  return texts;
}

std::unique_ptr<Asker> localAsker(eval::LanguageModel &model, eval::NllProgram &nll,
                                  const ModelFacts &facts, std::string identity) {
  return std::make_unique<LocalAsker>(model, nll, facts, std::move(identity));
}
std::unique_ptr<Asker> endpointAsker(endpoint::Endpoint &endpoint, std::string name) {
  return std::make_unique<EndpointAsker>(endpoint, std::move(name));
}

/// What happened to the prompts, kept beside the answers because it belongs to their result.
static std::string textOf(const AskNotes &notes, const AskRules &rules) {
  std::string text = rules.length == 0 ? "prompts are whole"
                                       : fmt::format("{} of {} prompts over {} tokens lost their "
                                                     "middle",
                                                     notes.cut, notes.items, rules.length);
  if (notes.noRoom > 0)
    text += fmt::format(", {} had no room for an answer", notes.noRoom);
  if (notes.refused > 0)
    text += fmt::format(", {} were refused ({})", notes.refused, notes.firstRefusal);
  return text;
}

KeptPredictions askAll(const AskTask &task, const std::string &identity, Asker &asker,
                       const std::filesystem::path &folder) {
  std::string all = asker.identity() + identity;
  std::filesystem::path where =
      folder / fmt::format("{}-{:016x}", task.task->name, XXH3_64bits(all.data(), all.size()));
  std::filesystem::create_directories(where);
  std::string truncation;
  for (size_t i = 0; i < task.sets.size(); ++i) {
    std::filesystem::path file = where / (task.sets[i].name + ".jsonl");
    std::filesystem::path noteFile = where / (task.sets[i].name + ".txt");
    const eval::AskedSet &set = task.asked[i];
    if (!std::filesystem::exists(file)) {
      fmt::print(stderr, "{}: asking {} of {}\n", task.task->name, set.items.size(),
                 task.sets[i].name);
      AskNotes notes;
      notes.items = set.items.size();
      std::vector<std::string> answers = asker.answers(set, task.rules[i], notes);
      std::string lines;
      for (size_t item = 0; item < answers.size(); ++item) {
        eval::Prediction prediction = set.items[item].expected;
        prediction.prediction = answers[item];
        lines += eval::lineOf(prediction);
      }
      data::writeWhole(noteFile, textOf(notes, task.rules[i]));
      data::writeWhole(file, lines);
    }
    std::ifstream note(noteFile);
    std::string text{std::istreambuf_iterator<char>(note), {}};
    truncation += fmt::format("{}{}: {}", i == 0 ? "" : "; ", task.sets[i].name, text);
  }
  fmt::print(stderr, "{}: answers are in {}\n", task.task->name, where.string());
  return {where, std::move(truncation)};
}

std::vector<std::string> keptAnswersOf(const AskTask &task, const KeptPredictions &kept) {
  eval::PredictionFile file(kept.folder / (task.sets[0].name + ".jsonl"));
  eval::PredictionFile::Reader reader(file);
  std::vector<std::string> answers;
  for (size_t i = 0; i < file.size(); ++i)
    answers.push_back(reader.read(i).prediction);
  return answers;
}

std::unique_ptr<endpoint::Endpoint> openEndpoint(const SourceManager &sources,
                                                 const CheckedValue &value,
                                                 const std::filesystem::path &output) {
  endpoint::EndpointOptions options;
  options.url = value["url"].text;
  options.name = value["name"].text;
  if (value["key"].calls("env"))
    options.keyVariable = value["key"]["variable"].text;
  if (!value["spend"].isNone())
    options.mostTokens = static_cast<uint64_t>(value["spend"].number);
  if (!value["requests"].isNone())
    options.mostRequests = static_cast<uint64_t>(value["requests"].number);
  options.together = static_cast<uint64_t>(value["together"].number);
  options.timeout = value["timeout"].number;
  options.attempts = static_cast<uint64_t>(value["attempts"].number);
  options.notice = [](const std::string &what) { fmt::print(stderr, "{}\n", what); };
  try {
    return std::make_unique<endpoint::Endpoint>(
        options,
        output / "answers" /
            fmt::format("{:016x}.jsonl", XXH3_64bits(options.name.data(), options.name.size())));
  } catch (const endpoint::EndpointError &error) {
    throw RefusedRecipe(sources, value.where, error.what());
  }
}

} // namespace roux
