//===- EvalItems.cpp - the records of a task as items to ask --------------===//
//
// What a record says of itself: its prompt, its `answers`, and what LongBench's items say
// besides.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalItems.h"

#include "compiler/plan/Asks.h"
#include "compiler/plan/RefusedRecipe.h"
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

static std::string_view said(const data::Record &record, std::string_view role) {
  auto found = std::ranges::find(record.messages, role, &data::Message::role);
  return found == record.messages.end() ? std::string_view() : found->content;
}

static std::vector<std::string> answersOf(const data::Record &record) {
  for (std::string_view key : {"answers", "answer"})
    if (const data::Field *field = record.find(key))
      return field->kind == data::Field::Kind::Json ? data::textsOf(*field)
                                                    : std::vector{std::string(field->text)};
  if (std::string_view answer = said(record, "assistant"); !answer.empty())
    return {std::string(answer)};
  throw data::RecordError("the record has no 'answers' to compare an answer with");
}

static eval::AskedItem itemOf(const data::Record &record, std::string_view prompt) {
  eval::AskedItem made;
  made.prompt = data::filledPrompt(prompt, record);
  made.expected.answers = answersOf(record);
  if (const data::Field *classes = record.find("all_classes");
      classes && classes->kind == data::Field::Kind::Json)
    made.expected.classes = data::textsOf(*classes);
  if (const data::Field *length = record.find("length");
      length && length->kind == data::Field::Kind::Number)
    made.expected.length = std::strtod(std::string(length->text).c_str(), nullptr);
  return made;
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
  std::string all;
  runner.visitRecords([&](const data::Record &record, const data::Row &, const std::string &name) {
    try {
      set.items.push_back(itemOf(record, prompt));
    } catch (const data::RecordError &error) {
      throw data::RecordError(fmt::format("{}: {}", name, error.what()));
    }
    all += set.items.back().prompt + eval::lineOf(set.items.back().expected);
  });
  if (set.items.empty())
    throw RefusedRecipe(sources, task["data"].where,
                        "it has no records, so there is nothing to ask");
  set.contentHash = XXH3_64bits(all.data(), all.size());
  return set;
}

} // namespace roux
