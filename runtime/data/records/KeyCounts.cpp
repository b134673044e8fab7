//===- KeyCounts.cpp - keys that nobody may read --------------------------===//
//
// Records of one file have few and the same keys, so a short list is searched.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/KeyCounts.h"

#include "runtime/data/records/FillRecord.h"
#include "runtime/data/records/RecordKeys.h"

namespace roux::data {

bool KeyCounts::add(std::string_view key, bool ofMessage, uint64_t records, uint64_t first) {
  for (KeyCount &entry : entries)
    if (entry.ofMessage == ofMessage && entry.key == key) {
      entry.records += records;
      return true;
    }
  if (entries.size() == most)
    return false;
  entries.push_back({std::string(key), ofMessage, records, first});
  return true;
}

void KeyCounts::count(const Record &record, uint64_t ordinal) {
  bool fits = true;
  for (const Field &field : record.fields)
    if (field.kind != Field::Kind::Null && useOfKey(record.layout, field.name) == KeyUse::Unknown)
      fits &= add(field.name, false, 1, ordinal);
  for (std::string_view key : record.messageKeys)
    fits &= add(key, true, 1, ordinal);
  unnamed += !fits;
}

void KeyCounts::merge(const KeyCounts &later, uint64_t shift) {
  for (const KeyCount &entry : later.entries)
    if (!add(entry.key, entry.ofMessage, entry.records, entry.first + shift))
      unnamed += entry.records;
  unnamed += later.unnamed;
}

} // namespace roux::data
