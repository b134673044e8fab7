//===- EvalQuestions.cpp - tests that ask items of a model ----------------===//
//
// `longbench(…)`, `longbench_chat(…)` and `task(…)`: items, lengths and stops, ready to
// be asked.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/EvalItems.h"
#include "compiler/tools/TaskMaker.h"
#include "runtime/eval/scoring/LongBenchChat.h"

#include <algorithm>
#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

/// Lengths at which LongBench's authors cut, for windows of 32k, 16k, 8k and 4k.
static constexpr uint64_t ofLongBench[] = {31500, 15500, 7500, 3500};

static uint64_t hashOf(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

uint64_t TaskMaker::promptLength(const CheckedValue &call, uint64_t answer,
                                 std::span<const uint64_t> published) const {
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
  for (uint64_t longest : published)
    if (longest + std::max<uint64_t>(answer, 512) <= context)
      return longest;
  constexpr uint64_t forTemplate = 32;
  if (answer + forTemplate >= context)
    throw RefusedRecipe(
        sources, call.where,
        fmt::format("answers of {} tokens leave no room for a prompt in the model's "
                    "context of {}",
                    answer, context));
  return context - answer - forTemplate;
}

EvalTask TaskMaker::asking(AskTask ask) const {
  std::string identity = isElsewhere ? "" : asked();
  for (size_t i = 0; i < ask.asked.size(); ++i) {
    identity += fmt::format("\n{} {:016x} prompt {} answer {} user {}", ask.sets[i].name,
                            ask.asked[i].contentHash, ask.rules[i].length, ask.asked[i].tokens,
                            ask.rules[i].asUser);
    if (ask.rules[i].perByte)
      identity += " per byte";
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
    ask.rules.push_back({.length = promptLength(task.value, asked.tokens, ofLongBench),
                         .endsAtLine = row.name == "samsum",
                         .asUser = row.chatTemplate && model.chat});
  }
  return asking(std::move(ask));
}

EvalTask TaskMaker::task(const CheckedArgument &task) const {
  const CheckedValue &call = task.value;
  AskTask ask{&task, *scoredSetsOf(sources, task), {}, {}};
  eval::AskedSet &asked = ask.asked.emplace_back(askedSetOf(sources, recipe, data, call, model));
  AskRules rules{.length = promptLength(call, asked.tokens, ofLongBench),
                 .asUser = model.chat.has_value(),
                 .perByte = call["likelihood"].is("per_byte")};
  if (isElsewhere && !call["choices"].isNone())
    throw RefusedRecipe(sources, call["choices"].where,
                        "an endpoint says no likelihoods; expected no choices:");
  if (call["stop"].kind == ValueKind::Text)
    rules.stops.push_back(call["stop"].text);
  for (const CheckedValue &stop : call["stop"].items)
    rules.stops.push_back(stop.text);
  ask.rules.push_back(std::move(rules));
  return asking(std::move(ask));
}

EvalTask TaskMaker::longbenchChat(const CheckedArgument &task) const {
  const CheckedValue &call = task.value, &path = call["folder"];
  auto chat = std::make_shared<eval::LongBenchChat>(eval::readLongBenchChat(
      std::filesystem::path(sources.path(path.where.file)).parent_path() / path.text));
  AskTask ask{&task, {{"longbench_chat", {}}}, {}, {}, chat, judgeOf(call)};
  eval::AskedSet &asked = ask.asked.emplace_back();
  asked.tokens = countOf<uint64_t>(sources, call["tokens"]);
  asked.contentHash = chat->contentHash;
  for (const eval::ChatCase &each : chat->cases)
    asked.items.push_back({each.prompt, {"", {each.reference}, {}, {}}});
  constexpr uint64_t published[] = {64000}; // the script's max_length
  ask.rules.push_back(
      {.length = promptLength(call, asked.tokens, published), .asUser = model.chat.has_value()});
  return asking(std::move(ask));
}

} // namespace roux
