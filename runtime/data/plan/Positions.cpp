//===- Positions.cpp - positions that jump --------------------------------===//
//
// k cut points drawn without replacement from budget + k places, in order, leave
// gaps between them that are uniform over all ways to share the budget, with a
// rest that stays unused at the end (LongRecipe's released law).
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Positions.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace roux::data {

SeedTree positionDraws(uint64_t seed, std::string_view construct, uint32_t epoch,
                       std::string_view source, const SequenceEntry &entry,
                       const PlacedSequence &placed) {
  return SeedTree(seed) / construct / "position" / epoch / source / entry.record / entry.piece() /
         placed.begin;
}

bool drawsGaps(const PositionRule &rule, const PlacedSequence &placed, SeedTree draws) {
  return !rule.isPlain() && rule.span > placed.positions &&
         (draws / "chance").uniform() < rule.chance;
}

/// `count` different numbers below `limit`, ascending (Floyd's method).
static std::vector<uint64_t> drawDistinct(uint64_t count, uint64_t limit, SeedTree draws) {
  std::unordered_set<uint64_t> taken;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t top = limit - count + i;
    uint64_t drawn = draws.below(top + 1, i);
    taken.insert(taken.count(drawn) ? top : drawn);
  }
  std::vector<uint64_t> numbers(taken.begin(), taken.end());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// Inputs of `placed`, counted from its first token, in front of which positions may jump.
static std::vector<uint32_t> candidateSites(const PositionRule &rule, const SequenceView &view,
                                            const PlacedSequence &placed) {
  std::vector<uint32_t> sites;
  auto add = [&](uint32_t token) {
    if (token <= placed.begin || token >= placed.end ||
        (token >= placed.holeBegin && token < placed.holeEnd))
      return;
    uint32_t index = token - placed.begin;
    index -= token >= placed.holeEnd ? placed.holeEnd - placed.holeBegin : 0;
    if (index > 0 && index < placed.positions)
      sites.push_back(index);
  };
  switch (rule.at) {
  case PositionRule::Sites::None:
    break;
  case PositionRule::Sites::Sentence:
    std::for_each(view.sentences.begin(), view.sentences.end(), add);
    break;
  case PositionRule::Sites::Turn:
    for (const TokenRange &turn : view.turns)
      if (turn.size() > 0)
        add(turn.begin);
    break;
  case PositionRule::Sites::Token:
    sites.resize(placed.positions - 1);
    std::iota(sites.begin(), sites.end(), 1u);
  }
  return sites;
}

bool hasSites(const PositionRule &rule, const SequenceView &view, const PlacedSequence &placed) {
  return !candidateSites(rule, view, placed).empty();
}

std::vector<uint32_t> makePositions(const PositionRule &rule, const SequenceView &view,
                                    const PlacedSequence &placed, SeedTree draws) {
  std::vector<uint32_t> positions(placed.positions);
  std::iota(positions.begin(), positions.end(), 0u);
  if (rule.restarts)
    for (TokenRange span : view.spans)
      for (uint32_t t = span.begin; t < std::min(span.end, placed.positions); ++t)
        positions[t] = t - span.begin;
  if (placed.prefix == PlacedSequence::noGaps)
    return positions;
  std::vector<uint32_t> sites = candidateSites(rule, view, placed);
  if (rule.sites && rule.sites < sites.size()) {
    std::vector<uint32_t> chosen;
    for (uint64_t index : drawDistinct(rule.sites, sites.size(), draws / "sites"))
      chosen.push_back(sites[index]);
    sites = std::move(chosen);
  }
  uint64_t budget = rule.span - placed.positions;
  std::vector<uint64_t> cuts = drawDistinct(sites.size(), budget + sites.size(), draws / "gaps");
  size_t passed = 0;
  for (uint32_t t = 0; t < placed.positions; ++t) {
    while (passed < sites.size() && sites[passed] <= t)
      ++passed;
    // The i-th cut point, from 0, lies behind its gaps and the i cut points before it.
    if (t >= placed.prefix && passed > 0)
      positions[t] += static_cast<uint32_t>(cuts[passed - 1] - (passed - 1));
  }
  return positions;
}

} // namespace roux::data
