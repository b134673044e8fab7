//===- KeyValueCache.cpp - what is kept of sequences that are gone on with ===//
//
// Layers are stacked, so growing moves every sequence of every layer.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/KeyValueCache.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <stdexcept>

namespace roux::eval {

int64_t KeyValueCache::checkedRows(int64_t tokens) const {
  int64_t sequences = static_cast<int64_t>(lengths.size());
  if (tokens > std::numeric_limits<int32_t>::max() / std::max<int64_t>(sequences, 1))
    throw std::runtime_error(fmt::format(
        "{} sequences of {} tokens are more than a cache can number; expected fewer at a time",
        sequences, tokens));
  return sequences * tokens;
}

void KeyValueCache::reset(size_t sequences, int64_t tokens) {
  // What was kept goes before the new is there: both need not fit.
  keys = {};
  values = {};
  lengths.assign(sequences, 0);
  spans.assign(sequences, 0);
  room = tokens;
  size_t bytes = layers * checkedRows(tokens) * rowBytes;
  keys.resize(bytes);
  values.resize(bytes);
}

void KeyValueCache::reserve(int64_t tokens) {
  if (tokens <= room)
    return;
  int64_t rows = checkedRows(tokens);
  for (std::vector<std::byte> *kept : {&keys, &values}) {
    std::vector<std::byte> wider(layers * rows * rowBytes);
    int64_t pieces = layers * static_cast<int64_t>(lengths.size());
    for (int64_t piece = 0; piece < pieces; ++piece)
      std::memcpy(&wider[piece * tokens * rowBytes], kept->data() + piece * room * rowBytes,
                  lengths[piece % lengths.size()] * rowBytes);
    *kept = std::move(wider);
  }
  room = tokens;
}

train::CacheBuffers KeyValueCache::buffers() {
  return {static_cast<int64_t>(lengths.size()) * room, keys, values};
}

} // namespace roux::eval
