//===- JsonRecord.cpp - a record's members, sorted by what they are -------===//
//
// One pass over the object: conversations and ids are taken apart, every other
// member becomes a field. Which layout it is is decided afterwards (Layout.h).
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/JsonRecord.h"

#include "runtime/data/records/JsonWalk.h"
#include "runtime/data/records/Layout.h"
#include "runtime/data/records/MessageReader.h"
#include "runtime/data/records/RecordKeys.h"

#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace roux::data {

struct JsonRecordReader::State {
  SourceKind kind;
  Layout layout;
  simdjson::ondemand::parser parser{};
  Record record{};
  RecordDraft draft{record};
  KeySet keys{};
};

JsonRecordReader::JsonRecordReader(SourceKind kind, Layout layout)
    : state(new State{kind, layout}) {}
JsonRecordReader::~JsonRecordReader() = default;
JsonRecordReader::JsonRecordReader(JsonRecordReader &&) noexcept = default;

namespace {

using Type = simdjson::ondemand::json_type;

class Members {
public:
  Members(JsonWalk &walk, SourceKind kind, Layout wanted, KeySet &keys, RecordDraft &draft)
      : walk(walk), kind(kind), wanted(wanted), keys(keys), draft(draft) {}

  void read(std::string_view key, JsonValue value) {
    Type type;
    walk.require(value.type().get(type));
    if (!keys.insert(key))
      draft.duplicates.emplace_back(key);
    if (type == Type::array && isMessages(key))
      return readMessages(key, value);
    if (type == Type::array && kind == SourceKind::Tokens && findNumbers(draft, key))
      return readNumbers(key, value);
    draft.record.fields.push_back(readField(key, type, value));
  }

private:
  /// Whether a list under `key` is one of messages. Of two layouts that are both there the one that
  /// the recipe names is read; without a name the record is ambiguous, which applyLayout() says.
  bool isMessages(std::string_view key) const {
    if (kind != SourceKind::Chat || (key != "messages" && key != "conversations"))
      return false;
    return wanted == Layout::Auto ||
           wanted == (key == "messages" ? Layout::Messages : Layout::ShareGPT);
  }

  Field readField(std::string_view key, Type type, JsonValue value) {
    std::string_view token = value.raw_json_token();
    walk.allowHalves(true);
    Field field = readWhole(key, type, value);
    if (walk.foundHalf())
      field = {key, Field::Kind::Half, token};
    walk.allowHalves(false);
    return field;
  }

  Field readWhole(std::string_view key, Type type, JsonValue value) {
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
  void readNumbers(std::string_view key, JsonValue value);

  JsonWalk &walk;
  SourceKind kind;
  Layout wanted;
  KeySet &keys;
  RecordDraft &draft;
};

/// Lists of messages go into a draft of their own, since which of them the record is follows only
/// when all keys are known.
void Members::readMessages(std::string_view key, JsonValue value) {
  MessageReader(walk, draft.record).read(value);
  draft.lists.push_back({key, std::exchange(draft.record.messages, {})});
}

void Members::readNumbers(std::string_view key, JsonValue value) {
  NumberList &list = *findNumbers(draft, key);
  list.clear();
  list.key = key;
  const char *begin = std::string_view(value.raw_json_token()).data();
  simdjson::ondemand::array array;
  walk.require(value.get_array().get(array));
  bool words = false; // `tokens` may be words beside the ids
  walk.items(array, [&](JsonValue item) {
    Type type;
    walk.require(item.type().get(type));
    if (type != Type::number) {
      walk.check(item, 2);
      words = true;
      return;
    }
    std::string_view text = walk.scalar(item);
    int32_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || (number < 0 && list.isIds))
      walk.failAt(text.data(), fmt::format("'{}' holds {} at {}, expected a whole number from {}",
                                           key, text.substr(0, 40), list.values.size(),
                                           list.isIds ? "0 to 2147483647" : "-2147483648"));
    list.values.push_back(number);
  });
  list.given = !words;
  if (words && key != "tokens")
    walk.failAt(begin, fmt::format("'{}' holds something that is no number", key));
  if (words)
    draft.record.fields.push_back({key, Field::Kind::Json, {}});
}

} // namespace

void Record::clear() {
  layout = Layout::Auto;
  messages.clear();
  rejected.clear();
  document = {};
  ids.clear();
  labels.clear();
  fields.clear();
  messageKeys.clear();
  owned.clear();
}

std::string halfOf(std::string_view name) {
  return fmt::format("'{}' holds half of a surrogate pair, which is no character",
                     name.substr(0, 80));
}

const Field *Record::read(std::string_view name) const {
  const Field *field = find(name);
  if (field && field->kind == Field::Kind::Half)
    throw RecordError(halfOf(name));
  return field;
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
  state->draft.clear();
  state->draft.json = json;
  state->keys.clear();
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
  Members members(walk, state->kind, state->layout, state->keys, state->draft);
  walk.members(object, [&](std::string_view key, JsonValue value) { members.read(key, value); });
  walk.finish();
  applyLayout(state->kind, state->layout, state->draft);
  for (const Field &field : record.fields)
    if (KeyUse use = useOfKey(record.layout, field.name);
        field.kind == Field::Kind::Half && use != KeyUse::Unknown && use != KeyUse::Harmless)
      throw RecordProblem{static_cast<uint64_t>(field.text.data() - json.data()),
                          halfOf(field.name)};
  return record;
}

} // namespace roux::data
