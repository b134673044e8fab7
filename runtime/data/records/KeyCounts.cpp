//===- KeyCounts.cpp - keys that nobody may read --------------------------===//
//
// Records of one file have few and the same keys, so a short list is searched.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/KeyCounts.h"

#include "runtime/data/records/FillRecord.h"
#include "runtime/data/records/RecordKeys.h"

#include <simdjson.h>

namespace roux::data {

/// What a ledger has room for.
static std::string_view shortened(std::string_view key) {
  constexpr size_t most = 200;
  if (key.size() <= most)
    return key;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80) // inside a character
    --end;
  return key.substr(0, end);
}

bool KeyCounts::add(std::string_view name, KeyOf of, uint64_t records, uint64_t first) {
  std::string_view key = shortened(name);
  for (KeyCount &entry : entries)
    if (entry.of == of && entry.key == key) {
      entry.records += records;
      return true;
    }
  if (entries.size() == most)
    return false;
  entries.push_back({std::string(key), of, records, first});
  return true;
}

/// The keys of `chat_template_kwargs`. What is no object is refused when it is rendered.
bool KeyCounts::addArguments(std::string_view json, uint64_t ordinal) {
  simdjson::ondemand::parser parser;
  simdjson::padded_string copy(json);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(copy).get(document) || document.get_object().get(object))
    return true;
  bool fits = true;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key))
      break;
    fits &= add(key, KeyOf::Template, 1, ordinal);
  }
  return fits;
}

void KeyCounts::count(const Record &record, uint64_t ordinal) {
  bool fits = true;
  for (const Field &field : record.fields) {
    KeyUse use = useOfKey(record.layout, field.name);
    if (use == KeyUse::Unknown && field.kind != Field::Kind::Null)
      fits &= add(field.name, KeyOf::Record, 1, ordinal);
    else if (use == KeyUse::Template && !isEmpty(field))
      fits &= field.name == "chat_template_kwargs" ? addArguments(field.text, ordinal)
                                                   : add(field.name, KeyOf::Template, 1, ordinal);
  }
  for (std::string_view key : record.messageKeys)
    fits &= add(key, KeyOf::Message, 1, ordinal);
  unnamed += !fits;
}

void KeyCounts::merge(const KeyCounts &later, uint64_t shift) {
  for (const KeyCount &entry : later.entries)
    if (!add(entry.key, entry.of, entry.records, entry.first + shift))
      unnamed += entry.records;
  unnamed += later.unnamed;
}

} // namespace roux::data
