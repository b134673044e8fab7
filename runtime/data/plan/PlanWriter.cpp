//===- PlanWriter.cpp - epochs appended to a plan file --------------------===//
//
// Placed sequences go to the file as they come, packs and steps behind them at the
// end. A pass equal to the one before shares its sequences and packs.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/PlanWriter.h"

#include "runtime/data/PackedBytes.h"
#include "runtime/data/Seal.h"
#include "runtime/data/plan/PlanFormat.h"
#include "runtime/data/plan/Positions.h"
#include "runtime/data/plan/RowScope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace roux::data {

static constexpr std::string_view noTargets = "laid down, but nothing in it is a target";

PlanWriter::PlanWriter(std::filesystem::path path, const PlanInput &input, const PlanSpec &spec)
    : input(input), spec(spec), file(path, sizeof(PlanHeader)),
      packTable(fmt::format("{}: cannot keep its packs", path.string()), path.parent_path()),
      stepTable(fmt::format("{}: cannot keep its steps", path.string()), path.parent_path()) {
  if (input.losses)
    losses.merge(*input.losses);
}

bool PlanWriter::isLongEnough() const {
  switch (spec.length.unit) {
  case PlanLength::Unit::Epochs:
    break;
  case PlanLength::Unit::Steps:
    return static_cast<double>(steps()) >= spec.length.amount;
  case PlanLength::Unit::Tokens:
    return static_cast<double>(tokens) >= spec.length.amount;
  }
  return false;
}

void PlanWriter::add(const Epoch &epoch, uint32_t number, uint64_t count) {
  losses.merge(epoch.losses);
  if (repeat(number, count))
    return;
  for (uint64_t step = 0; step < count && !isLongEnough(); ++step)
    addStep(epoch, step, number);
}

void PlanWriter::warnOfCycle(const Epoch &last, uint64_t made) {
  auto cycle = std::ranges::lower_bound(last.cycleEnds, made);
  if (cycle == last.cycleEnds.end() || *cycle == made)
    return;
  uint64_t before = cycle == last.cycleEnds.begin() ? 0 : *std::prev(cycle);
  uint64_t unseen = last.firstOf(last.steps[*cycle]) - last.firstOf(last.steps[made]);
  losses.add(
      Fate::Warned,
      fmt::format("bucket: the training ends inside cycle {} of {}, after {} of its {} steps",
                  cycle - last.cycleEnds.begin() + 1, last.cycleEnds.size(), made - before,
                  *cycle - before),
      unseen, 0, 0);
}

bool PlanWriter::repeat(uint32_t number, uint64_t count) {
  if (number == 0 || spec.batch.shuffle || !spec.position.isPlain())
    return false;
  for (uint64_t step = 0; step < count && !isLongEnough(); ++step) {
    auto again = stepTable.at<PlannedStep>(step);
    again.epoch = number;
    list(again);
  }
  return true;
}

void PlanWriter::placePack(const Epoch &epoch, uint64_t pack) {
  uint32_t offset = 0;
  for (uint64_t m = epoch.firstOf(pack); m < epoch.firstOf(pack + 1); ++m) {
    PlacedSequence piece = epoch.pieces[epoch.members[m]];
    piece.offset = offset;
    // Under `labels: pack` the sequence before predicts the first token too.
    if (offset > 0 && spec.batch.labels == Reach::Pack)
      piece.targets += input.countLabels(piece.sequence, {piece.begin, piece.begin + 1});
    offset += piece.positions;
    placed.push_back(piece);
  }
}

void PlanWriter::addStep(const Epoch &epoch, uint64_t step, uint32_t number) {
  PlannedStep counts{};
  counts.firstPack = packs();
  counts.firstSequence = sequences;
  counts.epoch = number;
  placed.clear();
  for (uint64_t p = epoch.steps[step]; p < epoch.steps[step + 1]; ++p) {
    size_t before = placed.size();
    placePack(epoch, p);
    PlannedPack pack = addPack(std::span(placed).subspan(before));
    counts.tokens += pack.tokens;
    counts.targets += pack.targets;
    counts.sequences += pack.sequences;
    counts.packs += pack.targets > 0;
    ++counts.packCount;
  }
  counts.count = static_cast<uint32_t>(placed.size());
  for (const PlacedSequence &sequence : placed) {
    counts.positions += sequence.positions;
    counts.longest = std::max(counts.longest, sequence.positions);
  }
  if (counts.targets == 0)
    refuseStep();
  if (!spec.position.isPlain())
    placePrefixes(number);
  file.writeValues(std::span<const PlacedSequence>(placed));
  list(counts);
}

void PlanWriter::list(const PlannedStep &step) {
  stepTable.add(step);
  tokens += step.tokens;
  losses.add(Fate::Kept, "laid down in a step", step.count, step.tokens, step.targets);
  if (uint32_t untrained = step.count - step.sequences)
    losses.add(Fate::ZeroTarget, noTargets, untrained, 0, 0);
}

PlannedPack PlanWriter::addPack(std::span<const PlacedSequence> members) {
  PlannedPack pack{};
  pack.firstSequence = sequences;
  pack.count = static_cast<uint32_t>(members.size());
  for (const PlacedSequence &sequence : members) {
    pack.tokens += sequence.tokens();
    pack.targets += sequence.targets;
    pack.sequences += sequence.targets > 0;
    if (sequence.targets == 0 && losses.wantsName(Fate::ZeroTarget, noTargets))
      losses.add(Fate::ZeroTarget, noTargets, 0, 0, 0, input.name(sequence.sequence));
  }
  sequences += members.size();
  packTable.add(pack);
  return pack;
}

void PlanWriter::placePrefixes(uint32_t number) {
  for (PlacedSequence &sequence : placed) {
    const SequenceEntry &entry = input.sequences[sequence.sequence];
    SeedTree draws = positionDraws(spec.seed, spec.construct, number, input.sources[entry.source],
                                   entry, sequence);
    if (!drawsGaps(spec.position, sequence, draws))
      continue;
    if (!anyGaps)
      anyGaps =
          !input.store || hasSites(spec.position, input.store->view(sequence.sequence), sequence);
    double prefix = 0;
    if (!spec.position.prefix.empty())
      prefix = evaluateNumber(spec.position.prefix, RowScope(input, sequence, draws / "prefix"));
    if (std::isnan(prefix))
      throw PlanError(
          fmt::format("the prefix of {} is not a number", input.name(sequence.sequence)));
    sequence.prefix = static_cast<uint32_t>(
        std::clamp(std::floor(prefix), 0.0, static_cast<double>(sequence.positions)));
  }
}

void PlanWriter::refuseStep() const {
  std::string names;
  for (size_t i = 0; i < std::min(placed.size(), Ledger::names); ++i)
    names += " " + input.name(placed[i].sequence);
  throw PlanError(fmt::format("step {} has no targets; its {} sequences are{}{}", steps(),
                              placed.size(), names, placed.size() > Ledger::names ? " ..." : ""));
}

void PlanWriter::finish() {
  if (!spec.position.isPlain() && !anyGaps)
    losses.add(Fate::Warned, "position: gaps bends no sequence: chance, span or at leave none",
               sequences, 0, 0);
  file.align();
  PlanHeader header{};
  header.magic = PlanHeader::magicValue;
  header.version = PlanHeader::currentVersion;
  header.sequences = sequences;
  header.packs = packs();
  header.packsOffset = file.size();
  packTable.copyTo(file);
  header.steps = steps();
  header.stepsOffset = file.size();
  stepTable.copyTo(file);
  header.tailOffset = file.size();
  PackedWriter tail;
  tail.value<uint64_t>(input.storeHash);
  tail.value<uint64_t>(input.sequences.size());
  tail.value<uint64_t>(spec.seed);
  tail.text(spec.construct);
  tail.value<uint8_t>(static_cast<uint8_t>(spec.batch.attend));
  tail.value<uint8_t>(static_cast<uint8_t>(spec.batch.labels));
  tail.value<uint64_t>(spec.batch.policy == Policy::Pack ? spec.batch.tokens : 0);
  tail.value(spec.position.at);
  tail.value<uint32_t>(spec.position.sites);
  tail.value<uint64_t>(spec.position.span);
  tail.text(spec.text());
  losses.write(tail);
  file.write(tail.bytes());
  header.fileBytes = file.size();
  header.hash = sealOf(header, file.hash());
  file.commit(std::as_bytes(std::span(&header, 1)));
}

} // namespace roux::data
