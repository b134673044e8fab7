//===- JsonRecord.cpp - a record's members, sorted by what they are -------===//
//
// One pass over the object: conversations and ids are taken apart, every other
// member becomes a field. Which layout it is is decided afterwards (Layout.h).
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/JsonRecord.h"

#include "runtime/data/records/JsonWalk.h"
#include "runtime/data/records/Layout.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace roux::data {

struct JsonRecordReader::State {
  SourceKind kind;
  Layout layout;
  simdjson::ondemand::parser parser{};
  Record record{};
};

JsonRecordReader::JsonRecordReader(SourceKind kind, Layout layout)
    : state(new State{kind, layout}) {}
JsonRecordReader::~JsonRecordReader() = default;
JsonRecordReader::JsonRecordReader(JsonRecordReader &&) noexcept = default;

namespace {

using Type = simdjson::ondemand::json_type;

class Members {
public:
  Members(JsonWalk &walk, Record &record) : walk(walk), record(record) {}

  void read(std::string_view key, JsonValue value) {
    Type type;
    walk.require(value.type().get(type));
    if (record.find(key) || std::find(taken.begin(), taken.end(), key) != taken.end())
      duplicates.push_back(std::string(key));
    if (type == Type::array && (key == "messages" || key == "conversations"))
      return readMessages(key, value);
    if (type == Type::array && (isIds(key) || key == "labels"))
      return readIds(key, value);
    record.fields.push_back(readField(key, type, value));
  }
  /// The keys read twice; JSON allows it, but then what the record says is anybody's guess.
  std::vector<std::string> duplicates;

  static bool isIds(std::string_view key) {
    return key == "input_ids" || key == "ids" || key == "tokens";
  }

private:
  Field readField(std::string_view key, Type type, JsonValue value) {
    if (type == Type::string)
      return {key, Field::Kind::Text, walk.text(value)};
    if (type == Type::array || type == Type::object)
      return {key, Field::Kind::Json, walk.container(value, 1)};
    std::string_view text = walk.scalar(value);
    return {key,
            text[0] == 'n'                     ? Field::Kind::Null
            : text[0] == 't' || text[0] == 'f' ? Field::Kind::Boolean
                                               : Field::Kind::Number,
            text};
  }

  void readMessages(std::string_view key, JsonValue value);
  void readMessage(JsonValue value);
  void readIds(std::string_view key, JsonValue value);

  JsonWalk &walk;
  Record &record;
  std::vector<std::string_view> taken;
};

void Members::readMessages(std::string_view key, JsonValue value) {
  taken.push_back(key);
  record.layout = key == "messages" ? Layout::Messages : Layout::ShareGPT;
  simdjson::ondemand::array array;
  walk.require(value.get_array().get(array));
  record.messages.clear();
  walk.items(array, [&](JsonValue item) { readMessage(item); });
}

void Members::readMessage(JsonValue value) {
  const char *begin = std::string_view(value.raw_json_token()).data();
  Type type;
  walk.require(value.type().get(type));
  if (type != Type::object)
    walk.failAt(begin, fmt::format("message {} is no object", record.messages.size()));
  simdjson::ondemand::object object;
  walk.require(value.get_object().get(object));
  Message message;
  bool hasRole = false, hasContent = false;
  walk.members(object, [&](std::string_view key, JsonValue member) {
    Type type;
    walk.require(member.type().get(type));
    bool role = key == "role" || key == "from", content = key == "content" || key == "value";
    if ((role && hasRole) || (content && hasContent))
      walk.fail(fmt::format("message {} has '{}' twice", record.messages.size(), key));
    if ((role || content) && type == Type::string) {
      (role ? message.role : message.content) = walk.text(member);
    } else if (content && type == Type::array) {
      message.content = joinParts(walk.container(member, 3), record);
    } else {
      walk.check(member, 3);
      content = content && type == Type::null; // a tool call has none
    }
    hasRole |= role && type == Type::string;
    hasContent |= content;
  });
  const char *end = nullptr;
  walk.require(walk.document().current_location().get(end));
  while (end > begin && end[-1] != '}')
    --end;
  message.json = {begin, static_cast<size_t>(end - begin)};
  bool calls = message.json.find("\"tool_calls\"") != std::string_view::npos;
  if (!hasRole || (!hasContent && !calls))
    walk.failAt(begin, fmt::format("message {} has no {}", record.messages.size(),
                                   hasRole ? "content that is text" : "role that is text"));
  record.messages.push_back(message);
}

void Members::readIds(std::string_view key, JsonValue value) {
  taken.push_back(key);
  std::vector<int32_t> &ids = key == "labels" ? record.labels : record.ids;
  simdjson::ondemand::array array;
  walk.require(value.get_array().get(array));
  bool plain = true; // `tokens` of a text record may be words
  walk.items(array, [&](JsonValue item) {
    Type type;
    walk.require(item.type().get(type));
    if (type != Type::number) {
      walk.check(item, 2);
      plain = false;
      return;
    }
    std::string_view text = walk.scalar(item);
    int32_t id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    bool valid = error == std::errc() && end == text.data() + text.size();
    plain &= valid && (id >= 0 || key == "labels");
    ids.push_back(id);
  });
  if (!plain) {
    ids.clear();
    record.fields.push_back({key, Field::Kind::Json, {}});
  }
}

} // namespace

void Record::clear() {
  layout = Layout::Auto;
  messages.clear();
  document = {};
  ids.clear();
  labels.clear();
  fields.clear();
  owned.clear();
}

const Field *Record::find(std::string_view name) const {
  for (const Field &field : fields)
    if (field.name == name)
      return &field;
  return nullptr;
}

Record &JsonRecordReader::read(std::string_view json) {
  Record &record = state->record;
  record.clear();
  size_t begin = json.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || json[begin] != '{') {
    if (begin != json.npos && json[begin] == '[')
      throw RecordProblem{begin, "the record is an array, expected one object a line"};
    validateJson(json);
    throw RecordProblem{begin == json.npos ? 0 : begin, "the record is no object"};
  }
  JsonWalk walk(state->parser, json);
  simdjson::ondemand::object object;
  walk.require(walk.document().get_object().get(object));
  Members members(walk, record);
  walk.members(object, [&](std::string_view key, JsonValue value) { members.read(key, value); });
  walk.finish();
  applyLayout(state->kind, state->layout, members.duplicates, record);
  return record;
}

} // namespace roux::data
