//===- Layout.cpp - published layouts into one ----------------------------===//
//
// Each layout is a row: the keys that show it. A record must show one, however its
// keys are ordered.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Layout.h"

#include "runtime/data/records/FillRecord.h"
#include "runtime/data/records/PairRecord.h"
#include "runtime/data/records/RecordError.h"
#include "runtime/data/records/RecordKeys.h"

#include <algorithm>
#include <fmt/format.h>
#include <simdjson.h>

namespace roux::data {

std::string_view spelling(Layout layout) {
  static constexpr std::string_view names[] = {"auto",
                                               "messages",
                                               "sharegpt",
                                               "alpaca",
                                               "prompt and completion messages",
                                               "completion",
                                               "text",
                                               "tokens",
                                               "prompt, chosen and rejected"};
  static_assert(std::size(names) == layoutCount);
  return names[static_cast<size_t>(layout)];
}

void RecordDraft::clear() {
  lists.clear();
  duplicates.clear();
  for (NumberList &list : numbers)
    list.clear();
}

NumberList *findNumbers(RecordDraft &draft, std::string_view key) {
  if (key == "token_type_ids" || key == "seq_idx")
    key = "segment_ids";
  for (NumberList &list : draft.numbers)
    if (list.name == key)
      return &list;
  return nullptr;
}

namespace {

/// What stands under a layout's keys.
enum class Holds : uint8_t { Text, Messages, Ids };

struct LayoutRow {
  SourceKind kind;
  Layout layout;
  Holds holds;
  std::vector<std::string_view> keys; ///< all of them; of ids, any of them
};

const LayoutRow layouts[] = {
    {SourceKind::Chat, Layout::Messages, Holds::Messages, {"messages"}},
    {SourceKind::Chat, Layout::ShareGPT, Holds::Messages, {"conversations"}},
    {SourceKind::Chat, Layout::Alpaca, Holds::Text, {"instruction", "output"}},
    {SourceKind::Chat, Layout::ChatCompletion, Holds::Messages, {"prompt", "completion"}},
    {SourceKind::Completion, Layout::Completion, Holds::Text, {"prompt", "completion"}},
    {SourceKind::Completion, Layout::ChatCompletion, Holds::Messages, {"prompt", "completion"}},
    {SourceKind::Text, Layout::Text, Holds::Text, {"text"}},
    {SourceKind::Tokens, Layout::Tokens, Holds::Ids, {"ids", "input_ids", "tokens"}},
};

const std::vector<Message> *findList(const RecordDraft &draft, std::string_view key) {
  for (const auto &[name, messages] : draft.lists)
    if (name == key)
      return &messages;
  return nullptr;
}

bool isList(const Field &field) {
  return field.kind == Field::Kind::Json && field.text.starts_with('[');
}

/// A list of messages without any.
bool isEmptyList(const RecordDraft &draft, std::string_view key) {
  const std::vector<Message> *list = findList(draft, key);
  return list && list->empty();
}

bool hasKey(const LayoutRow &row, std::string_view key, RecordDraft &draft) {
  switch (row.holds) {
  case Holds::Text: {
    const Field *field = draft.record.find(key);
    return field && field->kind == Field::Kind::Text;
  }
  case Holds::Messages: {
    const Field *field = draft.record.find(key);
    return findList(draft, key) || (field && isList(*field));
  }
  case Holds::Ids:
    return findNumbers(draft, key)->given;
  }
  return false;
}

bool shows(const LayoutRow &row, RecordDraft &draft, bool evenEmpty) {
  auto has = [&](std::string_view key) {
    return hasKey(row, key, draft) && (evenEmpty || !isEmptyList(draft, key));
  };
  return row.holds == Holds::Ids ? std::any_of(row.keys.begin(), row.keys.end(), has)
                                 : std::all_of(row.keys.begin(), row.keys.end(), has);
}

std::string quoted(const std::vector<std::string_view> &keys, std::string_view between) {
  std::string text;
  for (std::string_view key : keys)
    text += fmt::format("{}'{}'", text.empty() ? "" : between, key);
  return text;
}

/// What a value is, in words.
std::string_view kindOf(const Field &field) {
  switch (field.kind) {
  case Field::Kind::Text:
    return "a text";
  case Field::Kind::Number:
    return "a number";
  case Field::Kind::Boolean:
    return "true or false";
  case Field::Kind::Null:
    return "null";
  case Field::Kind::Half:
    return "half of a surrogate pair (no character)";
  case Field::Kind::Json:
    return field.text.starts_with('{') ? "an object" : "a list";
  }
  return "";
}

/// The first key of `row` that is there as something else than the layout wants; empty if none is,
/// or if another key is not there at all.
std::string wrongType(const LayoutRow &row, RecordDraft &draft) {
  static constexpr std::string_view wanted[] = {"a text", "a list of messages", "a list of ids"};
  auto isThere = [&](std::string_view key) {
    return hasKey(row, key, draft) || findList(draft, key) || draft.record.find(key);
  };
  if (row.holds != Holds::Ids && !std::all_of(row.keys.begin(), row.keys.end(), isThere))
    return {};
  for (std::string_view key : row.keys) {
    if (hasKey(row, key, draft))
      continue;
    const Field *field = draft.record.find(key);
    bool list = findList(draft, key);
    if (list || field)
      return fmt::format("'{}' is {}, expected {}", key, list ? "a list" : kindOf(*field),
                         wanted[static_cast<size_t>(row.holds)]);
  }
  return {};
}

std::string listKeys(RecordDraft &draft) {
  std::vector<std::string_view> keys;
  for (const auto &[key, messages] : draft.lists)
    keys.push_back(key);
  for (const NumberList &list : draft.numbers)
    if (list.given)
      keys.push_back(list.key);
  for (size_t i = 0; i < std::min<size_t>(draft.record.fields.size(), 8); ++i)
    keys.push_back(draft.record.fields[i].name.substr(0, 40));
  return keys.empty() ? "none" : quoted(keys, ", ");
}

[[noreturn]] void refuse(SourceKind kind, Layout wanted, RecordDraft &draft) {
  std::string expected;
  for (const LayoutRow &row : layouts) {
    if (row.kind != kind || (wanted != Layout::Auto && wanted != row.layout))
      continue;
    if (std::string wrong = wrongType(row, draft); !wrong.empty())
      throw RecordProblem{0, wrong};
    std::string keys = quoted(row.keys, row.holds == Holds::Ids ? " or " : " and ");
    if (expected.find(keys) == expected.npos)
      expected += fmt::format("{}{}", expected.empty() ? "" : ", or ", keys);
  }
  throw RecordProblem{0, fmt::format("keys are {}, expected {}", listKeys(draft), expected)};
}

/// Ids are one list, whatever it is called, and a layout's keys stand once.
void checkKeys(const LayoutRow &row, RecordDraft &draft) {
  std::vector<std::string_view> given;
  for (std::string_view key : row.keys)
    if (hasKey(row, key, draft))
      given.push_back(key);
  if (row.holds == Holds::Ids && given.size() > 1)
    throw RecordProblem{0, fmt::format("the record has both {}, which are one list under two names",
                                       quoted(given, " and "))};
  for (const std::string &key : draft.duplicates)
    if (std::find(row.keys.begin(), row.keys.end(), key) != row.keys.end() ||
        useOfKey(row.layout, key) == KeyUse::Read || useOfKey(row.layout, key) == KeyUse::Template)
      throw RecordProblem{0, fmt::format("key '{}' appears twice", key)};
}

} // namespace

/// The one row that the record shows, or null. An empty list shows a layout only if nothing else
/// does.
static const LayoutRow *findRow(SourceKind kind, Layout wanted, RecordDraft &draft,
                                bool evenEmpty) {
  const LayoutRow *found = nullptr;
  for (const LayoutRow &row : layouts) {
    if (row.kind != kind || (wanted != Layout::Auto && wanted != row.layout) ||
        !shows(row, draft, evenEmpty))
      continue;
    if (found)
      throw RecordProblem{
          0, fmt::format("the record has both {} and {}; 'layout:' says which is meant",
                         quoted(found->keys, " with "), quoted(row.keys, " with "))};
    found = &row;
  }
  return found;
}

/// A key that would change what is trained is followed or refused, and so is a key twice.
static void refuseKeys(const RecordDraft &draft) {
  for (const std::string &key : draft.duplicates)
    if (isPairKey(key) || useOfKey(draft.record.layout, key) == KeyUse::Read ||
        useOfKey(draft.record.layout, key) == KeyUse::Template)
      throw RecordProblem{0, fmt::format("key '{}' appears twice", key)};
  for (const Field &field : draft.record.fields)
    if (useOfKey(draft.record.layout, field.name) == KeyUse::Refused && !isEmpty(field))
      throw RecordProblem{
          0, fmt::format("the record has '{}': {}", field.name, reasonOfKey(field.name))};
}

void applyLayout(SourceKind kind, Layout wanted, RecordDraft &draft) {
  if (kind == SourceKind::Pairs) {
    draft.record.layout = Layout::Pairs;
    refuseKeys(draft);
    return fillPair(draft);
  }
  const LayoutRow *found = findRow(kind, wanted, draft, false);
  if (!found)
    found = findRow(kind, wanted, draft, true);
  if (!found)
    refuse(kind, wanted, draft);
  checkKeys(*found, draft);
  draft.record.layout = found->layout;
  fillRecord(draft);
  for (const Field &field : draft.record.fields)
    if (useOfKey(found->layout, field.name) == KeyUse::Refused && !isEmpty(field))
      throw RecordProblem{
          0, fmt::format("the record has '{}': {}", field.name, reasonOfKey(field.name))};
}

std::string_view joinParts(std::string_view json, Record &record) {
  simdjson::dom::parser parser;
  simdjson::dom::array parts;
  if (parser.parse(json.data(), json.size(), true).get(parts))
    throw RecordProblem{0, "a message's content is no text"};
  std::string joined;
  for (simdjson::dom::element part : parts) {
    std::string_view type, text;
    bool typed = !part["type"].get(type);
    if (typed && type != "text")
      throw RecordProblem{
          0, fmt::format("a message's content has a part of type '{}', expected 'text'", type)};
    if (part["text"].get(text))
      throw RecordProblem{0, "a message's content has a part without a text"};
    joined += text;
  }
  return record.own(std::move(joined));
}

} // namespace roux::data
