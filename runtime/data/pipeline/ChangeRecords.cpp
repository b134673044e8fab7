//===- ChangeRecords.cpp - steps that change a record's text --------------===//
//
// strip and join work on what the file says, before any tokenizer has seen it, so
// each consumer tokenizes the changed text.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/pipeline/SequenceEnvironment.h"

#include <cmath>
#include <fmt/format.h>
#include <unordered_map>

namespace roux::data {

void PipelineRunner::checkWhole(uint32_t step) const {
  for (uint64_t row = 0; row < inputRows(step).size(); ++row)
    if (Row each = inputRows(step)[row]; !isWhole(each))
      throw DataError(fmt::format("'{}' changes whole records, and '{}' before it made tokens of "
                                  "them; write it first",
                                  spelling(pipeline.steps[step].operation),
                                  spelling(pipeline.steps[each.step].operation)));
}

void PipelineRunner::change(uint32_t step) {
  using enum DataOperation;
  DataOperation operation = pipeline.steps[step].operation;
  if (operation == Strip || operation == Pick || operation == AsChat || operation == CutField)
    checkWhole(step);
  const StepRows &rows = inputRows(step);
  steps[step].set(rows.size(), rows.copies(), [&rows, step](uint64_t row) {
    Row before = rows[row];
    return Row{
        .parent = row, .key = before.key, .step = step, .part = before.part, .copy = before.copy};
  });
}

/// Rows of equal value become one, where the first of them stood.
void PipelineRunner::join(uint32_t step) {
  checkWhole(step);
  const DataStep &each = pipeline.steps[step];
  const StepRows &rows = inputRows(step);
  std::vector<std::string> values(rows.size());
  std::vector<bool> good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
    if (record(rows[row], workspace).layout != Layout::Text)
      throw DataError(fmt::format("{}: 'join' joins text records, this is a chat or a completion",
                                  nameOf(rows[row])));
    SequenceEnvironment environment(*this, each, rows[row], row, workspace);
    roux::Value value = evaluate(each.expression, environment);
    const auto *text = std::get_if<std::string>(&value);
    if (!text && std::isnan(std::get<double>(value)))
      throw RecordError("the expression of 'join' is not a number");
    values[row] = text ? *text : fmt::format("{:a}", std::get<double>(value));
  });
  std::unordered_map<std::string, uint64_t> groups;
  std::vector<std::vector<uint32_t>> found;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    if (!good[row])
      continue;
    uint64_t group = groups.try_emplace(values[row], found.size()).first->second;
    if (group == found.size())
      found.emplace_back();
    found[group].push_back(static_cast<uint32_t>(row));
  }
  std::vector<uint32_t> members;
  std::vector<uint64_t> begins = {0};
  for (const std::vector<uint32_t> &group : found) {
    members.insert(members.end(), group.begin(), group.end());
    begins.push_back(members.size());
  }
  StepRows &joined = steps[step];
  joined.setGroups(std::move(members), std::move(begins));
  joined.set(found.size(), rows.copies(), [&rows, &joined, step](uint64_t row) {
    Row first = rows[joined.group(row).front()];
    return Row{
        .parent = row, .key = first.key, .step = step, .part = first.part, .copy = first.copy};
  });
  note(step, "records joined", rows.size());
}

/// `text` without the code points of `characters`, or the same view if it has none of them.
static std::string_view strip(std::string_view text, std::string_view characters, Record &record) {
  std::string left;
  bool changed = false;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    nextCodePoint(text, at);
    std::string_view character = text.substr(begin, at - begin);
    bool goes = false;
    for (size_t other = 0; other < characters.size() && !goes;) {
      size_t start = other;
      nextCodePoint(characters, other);
      goes = characters.substr(start, other - start) == character;
    }
    if (goes && !std::exchange(changed, true))
      left = text.substr(0, begin);
    else if (changed && !goes)
      left += character;
  }
  return changed ? record.own(std::move(left)) : text;
}

/// The joined documents, one line apart, with the fields of the first.
static void appendDocument(Record &joined, const Record &next, bool first) {
  if (!first) {
    std::string &text = joined.owned.front();
    text += '\n';
    text += next.document;
  } else {
    joined.clear();
    joined.layout = Layout::Text;
    joined.ordinal = next.ordinal;
    joined.own(std::string(next.document));
    for (const Field &field : next.fields)
      joined.fields.push_back(
          {joined.own(std::string(field.name)), field.kind, joined.own(std::string(field.text))});
  }
  joined.document = joined.owned.front();
}

static void strip(const DataStep &step, Record &record) {
  for (Message &message : record.messages)
    if (step.role.empty() || step.role == message.role) {
      std::string_view left = strip(message.content, step.characters, record);
      message.rewritten |= left.data() != message.content.data();
      message.content = left;
    }
  if (step.role.empty())
    record.document = strip(record.document, step.characters, record);
}

/// A conversation made of the record's fields, in place of what the record was.
static void makeChat(const ChatPrompts &prompts, Record &record) {
  std::vector<Message> messages;
  auto add = [&](std::string_view role, const std::string &prompt) {
    messages.push_back({role, record.own(filledPrompt(prompt, record)), {}});
  };
  if (!prompts.system.empty())
    add("system", prompts.system);
  add("user", prompts.user);
  add("assistant", prompts.assistant);
  record.messages = std::move(messages);
  record.layout = Layout::Messages;
  record.document = {};
}

Record &PipelineRunner::joined(const Row &row, Workspace &workspace) const {
  const StepRows &rows = steps[pipeline.steps[row.step].inputs[0]];
  Record &joined = workspace.joined[row.step];
  bool isFirst = true;
  for (uint32_t member : steps[row.step].group(row.parent))
    appendDocument(joined, record(rows[member], workspace), std::exchange(isFirst, false));
  return joined;
}

Record &PipelineRunner::changed(const Row &row, Workspace &workspace) const {
  const DataStep &step = pipeline.steps[row.step];
  Record &record = this->record(parentOf(row), workspace);
  switch (step.operation) {
  case DataOperation::Ask:
    addAnswers(row, record);
    break;
  case DataOperation::Pick:
    pickValues(row, record);
    break;
  case DataOperation::AsChat:
    makeChat(step.chat, record);
    break;
  case DataOperation::CutField:
    cutText(step, record);
    break;
  default:
    strip(step, record);
  }
  return record;
}

Record &PipelineRunner::record(const Row &row, Workspace &workspace) const {
  const DataStep &step = pipeline.steps[row.step];
  if (step.operation == DataOperation::Read)
    return workspace.read(row.step, row.parent);
  return step.operation == DataOperation::Join ? joined(row, workspace) : changed(row, workspace);
}

} // namespace roux::data
