//===- Layout.cpp - published layouts into one ----------------------------===//
//
// Each layout is a row: the keys that show it, in the order they are looked for.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Layout.h"

#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <fmt/format.h>
#include <simdjson.h>

namespace roux::data {

std::string_view spelling(Layout layout) {
  static constexpr std::string_view names[] = {"auto",       "messages", "sharegpt", "alpaca",
                                               "completion", "text",     "tokens"};
  return names[static_cast<size_t>(layout)];
}

namespace {

struct LayoutRow {
  SourceKind kind;
  Layout layout;
  std::vector<std::string_view> keys; ///< all of them, as texts
};

const LayoutRow layouts[] = {
    {SourceKind::Chat, Layout::Messages, {"messages"}},
    {SourceKind::Chat, Layout::ShareGPT, {"conversations"}},
    {SourceKind::Chat, Layout::Alpaca, {"instruction", "output"}},
    {SourceKind::Completion, Layout::Completion, {"prompt", "completion"}},
    {SourceKind::Text, Layout::Text, {"text"}},
    {SourceKind::Tokens, Layout::Tokens, {"ids"}},
};

bool shows(const LayoutRow &row, const Record &record) {
  if (row.layout == Layout::Messages || row.layout == Layout::ShareGPT)
    return record.layout == row.layout;
  if (row.layout == Layout::Tokens)
    return !record.ids.empty();
  return std::all_of(row.keys.begin(), row.keys.end(), [&](std::string_view key) {
    const Field *field = record.find(key);
    return field && field->kind == Field::Kind::Text;
  });
}

std::string listKeys(const Record &record) {
  std::string keys;
  if (record.layout != Layout::Auto)
    keys = record.layout == Layout::Messages ? "'messages'" : "'conversations'";
  if (!record.ids.empty())
    keys += fmt::format("{}ids", keys.empty() ? "" : ", ");
  for (size_t i = 0; i < std::min<size_t>(record.fields.size(), 8); ++i)
    keys += fmt::format("{}'{}'", keys.empty() ? "" : ", ", record.fields[i].name.substr(0, 40));
  return keys.empty() ? "none" : keys;
}

std::string_view textOf(const Record &record, std::string_view key) {
  const Field *field = record.find(key);
  return field && field->kind == Field::Kind::Text ? field->text : std::string_view();
}

void takeField(Record &record, std::string_view key) {
  std::erase_if(record.fields, [&](const Field &field) { return field.name == key; });
}

/// ShareGPT's names for who speaks.
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

void fillAlpaca(Record &record) {
  const Field *history = record.find("history");
  if (history && history->text.find_first_not_of("[] \t\nul") != std::string_view::npos)
    throw RecordProblem{0, "an alpaca record has 'history', which would be lost; write it as "
                           "messages"};
  std::string_view system = textOf(record, "system"), input = textOf(record, "input");
  std::string_view question = textOf(record, "instruction");
  if (!system.empty())
    record.messages.push_back({"system", system, {}});
  if (!input.empty())
    question = record.own(fmt::format("{}\n{}", question, input));
  record.messages.push_back({"user", question, {}});
  record.messages.push_back({"assistant", textOf(record, "output"), {}});
  for (std::string_view key : {"instruction", "input", "output"})
    takeField(record, key);
}

void fill(Record &record) {
  switch (record.layout) {
  case Layout::Messages:
  case Layout::ShareGPT:
    for (Message &message : record.messages) {
      std::string_view role = roleOf(message.role);
      if (role != message.role || record.layout == Layout::ShareGPT)
        message.json = {}; // its keys are not the ones templates know
      message.role = role;
    }
    break;
  case Layout::Alpaca:
    return fillAlpaca(record);
  case Layout::Completion:
    record.messages = {{"user", textOf(record, "prompt"), {}},
                       {"assistant", textOf(record, "completion"), {}}};
    takeField(record, "prompt");
    takeField(record, "completion");
    break;
  case Layout::Text:
    record.document = textOf(record, "text");
    takeField(record, "text");
    break;
  case Layout::Tokens:
    if (!record.labels.empty() && record.labels.size() != record.ids.size())
      throw RecordProblem{0, fmt::format("there are {} labels for {} ids", record.labels.size(),
                                         record.ids.size())};
    break;
  case Layout::Auto:
    break;
  }
}

} // namespace

void applyLayout(SourceKind kind, Layout wanted, const std::vector<std::string> &duplicates,
                 Record &record) {
  std::string expected;
  for (const LayoutRow &row : layouts) {
    if (row.kind != kind || (wanted != Layout::Auto && wanted != row.layout))
      continue;
    if (shows(row, record)) {
      for (const std::string &key : duplicates)
        if (std::find(row.keys.begin(), row.keys.end(), key) != row.keys.end())
          throw RecordProblem{0, fmt::format("key '{}' appears twice", key)};
      if (row.layout != Layout::Messages && row.layout != Layout::ShareGPT)
        record.messages.clear();
      record.layout = row.layout;
      return fill(record);
    }
    std::string keys;
    for (std::string_view key : row.keys)
      keys += fmt::format("{}'{}'", keys.empty() ? "" : " and ", key);
    expected += fmt::format("{}{}", expected.empty() ? "" : ", or ", keys);
  }
  throw RecordProblem{0, fmt::format("keys are {}, expected {}", listKeys(record), expected)};
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
    if (part["text"].get(text) || (typed && type != "text"))
      throw RecordProblem{0, fmt::format("a message's content has a part of type '{}', expected "
                                         "'text'",
                                         type)};
    joined += text;
  }
  return record.own(std::move(joined));
}

} // namespace roux::data
