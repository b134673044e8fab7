//===- PlanInput.h - what planning reads of the data ----------------------===//
//
// Planning needs a table of lengths, and labels only where a sequence is cut. So
// it reads a token store through this narrow door, and a benchmark can plan ten
// million lengths without ten billion tokens behind them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/data/TokenStore.h"

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace roux::data {

/// Of each sequence, which is a pair, the log-probabilities that a reference gives its chosen and
/// its rejected answer.
using PairReference = std::vector<std::array<double, 2>>;

struct PlanInput {
  std::span<const SequenceEntry> sequences;
  std::vector<std::string> sources;
  uint64_t storeHash = 0;
  const Ledger *losses = nullptr; ///< what the records lost before; may be null
  /// The store behind, for expressions that read attributes; may be null.
  const TokenStore *store = nullptr;
  const PairReference *reference = nullptr; ///< what `chosen.reference` reads; may be null
  /// How many labels are set in these tokens of a sequence, the first one's included.
  std::function<uint32_t(uint32_t sequence, TokenRange tokens)> countLabels;

  explicit PlanInput(const TokenStore &store);
  PlanInput() = default;

  std::string name(uint32_t sequence) const { return sequenceName(sequences[sequence], sources); }
};

/// The draws that a construct makes for sequences: a place in the tree of seeds for each, given by
/// source, record and part, so that records elsewhere do not matter.
class SequenceDraws {
public:
  SequenceDraws(SeedTree construct, const std::vector<std::string> &sources);
  SeedTree of(const SequenceEntry &entry) const {
    return bySource[entry.source] / entry.record / entry.piece();
  }

private:
  std::vector<SeedTree> bySource;
};

} // namespace roux::data
