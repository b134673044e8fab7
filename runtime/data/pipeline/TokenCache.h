//===- TokenCache.h - tokens of records that were split -------------------===//
//
// A book is a thousand pieces. Rows are references, so a piece's tokens are made
// from its record's; without this a shuffled book would be tokenized a thousand
// times.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/TokenizedRecord.h"

#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace roux::data {

/// Holds a bounded number of bytes; what came first goes first. Safe from many threads.
class TokenCache {
public:
  explicit TokenCache(uint64_t mostBytes = uint64_t(512) << 20) : mostBytes(mostBytes) {}

  /// Row `row` of a step, as one number.
  static uint64_t placeOf(uint32_t step, uint64_t row) { return uint64_t(step) << 40 | row; }

  /// Null if they are not, or no longer, here.
  std::shared_ptr<const TokenizedRecord> find(uint64_t place) const;
  /// A record that alone is over the limit is not kept.
  void keep(uint64_t place, std::shared_ptr<const TokenizedRecord> tokens);

private:
  uint64_t mostBytes, bytes = 0;
  mutable std::mutex mutex;
  std::unordered_map<uint64_t, std::shared_ptr<const TokenizedRecord>> kept;
  std::deque<uint64_t> order;
};

} // namespace roux::data
