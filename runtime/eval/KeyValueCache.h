//===- KeyValueCache.h - what is kept of sequences that are gone on with --===//
//
// The KV cache. Each sequence has one piece of it, as long as every other's: attention
// reads a sequence's keys as one stretch of memory, and pages would put a look-up
// into its innermost loop. What that costs is room behind the shorter sequences;
// pieces begin small and double.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/ModelProgram.h"

namespace roux::eval {

class KeyValueCache {
public:
  /// `rowBytes`: of one token's keys in one layer; its values take as many.
  KeyValueCache(std::shared_ptr<Device> device, int64_t layers, int64_t rowBytes)
      : device(std::move(device)), layers(layers), rowBytes(rowBytes) {}

  /// Forgets everything and begins `sequences` empty ones with room for `tokens` tokens each.
  /// Throws std::runtime_error where the rows are more than a program can count.
  void reset(size_t sequences, int64_t tokens);
  /// Room for `tokens` tokens in every sequence; what is kept stays.
  void reserve(int64_t tokens);

  /// Tokens of each sequence; who appends counts.
  std::vector<int32_t> lengths;
  /// Of each sequence the length that its positions turn by: its prompt's.
  std::vector<int32_t> spans;
  /// The row of a sequence's first token.
  int32_t begin(size_t sequence) const { return static_cast<int32_t>(sequence * room); }
  train::CacheBuffers buffers();
  /// Of keys and values together.
  size_t bytes() const { return keys.size() + values.size(); }

private:
  int64_t checkedRows(int64_t tokens) const;
  DeviceMemory memoryFor(int64_t tokens) const;

  std::shared_ptr<Device> device;
  int64_t layers, rowBytes;
  int64_t room = 0; ///< tokens a sequence may have
  DeviceMemory keys, values;
};

} // namespace roux::eval
