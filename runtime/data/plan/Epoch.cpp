//===- Epoch.cpp - the steps of one pass over the data --------------------===//
//
// Sequences in order become units (packs, groups, or steps at once), and units
// become steps. `last` rules twice: on the unit that the data end in, and on the
// units that do not fill a step.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Epoch.h"

#include "runtime/data/plan/KeyOrder.h"
#include "runtime/data/plan/Packing.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace roux::data {

namespace {

using Stream = std::span<const uint32_t>;

std::vector<uint32_t> dataOrder(const PlanInput &input, const PlanSpec &spec, SeedTree draws) {
  if (!spec.batch.shuffle) {
    std::vector<uint32_t> order(input.sequences.size());
    std::iota(order.begin(), order.end(), 0u);
    return order;
  }
  SequenceDraws place(draws / "order", input.sources);
  std::vector<uint64_t> keys;
  keys.reserve(input.sequences.size());
  for (const SequenceEntry &entry : input.sequences)
    keys.push_back(place.of(entry).bits());
  return orderByKey(keys);
}

/// Closes the unit that the data end in, or drops it where `last` says so and it is not complete.
void closeLast(DataPass &pass, Units &units, bool complete) {
  if (complete || pass.spec.batch.last == Last::Keep) {
    units.close();
    return;
  }
  for (size_t i = units.begins.back(); i < units.members.size(); ++i)
    pass.drop("last: drop", pass.pieces[units.members[i]]);
  units.members.resize(units.begins.back());
}

/// Units of `count` sequences each: the steps of `each`, the groups of `sorted`.
void formRuns(DataPass &pass, Stream stream, uint64_t count, Units &units) {
  for (uint32_t index : stream) {
    units.members.push_back(index);
    if (units.members.size() - units.begins.back() == count)
      units.close();
  }
  closeLast(pass, units, false);
}

/// The steps of `tokens`: sequences in order until the next would exceed the budget.
void formBudgets(DataPass &pass, Stream stream, Units &units) {
  uint64_t budget = pass.spec.batch.tokens, used = 0;
  for (uint32_t index : stream) {
    uint32_t positions = pass.pieces[index].positions;
    if (used + positions > budget) {
      units.close();
      used = 0;
    }
    units.members.push_back(index);
    used += positions;
  }
  closeLast(pass, units, used == budget);
}

/// Members by unit, in the order of the stream inside each.
void gatherPacks(const Packing &packing, Stream stream, Units &units) {
  std::vector<uint64_t> ends(packing.packs + 1, 0);
  for (uint32_t pack : packing.packOf)
    ++ends[pack + 1];
  std::inclusive_scan(ends.begin(), ends.end(), ends.begin());
  size_t base = units.members.size();
  for (uint32_t pack = 0; pack < packing.packs; ++pack)
    units.begins.push_back(base + ends[pack + 1]);
  units.members.resize(base + stream.size());
  for (size_t i = 0; i < stream.size(); ++i)
    units.members[base + ends[packing.packOf[i]]++] = stream[i];
}

/// Where the fit fills one pack at a time, the data end in one that `last` rules on.
void reopenLast(DataPass &pass, Units &units, size_t unitsBefore) {
  if (units.size() == unitsBefore)
    return;
  uint64_t used = 0;
  for (uint32_t index : units[units.size() - 1])
    used += pass.pieces[index].positions;
  units.begins.pop_back();
  closeLast(pass, units, used == pass.spec.batch.tokens);
}

void formPacks(DataPass &pass, Stream stream, Units &units) {
  const BatchSpec &batch = pass.spec.batch;
  size_t before = units.size();
  if (batch.fit == Fit::FillNext || batch.fit == Fit::FillDrop) {
    fillPacks(pass, stream, units);
    units.close();
    reopenLast(pass, units, before);
    return;
  }
  std::vector<uint32_t> lengths;
  lengths.reserve(stream.size());
  for (uint32_t index : stream)
    lengths.push_back(pass.pieces[index].positions);
  gatherPacks(packLengths(batch.fit, lengths, static_cast<uint32_t>(batch.tokens)), stream, units);
  if (batch.fit == Fit::Next)
    reopenLast(pass, units, before);
}

void formGroups(DataPass &pass, Stream stream, Units &units) {
  std::vector<uint32_t> lengths, sorted;
  lengths.reserve(stream.size());
  sorted.reserve(stream.size());
  for (uint32_t index : stream)
    lengths.push_back(pass.pieces[index].positions);
  for (uint32_t place : orderByCount(lengths))
    sorted.push_back(stream[place]);
  formRuns(pass, sorted, pass.spec.batch.sequences, units);
}

void formUnits(DataPass &pass, Stream stream, Units &units) {
  switch (pass.spec.batch.policy) {
  case Policy::Each:
    return formRuns(pass, stream, pass.spec.batch.sequences, units);
  case Policy::Tokens:
    return formBudgets(pass, stream, units);
  case Policy::Pack:
    return formPacks(pass, stream, units);
  case Policy::Sorted:
    return formGroups(pass, stream, units);
  case Policy::Bucket:
    break;
  }
  assert(false && "buckets are drawn from all pieces at once");
}

/// The pieces in order, or each source's apart.
std::vector<std::vector<uint32_t>> streams(const DataPass &pass) {
  bool apart = pass.spec.batch.withinSource;
  std::vector<std::vector<uint32_t>> streams(apart ? pass.input.sources.size() : 1);
  if (!apart)
    streams[0].reserve(pass.pieces.size());
  for (uint32_t i = 0; i < pass.pieces.size(); ++i)
    streams[apart ? pass.pieces.entry(i).source : 0].push_back(i);
  return streams;
}

Units inOrder(const Units &units, const std::vector<uint32_t> &order) {
  Units result;
  result.members.reserve(units.members.size());
  for (uint32_t unit : order) {
    result.members.insert(result.members.end(), units[unit].begin(), units[unit].end());
    result.close();
  }
  return result;
}

/// Units of all sources in the order in which the data reach them. Pieces from `rests` on are what
/// fill carried over; a unit of nothing else stands where the one before it does.
Units mergeSources(const Units &units, size_t rests) {
  std::vector<uint32_t> reached;
  for (size_t unit = 0; unit < units.size(); ++unit) {
    std::span<const uint32_t> members = units[unit];
    auto whole =
        std::find_if(members.begin(), members.end(), [&](uint32_t index) { return index < rests; });
    reached.push_back(whole != members.end() ? *whole : reached.back());
  }
  return inOrder(units, orderByCount(reached));
}

/// Sorting and searching for room leave units of like lengths side by side.
Units shuffleUnits(const DataPass &pass, const Units &units) {
  SequenceDraws place(pass.draws / "units", pass.input.sources);
  std::vector<uint64_t> keys;
  for (size_t unit = 0; unit < units.size(); ++unit) {
    uint32_t first = units[unit].front();
    keys.push_back((place.of(pass.pieces.entry(first)) / pass.pieces[first].begin).bits());
  }
  return inOrder(units, orderByKey(keys));
}

Units arrange(DataPass &pass) {
  const BatchSpec &batch = pass.spec.batch;
  if (batch.policy == Policy::Bucket)
    return drawBuckets(pass);
  Units units;
  size_t rests = pass.pieces.size();
  if (batch.policy != Policy::Pack) // those know how many
    units.members.reserve(rests);
  for (const std::vector<uint32_t> &stream : streams(pass))
    formUnits(pass, stream, units);
  if (batch.withinSource)
    units = mergeSources(units, rests);
  bool shuffles =
      batch.policy == Policy::Sorted ||
      (batch.policy == Policy::Pack && (batch.fit == Fit::Best || batch.fit == Fit::Decreasing));
  return shuffles ? shuffleUnits(pass, units) : units;
}

/// Cuts the epoch into steps, and drops the units that do not fill one where `last` says so.
void cutSteps(DataPass &pass, Units units, Epoch &epoch) {
  const BatchSpec &batch = pass.spec.batch;
  bool isPack = batch.policy == Policy::Pack;
  size_t each = isPack || batch.policy == Policy::Sorted ? batch.units : 1;
  size_t laid = units.size() - (batch.last == Last::Keep ? 0 : units.size() % each);
  for (size_t unit = laid; unit < units.size(); ++unit)
    for (uint32_t index : units[unit])
      pass.drop("last: drop", pass.pieces[index]);
  for (size_t unit = 0; unit < laid; unit += each)
    epoch.steps.push_back(isPack ? unit : units.begins[unit]);
  epoch.steps.push_back(isPack ? laid : units.begins[laid]);
  units.members.resize(units.begins[laid]);
  if (isPack) {
    units.begins.resize(laid + 1);
    epoch.packs = std::move(units.begins);
  }
  epoch.members = std::move(units.members);
}

} // namespace

Epoch formEpoch(const PlanInput &input, const PlanSpec &spec, uint32_t number) {
  SeedTree draws =
      SeedTree(spec.seed) / spec.construct / "batch" / (spec.batch.shuffle ? number : 0);
  DataPass pass{input, spec, draws};
  applyOverflow(pass, dataOrder(input, spec, draws));
  Epoch epoch{.pieces = Pieces(input, spec.batch.labels)};
  cutSteps(pass, arrange(pass), epoch);
  epoch.pieces = std::move(pass.pieces);
  epoch.cycleEnds = std::move(pass.cycleEnds);
  epoch.losses = std::move(pass.losses);
  return epoch;
}

} // namespace roux::data
