//===- FillRecord.cpp - the values of a layout's keys, put in their place -===//
//
// One function a group of layouts. A null key is an absent key.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/FillRecord.h"

#include "runtime/data/records/MessageReader.h"
#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

bool isEmpty(const Field &field) {
  switch (field.kind) {
  case Field::Kind::Null:
    return true;
  case Field::Kind::Json:
    return field.text.find_first_not_of("[]{} \t\r\nul,") == field.text.npos;
  default:
    return field.text.empty() || field.text == "false";
  }
}

static void takeField(Record &record, std::string_view key) {
  std::erase_if(record.fields, [&](const Field &field) { return field.name == key; });
}

static Message keep(const Message &message, Record &record) {
  Message kept = message;
  kept.role = record.own(std::string(message.role));
  kept.content = record.own(std::string(message.content));
  kept.json = record.own(std::string(message.json));
  return kept;
}

std::string_view roleOf(std::string_view from) {
  static constexpr std::pair<std::string_view, std::string_view> roles[] = {
      {"human", "user"},
      {"gpt", "assistant"},
      {"chatgpt", "assistant"},
      {"bing", "assistant"},
      {"bard", "assistant"},
      {"model", "assistant"},
      {"function_call", "assistant"},
      {"observation", "tool"},
      {"function_response", "tool"},
  };
  for (auto [name, role] : roles)
    if (name == from)
      return role;
  return from;
}

/// A list that was kept as it stands, since only now it is known to be one of messages.
std::vector<Message> takeMessages(RecordDraft &draft, std::string_view key) {
  for (auto &[name, messages] : draft.lists)
    if (name == key)
      return std::move(messages);
  const Field *field = draft.record.find(key);
  if (!field)
    return {};
  std::vector<Message> taken;
  bool isAlone = field->text.starts_with('{');
  try {
    simdjson::ondemand::parser parser;
    simdjson::padded_string copy(isAlone ? fmt::format("[{}]", field->text)
                                         : std::string(field->text));
    JsonWalk walk(parser, copy);
    Record part;
    MessageReader(walk, part).readDocument();
    // The copy dies here; what was read of it must not.
    for (const Message &message : part.messages)
      taken.push_back(keep(message, draft.record));
    for (std::string_view each : part.messageKeys)
      draft.record.messageKeys.push_back(draft.record.own(std::string(each)));
  } catch (RecordProblem &problem) {
    problem.byte += static_cast<uint64_t>(field->text.data() - draft.json.data()) - isAlone;
    throw;
  }
  takeField(draft.record, key);
  return taken;
}

void addSystem(const Record &record, std::vector<Message> &messages) {
  const Field *field = record.find("system");
  if (!field || isEmpty(*field))
    return;
  if (field->kind != Field::Kind::Text)
    throw RecordProblem{0, "'system' is no text"};
  if (!messages.empty() && messages.front().role == "system")
    throw RecordProblem{0, "the record has 'system' and a message of the system as well"};
  messages.insert(messages.begin(), {"system", field->text, {}});
}

namespace {

std::string_view textOf(const Record &record, std::string_view key) {
  const Field *field = record.find(key);
  if (field && field->kind == Field::Kind::Half)
    throw RecordProblem{0, halfOf(key)};
  return field && field->kind == Field::Kind::Text ? field->text : std::string_view();
}

void fillMessages(RecordDraft &draft) {
  Record &record = draft.record;
  if (record.layout == Layout::ChatCompletion) {
    record.messages = takeMessages(draft, "prompt");
    for (Message &message : record.messages)
      message.trained = false;
    for (Message &message : takeMessages(draft, "completion"))
      record.messages.push_back(message);
  } else {
    record.messages =
        takeMessages(draft, record.layout == Layout::Messages ? "messages" : "conversations");
  }
  for (Message &message : record.messages)
    message.role = roleOf(message.role);
  addSystem(record, record.messages);
}

void fillAlpaca(Record &record) {
  std::string_view input = textOf(record, "input"), question = textOf(record, "instruction");
  if (!input.empty())
    question = record.own(fmt::format("{}\n{}", question, input));
  record.messages.push_back({"user", question, {}});
  record.messages.push_back({"assistant", textOf(record, "output"), {}});
  addSystem(record, record.messages);
  for (std::string_view key : {"instruction", "input", "output"})
    takeField(record, key);
}

std::vector<int32_t> *valuesOf(RecordDraft &draft, std::string_view name) {
  NumberList *list = findNumbers(draft, name);
  return list->given ? &list->values : nullptr;
}

struct TokenSpan {
  size_t begin, end;
};

/// Tokens that the mask hides are pads: at the ends they are left out, inside they would be seen.
TokenSpan unmasked(const std::vector<int32_t> &mask) {
  size_t begin = 0, end = mask.size();
  while (begin < end && mask[begin] == 0)
    ++begin;
  while (end > begin && mask[end - 1] == 0)
    --end;
  for (size_t i = begin; i < end; ++i)
    if (mask[i] != 1)
      throw RecordProblem{0, fmt::format("'attention_mask' holds {} at {}, between tokens that are "
                                         "seen; only pads at the ends can be left out",
                                         mask[i], i)};
  return {begin, end};
}

/// Positions and segments that say anything else than "one text, from its beginning".
void checkPlaces(RecordDraft &draft, TokenSpan kept) {
  if (const auto *positions = valuesOf(draft, "position_ids"))
    for (size_t i = kept.begin; i < kept.end; ++i)
      if ((*positions)[i] != static_cast<int32_t>(i - kept.begin))
        throw RecordProblem{0, fmt::format("'position_ids' holds {} at {}, expected {}: positions "
                                           "are the recipe's to say, with 'position:'",
                                           (*positions)[i], i, i - kept.begin)};
  if (const auto *segments = valuesOf(draft, "segment_ids"))
    for (size_t i = kept.begin; i < kept.end; ++i)
      if ((*segments)[i] != (*segments)[kept.begin])
        throw RecordProblem{0, fmt::format("'{}' changes at {}: a record is one sequence; write "
                                           "packed ones as records of their own",
                                           findNumbers(draft, "segment_ids")->key, i)};
}

void fillTokens(RecordDraft &draft) {
  Record &record = draft.record;
  for (NumberList &list : draft.numbers)
    if (list.given && list.isIds)
      record.ids = list.values;
  for (NumberList &list : draft.numbers)
    if (list.given && list.values.size() != record.ids.size())
      throw RecordProblem{
          0, fmt::format("there are {} {} for {} ids", list.values.size(),
                         list.name == "labels" ? "labels" : fmt::format("'{}'", list.key),
                         record.ids.size())};
  if (const auto *labels = valuesOf(draft, "labels"))
    record.labels = *labels;
  if (const auto *mask = valuesOf(draft, "loss_mask")) {
    if (record.labels.empty())
      record.labels = record.ids;
    for (size_t i = 0; i < mask->size(); ++i)
      if ((*mask)[i] == 0)
        record.labels[i] = -1;
      else if ((*mask)[i] != 1)
        throw RecordProblem{
            0, fmt::format("'loss_mask' holds {} at {}, expected 0 or 1", (*mask)[i], i)};
  }
  TokenSpan kept{0, record.ids.size()};
  if (const auto *mask = valuesOf(draft, "attention_mask"))
    kept = unmasked(*mask);
  checkPlaces(draft, kept);
  for (std::vector<int32_t> *list : {&record.ids, &record.labels})
    if (!list->empty()) {
      list->resize(kept.end);
      list->erase(list->begin(), list->begin() + static_cast<ptrdiff_t>(kept.begin));
    }
}

} // namespace

void fillRecord(RecordDraft &draft) {
  Record &record = draft.record;
  switch (record.layout) {
  case Layout::Messages:
  case Layout::ShareGPT:
  case Layout::ChatCompletion:
    return fillMessages(draft);
  case Layout::Alpaca:
    return fillAlpaca(record);
  case Layout::Completion:
    record.messages = {{"user", textOf(record, "prompt"), {}},
                       {"assistant", textOf(record, "completion"), {}}};
    takeField(record, "prompt");
    return takeField(record, "completion");
  case Layout::Text:
    record.document = textOf(record, "text");
    return takeField(record, "text");
  case Layout::Tokens:
    return fillTokens(draft);
  case Layout::Pairs: // fillPair()
  case Layout::Auto:
    break;
  }
}

} // namespace roux::data
