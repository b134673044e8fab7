//===- Epoch.h - the steps of one pass over the data ----------------------===//
//
// A pure function of data and spec: which sequences meet, in which order. Nothing
// here knows of machines, and nothing of files.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/DataPass.h"

namespace roux::data {

/// Step s is packs [steps[s], steps[s + 1]); pack p is members [firstOf(p), firstOf(p + 1)), each
/// the index of a piece.
struct Epoch {
  Pieces pieces;
  std::vector<uint32_t> members = {};
  std::vector<uint64_t> packs = {}; ///< where each begins; empty: each is one member
  std::vector<uint64_t> steps = {};
  std::vector<uint64_t> cycleEnds = {}; ///< of `bucket`: steps up to the end of each cycle
  Ledger losses = {};

  uint64_t firstOf(uint64_t pack) const { return packs.empty() ? pack : packs[pack]; }
  size_t stepCount() const { return steps.size() - 1; }
};

/// Puts one pass over the data in order. `number` matters only under `order: shuffle`; otherwise
/// one order serves all epochs. Throws PlanError.
Epoch formEpoch(const PlanInput &input, const PlanSpec &spec, uint32_t number);

} // namespace roux::data
