//===- KeyCounts.h - keys that nobody may read, and how many have them ----===//
//
// Counted while records are indexed; what was read after all (by an expression, by
// a template) is known to the pipeline, which tells the rest to the ledger.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roux::data {

/// Whose a key is, and so who might read it; stored as numbers.
enum class KeyOf : uint8_t {
  Record = 0,   ///< an expression may
  Message = 1,  ///< the chat template may
  Template = 2, ///< of the record, and handed on to the chat template, which may
};

struct KeyCount {
  std::string key;
  KeyOf of = KeyOf::Record;
  uint64_t records = 0;
  uint64_t first = 0; ///< ordinal of the first record that has it
};

/// Bounded: a table of a thousand columns is told as what it is.
class KeyCounts {
public:
  static constexpr size_t most = 32;

  /// Counts what `record`'s layout has not read.
  void count(const Record &record, uint64_t ordinal);
  /// Adds counts of later records, whose ordinals begin at `shift`.
  void merge(const KeyCounts &later, uint64_t shift);
  /// In the order of their first record.
  const std::vector<KeyCount> &keys() const { return entries; }
  /// Records whose further keys were not counted one by one, and one key of them.
  uint64_t others() const { return unnamed; }
  void restore(KeyCount count) { entries.push_back(std::move(count)); }
  void restoreOthers(uint64_t records) { unnamed = records; }

private:
  bool add(std::string_view key, KeyOf of, uint64_t records, uint64_t first);
  bool addArguments(std::string_view json, uint64_t ordinal);
  std::vector<KeyCount> entries;
  uint64_t unnamed = 0;
};

} // namespace roux::data
