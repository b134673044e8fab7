//===- EvalItems.cpp - the records of a task as items to ask --------------===//
//
// What a record says of itself: its prompt, its `answers`, and what LongBench's items say
// besides.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalItems.h"

#include "compiler/plan/Asks.h"
#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "runtime/data/SeedTree.h"
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <charconv>
#include <fmt/ranges.h>
#include <set>
#include <xxhash.h>

namespace roux {

static std::string_view said(const data::Record &record, std::string_view role) {
  auto found = std::ranges::find(record.messages, role, &data::Message::role);
  return found == record.messages.end() ? std::string_view() : found->content;
}

static std::vector<std::string> answersOf(const data::Record &record) {
  for (std::string_view key : {"answers", "answer"})
    if (const data::Field *field = record.read(key))
      return field->kind == data::Field::Kind::Json ? data::textsOf(*field)
                                                    : std::vector{std::string(field->text)};
  if (std::string_view answer = said(record, "assistant"); !answer.empty())
    return {std::string(answer)};
  throw data::RecordError("the record has no 'answers' to compare an answer with");
}

/// The texts in `choices`, which the answers are of; a number names one of them, from 0.
static void addChoices(const data::Record &record, const std::string &choices,
                       eval::AskedItem &item) {
  const data::Field *field = record.read(choices);
  if (!field || field->kind != data::Field::Kind::Json)
    throw data::RecordError(fmt::format("the record has no list '{}' of choices", choices));
  item.choices = data::textsOf(*field);
  if (item.choices.empty())
    throw data::RecordError(fmt::format("the list '{}' of choices is empty", choices));
  for (std::string &answer : item.expected.answers) {
    size_t number = 0;
    auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
    bool isNumber = error == std::errc() && end == answer.data() + answer.size();
    if (std::ranges::find(item.choices, answer) != item.choices.end())
      continue;
    if (!isNumber || number >= item.choices.size())
      throw data::RecordError(
          fmt::format("the answer '{}' is none of the {} choices", answer, item.choices.size()));
    answer = item.choices[number];
  }
}

static eval::AskedItem itemOf(const data::Record &record, std::string_view prompt,
                              const CheckedValue &choices) {
  eval::AskedItem made;
  made.prompt = data::filledPrompt(prompt, record);
  made.expected.answers = answersOf(record);
  if (!choices.isNone())
    addChoices(record, choices.text, made);
  if (const data::Field *classes = record.read("all_classes");
      classes && classes->kind == data::Field::Kind::Json)
    made.expected.classes = data::textsOf(*classes);
  if (const data::Field *length = record.read("length");
      length && length->kind == data::Field::Kind::Number)
    made.expected.length = std::strtod(std::string(length->text).c_str(), nullptr);
  return made;
}

/// Puts before each item `shots` others with their answers, drawn for the item alone, so that
/// leaving out an item that is not among them changes nothing.
static void addShots(const SourceManager &sources, const CheckedValue &shots, data::SeedTree draws,
                     std::span<const uint64_t> places, eval::AskedSet &set) {
  size_t count = countOf<size_t>(sources, shots), all = set.items.size();
  if (count >= all)
    throw RefusedRecipe(
        sources, shots.where,
        fmt::format("{} shots are drawn from the other records, and there are {}", count, all - 1));
  std::vector<std::string> solved, prompts;
  for (const eval::AskedItem &item : set.items) {
    if (item.expected.answers.empty())
      throw RefusedRecipe(sources, shots.where,
                          "a record has an empty list of answers, and cannot be shown as solved");
    solved.push_back(item.prompt + item.expected.answers[0] + "\n\n");
  }
  for (size_t i = 0; i < all; ++i) {
    std::string &prompt = prompts.emplace_back();
    std::set<size_t> drawn = {i};
    for (uint64_t draw = 0; drawn.size() <= count; ++draw)
      if (size_t other = (draws / places[i]).below(all, draw); drawn.insert(other).second)
        prompt += solved[other];
    prompt += set.items[i].prompt;
  }
  for (size_t i = 0; i < all; ++i)
    set.items[i].prompt = std::move(prompts[i]);
}

eval::AskedSet askedSetOf(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedValue &task, const ModelFacts &model) {
  data::Consumer consumer{model.tokenizer, model.chat, {}, false};
  data::Ledger ledger;
  data::PipelineRunner runner(builder.pipelineFor(task["data"], consumer, {}), consumer, ledger, 0,
                              &builder.sourceLibrary());
  runner.runSteps();
  const std::string &prompt = promptText(recipe, task["prompt"]);
  eval::AskedSet set;
  set.tokens = static_cast<uint64_t>(task["tokens"].number);
  std::vector<uint64_t> places; ///< of the items, in the tree of seeds
  runner.visitRecords(
      [&](const data::Record &record, const data::Row &row, const std::string &name) {
        try {
          set.items.push_back(itemOf(record, prompt, task["choices"]));
          places.push_back(row.key);
        } catch (const data::RecordError &error) {
          throw data::RecordError(fmt::format("{}: {}", name, error.what()));
        }
      });
  if (set.items.empty())
    throw RefusedRecipe(sources, task["data"].where,
                        "it has no records, so there is nothing to ask");
  if (const CheckedValue &shots = task["shots"]; !shots.isNone())
    addShots(sources, shots, data::SeedTree(recipe.seed) / "shots", places, set);
  std::string all;
  for (const eval::AskedItem &item : set.items)
    all += item.prompt + eval::lineOf(item.expected) +
           fmt::format("{}\n", fmt::join(item.choices, "\x1f"));
  set.contentHash = XXH3_64bits(all.data(), all.size());
  return set;
}

} // namespace roux
