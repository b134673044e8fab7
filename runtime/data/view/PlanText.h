//===- PlanText.h - a plan as text ----------------------------------------===//
//
// `roux inspect --emit=plan`: the file, step by step, in lines that diff and grep.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/Plan.h"

#include <ostream>

namespace roux::data {

/// Writes the plan's question, its ledger, and steps [first, end) with every pack and sequence.
void printPlan(std::ostream &out, const Plan &plan, const TokenStore &store, uint64_t first = 0,
               uint64_t end = UINT64_MAX);

} // namespace roux::data
