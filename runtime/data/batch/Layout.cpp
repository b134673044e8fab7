//===- Layout.cpp - who computes which part of a step ---------------------===//
//
// Ranks meet once a step, at its end, so only their totals need to agree. Greedy
// by falling cost, then exchanges between the costliest and the other ranks: with
// many small parts this is even to a fraction of a percent; with a few large ones
// no division is, and `floor` says so.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/Layout.h"

#include "runtime/data/plan/Packing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <queue>

namespace roux::data {

namespace {

/// What is not divided: sequences [first, first + count) of the step.
struct Part {
  uint32_t first = 0;
  uint32_t count = 0;
  uint64_t positions = 0;
  double cost = 0;
};

double costOf(const RunShape &run, uint64_t length) {
  double positions = static_cast<double>(length);
  return run.linear * positions + run.quadratic * positions * positions;
}

std::vector<Part> partsOf(const Plan &plan, const PlanStep &step, const RunShape &run) {
  const PlanRules &rules = plan.rules();
  bool wholePacks = rules.attend == Reach::Pack || rules.labels == Reach::Pack;
  std::vector<Part> parts;
  uint32_t first = 0;
  for (const PlannedPack &pack : step.packs) {
    Part whole{first, pack.count};
    for (const PlacedSequence &placed : step.of(pack)) {
      double cost = costOf(run, placed.positions);
      whole.positions += placed.positions;
      whole.cost += cost;
      if (!wholePacks)
        parts.push_back({first, 1, placed.positions, cost});
      ++first;
    }
    if (rules.attend == Reach::Pack)
      whole.cost = costOf(run, whole.positions);
    if (wholePacks)
      parts.push_back(whole);
  }
  return parts;
}

/// Parts of each rank, as indexes into `parts`, which fall in cost.
struct Division {
  std::vector<std::vector<uint32_t>> shares;
  std::vector<double> costs;
};

Division divideGreedily(const std::vector<Part> &parts, uint32_t ranks) {
  Division division{std::vector<std::vector<uint32_t>>(ranks), std::vector<double>(ranks, 0)};
  using Rank = std::pair<double, uint32_t>;
  std::priority_queue<Rank, std::vector<Rank>, std::greater<>> cheapest;
  for (uint32_t rank = 0; rank < ranks; ++rank)
    cheapest.push({0, rank});
  for (uint32_t i = 0; i < parts.size(); ++i) {
    auto [cost, rank] = cheapest.top();
    cheapest.pop();
    division.shares[rank].push_back(i);
    division.costs[rank] = cost + parts[i].cost;
    cheapest.push({division.costs[rank], rank});
  }
  return division;
}

/// The exchange between two ranks that leaves the costlier of them cheapest: a part moves over, or
/// two change places. Shares fall in cost, so the best partner of each part is found by search.
struct Exchange {
  double costliest;
  uint32_t give = UINT32_MAX; ///< place in the giving rank's share
  uint32_t take = UINT32_MAX; ///< place in the other's, or none
};

Exchange bestExchange(const std::vector<Part> &parts, const Division &division, uint32_t from,
                      uint32_t to) {
  const std::vector<uint32_t> &giving = division.shares[from], &taking = division.shares[to];
  double half = (division.costs[from] - division.costs[to]) / 2;
  Exchange best{division.costs[from]};
  auto consider = [&](uint32_t give, uint32_t take, double moved) {
    double costliest = std::max(division.costs[from] - moved, division.costs[to] + moved);
    if (moved > 0 && costliest < best.costliest)
      best = {costliest, give, take};
  };
  for (uint32_t give = 0; give < giving.size(); ++give) {
    double cost = parts[giving[give]].cost;
    consider(give, UINT32_MAX, cost);
    auto at = std::partition_point(taking.begin(), taking.end(),
                                   [&](uint32_t part) { return parts[part].cost > cost - half; });
    for (auto near : {at, at == taking.begin() ? taking.end() : std::prev(at)})
      if (near != taking.end())
        consider(give, static_cast<uint32_t>(near - taking.begin()), cost - parts[*near].cost);
  }
  return best;
}

void exchange(const std::vector<Part> &parts, Division &division, uint32_t from, uint32_t to,
              const Exchange &what) {
  std::vector<uint32_t> &giving = division.shares[from], &taking = division.shares[to];
  uint32_t given = giving[what.give];
  giving.erase(giving.begin() + what.give);
  double moved = parts[given].cost;
  if (what.take != UINT32_MAX) {
    uint32_t taken = taking[what.take];
    taking.erase(taking.begin() + what.take);
    giving.insert(std::upper_bound(giving.begin(), giving.end(), taken), taken);
    moved -= parts[taken].cost;
  }
  taking.insert(std::upper_bound(taking.begin(), taking.end(), given), given);
  division.costs[from] -= moved;
  division.costs[to] += moved;
}

/// Exchanges until the costliest rank cannot get cheaper or is even enough; a fixed number of
/// rounds bounds the time, and every choice is by cost and then by rank, so it is reproducible.
void even(const std::vector<Part> &parts, Division &division) {
  constexpr double enough = 1.001;
  double mean = std::accumulate(division.costs.begin(), division.costs.end(), 0.0) /
                static_cast<double>(division.costs.size());
  for (size_t round = 0; round < 16 * division.costs.size(); ++round) {
    auto from = static_cast<uint32_t>(
        std::max_element(division.costs.begin(), division.costs.end()) - division.costs.begin());
    if (division.costs[from] <= mean * enough)
      return;
    Exchange best{division.costs[from]};
    uint32_t partner = from;
    for (uint32_t to = 0; to < division.costs.size(); ++to) {
      if (to == from)
        continue;
      Exchange with = bestExchange(parts, division, from, to);
      if (with.costliest < best.costliest)
        best = with, partner = to;
    }
    if (partner == from)
      return;
    exchange(parts, division, from, partner, best);
  }
}

/// The mean; and of k * ranks + 1 parts the k + 1 smallest, since some rank has k + 1 of them: the
/// longest part for k = 0, two parts that must share a rank for k = 1.
double leastCostliest(const std::vector<Part> &parts, uint32_t ranks) {
  double total = 0;
  for (const Part &part : parts)
    total += part.cost;
  double floor = total / ranks;
  // Later ones are hardly ever the highest, and each takes longer than the one before.
  constexpr size_t bounds = 16;
  for (size_t k = 0; k < bounds && k * ranks < parts.size(); ++k) {
    double together = 0;
    for (size_t i = k * ranks - std::min(k * ranks, k); i <= k * ranks; ++i)
      together += parts[i].cost;
    floor = std::max(floor, together);
  }
  return floor;
}

struct Filled {
  double cost = 0;
  Portion sequences;
};

void add(Filled &into, const Part &part) {
  into.cost += part.cost;
  for (uint32_t i = 0; i < part.count; ++i)
    into.sequences.push_back(part.first + i);
}

/// A rank's parts in portions of at most `capacity` positions.
std::vector<Filled> fillPortions(const std::vector<Part> &parts, const std::vector<uint32_t> &share,
                                 uint64_t capacity) {
  std::vector<Filled> filled;
  if (capacity == 0) {
    for (uint32_t i : share)
      add(filled.empty() ? filled.emplace_back() : filled.front(), parts[i]);
    return filled;
  }
  std::vector<uint32_t> small, lengths;
  for (uint32_t i : share) {
    if (parts[i].positions > capacity) {
      add(filled.emplace_back(), parts[i]);
      continue;
    }
    small.push_back(i);
    lengths.push_back(static_cast<uint32_t>(parts[i].positions));
  }
  Packing packing = packLengths(Fit::Decreasing, lengths,
                                static_cast<uint32_t>(std::min<uint64_t>(capacity, UINT32_MAX)));
  size_t base = filled.size();
  filled.resize(base + packing.packs);
  for (size_t i = 0; i < small.size(); ++i)
    add(filled[base + packing.packOf[i]], parts[small[i]]);
  return filled;
}

/// The costliest portion first, so that memory is known to suffice before the first update.
std::vector<Portion> portion(const std::vector<Part> &parts, const std::vector<uint32_t> &share,
                             uint64_t capacity) {
  std::vector<Filled> filled = fillPortions(parts, share, capacity);
  for (Filled &each : filled)
    std::sort(each.sequences.begin(), each.sequences.end());
  std::sort(filled.begin(), filled.end(), [](const Filled &a, const Filled &b) {
    return a.cost != b.cost ? a.cost > b.cost : a.sequences < b.sequences;
  });
  std::vector<Portion> portions;
  for (Filled &each : filled)
    portions.push_back(std::move(each.sequences));
  return portions;
}

} // namespace

StepLayout layOut(const Plan &plan, const PlanStep &step, const RunShape &run) {
  assert(run.ranks > 0 && "a run without ranks computes nothing");
  std::vector<Part> parts = partsOf(plan, step, run);
  std::sort(parts.begin(), parts.end(), [](const Part &a, const Part &b) {
    return a.cost != b.cost ? a.cost > b.cost : a.first < b.first;
  });
  Division division = divideGreedily(parts, run.ranks);
  even(parts, division);
  StepLayout layout;
  for (const std::vector<uint32_t> &share : division.shares)
    layout.ranks.push_back(portion(parts, share, run.microBatchTokens));
  layout.costs = division.costs;
  layout.longest = parts.empty() ? 0 : parts[0].cost;
  layout.floor = leastCostliest(parts, run.ranks);
  return layout;
}

double StepLayout::mean() const {
  return std::accumulate(costs.begin(), costs.end(), 0.0) / static_cast<double>(costs.size());
}

double StepLayout::costliest() const {
  return *std::max_element(costs.begin(), costs.end());
}

double StepLayout::spread() const {
  auto [cheapest, most] = std::minmax_element(costs.begin(), costs.end());
  return mean() > 0 ? (*most - *cheapest) / mean() : 0;
}

std::string StepLayout::text() const {
  return fmt::format("ranks differ by {:.2f}%; the costliest is {:.2f}% above what any division "
                     "reaches (longest part: {:.2f} of a rank's mean)",
                     100 * spread(), floor > 0 ? 100 * (costliest() / floor - 1) : 0.0,
                     mean() > 0 ? longest / mean() : 0.0);
}

} // namespace roux::data
