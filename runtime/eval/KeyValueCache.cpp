//===- KeyValueCache.cpp - what is kept of sequences that are gone on with ===//
//
// Layers are stacked, so growing moves every sequence of every layer.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/KeyValueCache.h"

#include <algorithm>
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

DeviceMemory KeyValueCache::memoryFor(int64_t tokens) const {
  return DeviceMemory(device, layers * checkedRows(tokens) * rowBytes, "the cache", Fill::Nothing);
}

void KeyValueCache::reset(size_t sequences, int64_t tokens) {
  // What was kept goes before the new is there: both need not fit.
  keys = {};
  values = {};
  lengths.assign(sequences, 0);
  spans.assign(sequences, 0);
  room = tokens;
  keys = memoryFor(tokens);
  values = memoryFor(tokens);
}

void KeyValueCache::reserve(int64_t tokens) {
  if (tokens <= room)
    return;
  for (DeviceMemory *kept : {&keys, &values}) {
    DeviceMemory wider = memoryFor(tokens);
    int64_t pieces = layers * static_cast<int64_t>(lengths.size());
    for (int64_t piece = 0; piece < pieces; ++piece)
      device->copy(wider.data() + piece * tokens * rowBytes, kept->data() + piece * room * rowBytes,
                   lengths[piece % lengths.size()] * rowBytes);
    *kept = std::move(wider);
  }
  room = tokens;
}

train::CacheBuffers KeyValueCache::buffers() {
  return {static_cast<int64_t>(lengths.size()) * room, keys.span(), values.span()};
}

} // namespace roux::eval
