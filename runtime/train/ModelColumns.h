//===- ModelColumns.h - what a launch reads beside the tensors ------------===//
//
// Entries ask by name for the columns of a stream and for lists that are made of
// them: which tokens are the same, which rows have targets, what attention's items are.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/WeightFormula.h"
#include "runtime/device/Executor.h"
#include "runtime/model/Model.h"

#include <cstring>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace roux::train {

/// The columns of a ragged stream; each has one value a token, or is empty where an entry does not
/// read it.
struct StreamColumns {
  std::span<const int32_t> tokens;
  std::span<const int32_t> labels; ///< -1: none
  std::span<const int32_t> positions;
  std::vector<int32_t> segments;             ///< where each begins and, last, the number of tokens
  std::span<const WeightValues> inputs = {}; ///< of the weight's formula
  std::span<const int32_t> noise = {};       ///< what adapters draw by, where they leave out
  bool arePairs = false; ///< segments are answers, a chosen and a rejected one by turns
};

/// The next tokens of sequences whose tokens before are in a cache.
struct CachedColumns {
  std::span<const int32_t> tokens;
  std::vector<int32_t> segments; ///< where each sequence's begin and, last, the number of tokens
  std::vector<int32_t> begins;   ///< of each sequence: the cache's row of its first token
  std::vector<int32_t> lengths;  ///< of each sequence: its tokens in the cache
  /// Of each sequence: the length that its positions turn by, where they turn by one. It stays
  /// while the sequence grows, for keys in the cache are turned already.
  std::vector<int32_t> spans = {};
};

/// What one run of an entry works on, and who owns it.
struct Launch {
  Bindings bindings;
  std::map<std::string, std::vector<std::byte>> owned;

  /// A copy of `values`, by the name that entries ask with.
  template <typename T>
  void bind(const std::string &name, std::span<const T> values) {
    std::vector<std::byte> &bytes = owned[name];
    bytes.resize(values.size_bytes());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    bindings.host[name] = bytes;
  }
};

/// The columns of a micro-batch and their lists, for a model of such a `shape`.
void bindColumns(Launch &launch, const StreamColumns &columns, const model::ModelConfig &shape,
                 const TargetDescription &target);
/// The same of tokens that are appended to a cache; `block` rows are an item of attention's work.
void bindCached(Launch &launch, const CachedColumns &columns, const model::ModelConfig &shape,
                const TargetDescription &target, int64_t block);

} // namespace roux::train
