//===- MessageReader.cpp - who speaks, what is said, and what is trained --===//
//
// A null key is an absent key. Two keys for one thing (`role` and `from`) would make
// the message mean what their order says, and are refused.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/MessageReader.h"

#include "runtime/data/records/Layout.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace roux::data {

using Type = simdjson::ondemand::json_type;

void MessageReader::fail(std::string_view key, std::string_view what) {
  walk.fail(
      fmt::format("message {} has '{}': {}", record.messages.size(), key.substr(0, 40), what));
}

void MessageReader::read(JsonValue value) {
  simdjson::ondemand::array array;
  walk.require(value.get_array().get(array));
  walk.items(array, [&](JsonValue item) { readMessage(item); });
}

void MessageReader::readDocument() {
  simdjson::ondemand::array array;
  walk.require(walk.document().get_array().get(array));
  walk.items(array, [&](JsonValue item) { readMessage(item); });
  walk.finish();
}

void MessageReader::readMessage(JsonValue value) {
  const char *begin = std::string_view(value.raw_json_token()).data();
  Type type;
  walk.require(value.type().get(type));
  if (type != Type::object)
    walk.failAt(begin, fmt::format("message {} is no object", record.messages.size()));
  simdjson::ondemand::object object;
  walk.require(value.get_object().get(object));
  Draft draft;
  keys.clear();
  walk.members(object,
               [&](std::string_view key, JsonValue member) { readMember(key, member, draft); });
  const char *end = nullptr;
  walk.require(walk.document().current_location().get(end));
  while (end > begin && end[-1] != '}')
    --end;
  draft.message.json = {begin, static_cast<size_t>(end - begin)};
  if (!draft.hasRole || (!draft.hasContent && !draft.mayBeEmpty))
    walk.failAt(begin, fmt::format("message {} has no {}", record.messages.size(),
                                   draft.hasRole ? "content that is text" : "role that is text"));
  record.messages.push_back(draft.message);
}

void MessageReader::readMember(std::string_view key, JsonValue value, Draft &draft) {
  Type type;
  walk.require(value.type().get(type));
  if (!keys.insert(key))
    walk.fail(fmt::format("message {} has '{}' twice", record.messages.size(), key));
  MessageKey use = useOfMessageKey(key);
  auto once = [&](bool &has, std::string_view one, std::string_view other) {
    if (std::exchange(has, true))
      walk.fail(
          fmt::format("message {} has both '{}' and '{}'", record.messages.size(), one, other));
  };
  if (type == Type::null) {
    walk.scalar(value);
    draft.mayBeEmpty |= use == MessageKey::Content; // as a tool call has it
  } else if (use == MessageKey::Role && type == Type::string) {
    once(draft.hasRole, "role", "from");
    draft.message.role = walk.text(value);
  } else if (use == MessageKey::Content && type == Type::string) {
    once(draft.hasContent, "content", "value");
    draft.message.content = walk.text(value);
  } else if (use == MessageKey::Content && type == Type::array) {
    once(draft.hasContent, "content", "value");
    draft.message.content = joinParts(walk.container(value, 3), record);
  } else if (use == MessageKey::Mark) {
    draft.message.trained &= readMark(key, value);
  } else {
    readOther(key, use, value, draft);
  }
}

void MessageReader::readOther(std::string_view key, MessageKey use, JsonValue value, Draft &draft) {
  Type type;
  walk.require(value.type().get(type));
  std::string_view json = "scalar";
  if (type == Type::array || type == Type::object)
    json = walk.container(value, 3);
  else
    walk.check(value, 3);
  if (use == MessageKey::Refused && json != "[]" && json != "{}")
    fail(key, reasonOfKey(key));
  draft.mayBeEmpty |= key == "tool_calls";
  auto &known = record.messageKeys;
  if (use == MessageKey::Template && known.size() < 64 &&
      std::find(known.begin(), known.end(), key) == known.end())
    known.push_back(key);
}

bool MessageReader::readMark(std::string_view key, JsonValue value) {
  Type type;
  walk.require(value.type().get(type));
  if (type == Type::boolean || type == Type::number) {
    std::string_view text = walk.scalar(value);
    double number = text == "true" ? 1 : 0;
    if (type == Type::number)
      std::from_chars(text.data(), text.data() + text.size(), number);
    if (number == 0 || number == 1)
      return number != 0;
    fail(key, fmt::format("found {}, expected 0 or 1: other weights are the recipe's to say",
                          text.substr(0, 40)));
  }
  walk.check(value, 3);
  fail(key, "expected 0, 1, true or false");
}

} // namespace roux::data
