//===- PlanText.cpp - a plan as text --------------------------------------===//
//
// One line a step, a pack and a sequence; `@` is a place in the pack.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/PlanText.h"

#include <fmt/ostream.h>

#include <algorithm>

namespace roux::data {

static void printSequence(std::ostream &out, const TokenStore &store,
                          const PlacedSequence &placed) {
  const SequenceEntry &entry = store.sequences()[placed.sequence];
  fmt::print(out, "    @{} {}", placed.offset, store.name(placed.sequence));
  if (placed.tokens() != entry.tokens)
    fmt::print(out, " [{}, {})", placed.begin, placed.end);
  if (placed.holeBegin < placed.holeEnd)
    fmt::print(out, " without [{}, {})", placed.holeBegin, placed.holeEnd);
  fmt::print(out, ": {} tokens, {} positions, {} targets", placed.tokens(), placed.positions,
             placed.targets);
  if (placed.prefix != PlacedSequence::noGaps)
    fmt::print(out, ", gaps behind {}", placed.prefix);
  fmt::print(out, "\n");
}

static void printStep(std::ostream &out, const TokenStore &store, const PlanStep &step,
                      bool hasPacks) {
  const PlannedStep &counts = step.counts;
  fmt::print(out,
             "step {}: epoch {}, {} sequences ({} with targets), {} tokens, {} positions, {} "
             "targets, longest {}\n",
             step.index, counts.epoch, counts.count, counts.sequences, counts.tokens,
             counts.positions, counts.targets, counts.longest);
  for (size_t p = 0; p < step.packs.size(); ++p) {
    const PlannedPack &pack = step.packs[p];
    if (hasPacks)
      fmt::print(out, "  pack {}: {} sequences ({} with targets), {} tokens, {} targets\n", p,
                 pack.count, pack.sequences, pack.tokens, pack.targets);
    for (const PlacedSequence &placed : step.of(pack))
      printSequence(out, store, placed);
  }
}

void printPlan(std::ostream &out, const Plan &plan, const TokenStore &store, uint64_t first,
               uint64_t end) {
  fmt::print(out, "plan {:016x} of tokens {:016x}\n{}steps: {}\n\n{}\n", plan.hash(),
             plan.storeHash(), plan.spec(), plan.steps(), plan.ledger().text());
  for (uint64_t s = first; s < std::min(end, plan.steps()); ++s)
    printStep(out, store, plan.step(s), plan.rules().packCapacity > 0);
}

} // namespace roux::data
