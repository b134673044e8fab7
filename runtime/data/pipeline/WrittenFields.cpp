//===- WrittenFields.cpp - fields that a model wrote ----------------------===//
//
// ask, pick and cut with a field work on what the file says and a model added, before
// any tokenizer has seen it. What a record was asked is in the table; a record that
// has no answer there is left out and told.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonText.h"
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/pipeline/TextPieces.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <numeric>

namespace roux::data {

void PipelineRunner::ask(uint32_t step) {
  checkWhole(step);
  const DataStep &each = pipeline.steps[step];
  assert(each.answers && "who makes a pipeline has asked before");
  const StepRows &rows = inputRows(step);
  std::vector<uint32_t> left;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    const AskedRecord *found = each.answers->find(rows[row].key);
    if (found && found->missing.empty()) {
      left.push_back(static_cast<uint32_t>(row));
      continue;
    }
    // What a server said of one question, behind the colon, would make a line for each.
    std::string why = found ? found->missing.substr(0, found->missing.find(": ")) : "not asked";
    ledger.add(Fate::Dropped, fmt::format("{}: {}", each.construct, why), 1, 0, 0,
               nameOf(rows[row]));
  }
  uint64_t count = left.size();
  steps[step].set(count, rows.copies(), [&rows, step, left = std::move(left)](uint64_t row) {
    Row before = rows[left[row]];
    return Row{.parent = left[row],
               .key = before.key,
               .step = step,
               .part = before.part,
               .copy = before.copy};
  });
}

/// `values` as a JSON list.
static std::string listText(const std::vector<std::string> &values) {
  std::string text = "[";
  for (const std::string &value : values)
    text += (text.size() > 1 ? ", " : "") + jsonText(value);
  return text + "]";
}

void PipelineRunner::addAnswers(const Row &row, Record &record) const {
  const AskedRecord *asked = pipeline.steps[row.step].answers->find(row.key);
  assert(asked && "a row of ask() has an answer");
  for (const WrittenField &field : asked->fields) {
    if (record.find(field.name))
      throw RecordError(fmt::format("the record has a field '{}' already", field.name));
    record.fields.push_back({record.own(field.name),
                             field.isList ? Field::Kind::Json : Field::Kind::Text,
                             record.own(field.isList ? listText(field.values) : field.values[0])});
  }
}

/// The first values of a shuffle by draws, in their order.
void PipelineRunner::pickValues(const Row &row, Record &record) const {
  const DataStep &step = pipeline.steps[row.step];
  auto field = std::ranges::find(record.fields, step.field, &Field::name);
  if (field == record.fields.end() || field->kind != Field::Kind::Json)
    throw RecordError(fmt::format("'{}' has no several values to pick from; expected a field of "
                                  "ask(…, parse: numbered(n))",
                                  step.field));
  std::vector<std::string> values = textsOf(*field), picked;
  if (values.size() < step.times)
    throw RecordError(fmt::format("pick({}, {}): the field has {} values", step.field, step.times,
                                  values.size()));
  SeedTree draws = drawsOf(step, row);
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](uint32_t value) { return (draws / value).bits(); });
  order.resize(step.times);
  std::ranges::sort(order);
  for (uint32_t value : order)
    picked.push_back(values[value]);
  field->kind = step.times == 1 ? Field::Kind::Text : Field::Kind::Json;
  field->text = record.own(step.times == 1 ? picked[0] : listText(picked));
}

void PipelineRunner::cutText(const DataStep &step, Record &record) const {
  if (!consumer.tokenizer)
    throw DataError("'cut' counts tokens, and nothing here has a tokenizer");
  auto cut = [&](std::string_view text) {
    return record.own(shortened(*consumer.tokenizer, text, step.tokens, step.side));
  };
  auto field = std::ranges::find(record.fields, step.field, &Field::name);
  if (field != record.fields.end() && field->kind == Field::Kind::Text)
    field->text = cut(field->text);
  else if (step.field == "document" && record.layout == Layout::Text)
    record.document = cut(record.document);
  else
    throw RecordError(fmt::format("the record has no text '{}' to cut", step.field));
}

} // namespace roux::data
