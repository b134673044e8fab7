//===- AnswerTable.h - what a model wrote for records, as it is read later ===//
//
// `ask` makes fields of records. A pipeline only looks them up; who was asked, and
// when, it does not know.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace roux::data {

/// A field that was made: one value, or a list of them.
struct WrittenField {
  std::string name;
  std::vector<std::string> values;
  bool isList = false;

  bool operator==(const WrittenField &) const = default;
};

/// What became of one record.
struct AskedRecord {
  std::vector<WrittenField> fields;
  std::string missing; ///< why it has no answer, or one that is no value; then it has no fields

  bool operator==(const AskedRecord &) const = default;
};

struct AnswerTable {
  uint64_t hash = 0;                                 ///< of all that the answers were made from
  std::unordered_map<uint64_t, AskedRecord> records; ///< by Row::key

  const AskedRecord *find(uint64_t key) const {
    auto found = records.find(key);
    return found == records.end() ? nullptr : &found->second;
  }
};

} // namespace roux::data
