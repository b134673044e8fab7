//===- ContextLedger.cpp - how much context a plan leaves its targets -----===//
//
// See the header. Under `attend: pack` a target sees its pack from the beginning.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/ContextLedger.h"

#include "runtime/data/plan/PlacedTokens.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace roux::data {

static bool isWhole(const PlacedSequence &placed, const SequenceEntry &entry) {
  return placed.begin == 0 && placed.end == entry.tokens && placed.holeBegin == placed.holeEnd;
}

/// Calls `visit` for every sequence that the first epoch lays down.
static void visitFirstEpoch(const Plan &plan,
                            const std::function<void(const PlacedSequence &)> &visit) {
  for (uint64_t s = 0; s < plan.steps(); ++s) {
    PlanStep step = plan.step(s);
    if (step.counts.epoch > 0)
      return;
    std::ranges::for_each(step.sequences, visit);
  }
}

static void countWhole(ContextLedger &ledger, const Plan &plan, const TokenStore &store) {
  enum : uint8_t { Absent, Torn, Whole };
  std::vector<uint8_t> found(store.sequences().size(), Absent);
  visitFirstEpoch(plan, [&](const PlacedSequence &placed) {
    bool whole = isWhole(placed, store.sequences()[placed.sequence]);
    found[placed.sequence] = std::max<uint8_t>(found[placed.sequence], whole ? Whole : Torn);
  });
  for (size_t i = 0; i < found.size(); ++i) {
    uint32_t tokens = store.sequences()[i].tokens;
    if (tokens == 0)
      continue;
    size_t at = static_cast<size_t>(std::bit_width(tokens)) - 1;
    ledger.classes.resize(std::max(ledger.classes.size(), at + 1));
    ContextLedger::Class &each = ledger.classes[at];
    ++(found[i] == Whole ? each.whole : found[i] == Torn ? each.torn : each.absent);
  }
}

static void lookAtTargets(ContextLedger &ledger, const Plan &plan, const TokenStore &store,
                          uint64_t tokens) {
  uint64_t all = 0, looked = 0, passed = 0;
  visitFirstEpoch(plan, [&](const PlacedSequence &placed) { all += placed.tokens(); });
  std::vector<uint64_t> seen; // targets by the tokens before them
  bool wide = plan.rules().attend == Reach::Pack;
  visitFirstEpoch(plan, [&](const PlacedSequence &placed) {
    // Of every stretch of all/tokens tokens the sequence that it ends in.
    passed += placed.tokens();
    if (static_cast<double>(looked) * static_cast<double>(all) >
        static_cast<double>(passed) * static_cast<double>(tokens))
      return;
    looked += placed.tokens();
    ++ledger.looked;
    PlacedTokens each(store.view(placed.sequence), placed, plan.rules().labels);
    for (uint32_t t = 0; t < each.size(); ++t)
      if (each.label(t) != noLabel) {
        size_t before = t + (wide ? placed.offset : 0);
        seen.resize(std::max(seen.size(), before + 1));
        ++seen[before];
        ++ledger.targets;
        ledger.mean +=
            (static_cast<double>(before) - ledger.mean) / static_cast<double>(ledger.targets);
      }
  });
  ledger.most = seen.empty() ? 0 : seen.size() - 1;
  for (uint64_t under = 0; ledger.median < seen.size(); ++ledger.median)
    if (under += seen[ledger.median]; 2 * under >= ledger.targets)
      break;
}

ContextLedger contextOf(const Plan &plan, const TokenStore &store, uint64_t tokens) {
  ContextLedger ledger;
  countWhole(ledger, plan, store);
  lookAtTargets(ledger, plan, store, tokens);
  return ledger;
}

std::string ContextLedger::text() const {
  std::string out = "context, in the first epoch\n";
  for (size_t i = 0; i < classes.size(); ++i) {
    const Class &each = classes[i];
    if (each.sequences() == 0)
      continue;
    out += fmt::format("  {:>9} to {:>9} tokens: {} of {} sequences stay whole", uint64_t(1) << i,
                       (uint64_t(2) << i) - 1, each.whole, each.sequences());
    if (each.torn)
      out += fmt::format(", {} in pieces or in part", each.torn);
    if (each.absent)
      out += fmt::format(", {} left out", each.absent);
    out += "\n";
  }
  if (targets)
    out += fmt::format("  a target sees {:.1f} tokens before it on average, half of them at least "
                       "{}, none more than {} ({} targets of {} sequences)\n",
                       mean, median, most, targets, looked);
  return out;
}

} // namespace roux::data
