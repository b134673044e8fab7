//===- TokenCache.cpp - tokens of records that were split -----------------===//
//
// First in, first out: pieces come shuffled, so no record is likelier than another
// to be asked for next.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/TokenCache.h"

namespace roux::data {

static uint64_t bytesOf(const TokenizedRecord &tokens) {
  return tokens.size() * (sizeof(tokens.ids[0]) + sizeof(tokens.labels[0]) + 1) +
         tokens.bytes.size() * sizeof(TokenRange) + tokens.text.size() +
         tokens.sentences.size() * sizeof(uint32_t);
}

std::shared_ptr<const TokenizedRecord> TokenCache::find(uint64_t place) const {
  std::lock_guard lock(mutex);
  auto found = kept.find(place);
  return found == kept.end() ? nullptr : found->second;
}

void TokenCache::keep(uint64_t place, std::shared_ptr<const TokenizedRecord> tokens) {
  uint64_t size = bytesOf(*tokens);
  std::lock_guard lock(mutex);
  if (size > mostBytes || !kept.try_emplace(place, std::move(tokens)).second)
    return;
  order.push_back(place);
  for (bytes += size; bytes > mostBytes; order.pop_front()) {
    auto oldest = kept.find(order.front());
    bytes -= bytesOf(*oldest->second);
    kept.erase(oldest);
  }
}

} // namespace roux::data
