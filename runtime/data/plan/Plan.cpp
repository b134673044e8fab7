//===- Plan.cpp - a batch plan, mapped and read ---------------------------===//
//
// Opening checks that every step and pack lies inside its table, verify() that every
// piece lies inside its sequence; after that nothing needs to look again.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Plan.h"

#include "runtime/data/MappedFile.h"
#include "runtime/data/PackedBytes.h"
#include "runtime/data/Seal.h"
#include "runtime/data/plan/PlanFormat.h"

#include <fmt/format.h>

#include <algorithm>

namespace roux::data {

Plan::Plan(const std::filesystem::path &path, bool verified)
    : file(std::make_unique<MappedFile>(path)) {
  const PlanHeader &header = file->section<PlanHeader>(0, 1, "the header")[0];
  if (header.magic != PlanHeader::magicValue)
    file->fail("not a plan");
  if (header.version != PlanHeader::currentVersion)
    file->fail(
        fmt::format("plan of version {}, expected {}", header.version, PlanHeader::currentVersion));
  if (header.fileBytes != file->bytes().size())
    file->fail(fmt::format("{} bytes where the header says {}; the file was cut off or grew",
                           file->bytes().size(), header.fileBytes));
  contentHash = header.hash;
  sequenceTable =
      file->section<PlacedSequence>(sizeof(PlanHeader), header.sequences, "the sequences");
  packTable = file->section<PlannedPack>(header.packsOffset, header.packs, "the packs");
  stepTable = file->section<PlannedStep>(header.stepsOffset, header.steps, "the steps");
  if (header.tailOffset > header.fileBytes)
    file->fail("the settings begin behind the file's end");
  try {
    readTail(file->bytes().subspan(header.tailOffset));
  } catch (const std::out_of_range &error) {
    file->fail(error.what());
  }
  if (!verified)
    checkTables();
}

void Plan::readTail(std::span<const std::byte> tail) {
  PackedReader in(tail);
  tokenHash = in.value<uint64_t>();
  storeSequences = in.value<uint64_t>();
  storedRules.seed = in.value<uint64_t>();
  storedRules.construct = in.text();
  for (Reach *reach : {&storedRules.attend, &storedRules.labels}) {
    uint8_t known = in.value<uint8_t>();
    if (known > static_cast<uint8_t>(Reach::Span))
      throw std::out_of_range("its attention or labels reach nowhere known");
    *reach = static_cast<Reach>(known);
  }
  storedRules.position.restarts = storedRules.attend == Reach::Span;
  storedRules.packCapacity = in.value<uint64_t>();
  uint8_t at = in.value<uint8_t>();
  if (at > static_cast<uint8_t>(PositionRule::Sites::Token))
    throw std::out_of_range("its positions have no known sites");
  storedRules.position.at = static_cast<PositionRule::Sites>(at);
  storedRules.position.sites = in.value<uint32_t>();
  storedRules.position.span = in.value<uint64_t>();
  specText = in.text();
  losses = Ledger::read(in);
}

/// True if rows [first, first + count) are inside a table of `size` rows.
static bool inside(uint64_t first, uint64_t count, uint64_t size) {
  return first <= size && count <= size - first;
}

void Plan::checkTables() const {
  for (const PlannedStep &step : stepTable)
    if (!inside(step.firstPack, step.packCount, packTable.size()) ||
        !inside(step.firstSequence, step.count, sequenceTable.size()) || step.packCount == 0 ||
        packTable[step.firstPack].firstSequence != step.firstSequence)
      file->fail("a step leaves its tables");
  for (const PlannedPack &pack : packTable)
    if (!inside(pack.firstSequence, pack.count, sequenceTable.size()))
      file->fail("a pack leaves the table of sequences");
  for (const PlannedStep &step : stepTable) {
    uint64_t next = step.firstSequence;
    for (const PlannedPack &pack : packTable.subspan(step.firstPack, step.packCount)) {
      if (pack.firstSequence != next)
        file->fail("the packs of a step do not follow each other");
      next += pack.count;
    }
    if (next != step.firstSequence + step.count)
      file->fail("a step and its packs count different sequences");
    if (step.epoch > static_cast<uint64_t>(&step - stepTable.data()))
      file->fail("a step is of an epoch that cannot have begun");
  }
}

Plan::~Plan() = default;
Plan::Plan(Plan &&) noexcept = default;
Plan &Plan::operator=(Plan &&) noexcept = default;

PlanStep Plan::step(uint64_t index) const {
  const PlannedStep &counts = stepTable[index];
  return {index, counts, packTable.subspan(counts.firstPack, counts.packCount),
          sequenceTable.subspan(counts.firstSequence, counts.count)};
}

void Plan::checkStore(const TokenStore &store) const {
  if (store.hash() != tokenHash || store.sequences().size() != storeSequences)
    file->fail(fmt::format("the plan was made from tokens {:016x}, but these are {:016x}; plan "
                           "again",
                           tokenHash, store.hash()));
}

void Plan::verify(const TokenStore &store) const {
  checkSeal<PlanHeader>(*file);
  checkStore(store);
  checkTables();
  for (const PlacedSequence &placed : sequenceTable) {
    bool known = placed.sequence < storeSequences && placed.begin <= placed.end &&
                 placed.end <= store.sequences()[placed.sequence].tokens;
    bool hole = placed.holeBegin <= placed.holeEnd &&
                (placed.holeBegin == placed.holeEnd ||
                 (placed.begin <= placed.holeBegin && placed.holeEnd <= placed.end));
    bool gaps =
        placed.prefix == PlacedSequence::noGaps || storedRules.position.span >= placed.positions;
    if (!known || !hole || !gaps || placed.positions > placed.tokens() || placed.positions == 0)
      file->fail("a sequence of the plan leaves its tokens");
  }
  for (const PlannedPack &pack : packTable) {
    uint64_t offset = 0;
    for (const PlacedSequence &placed : sequenceTable.subspan(pack.firstSequence, pack.count)) {
      if (placed.offset != offset)
        file->fail("the sequences of a pack do not follow each other");
      offset += placed.positions;
    }
  }
}

SeedTree Plan::positionDraws(const PlanStep &step, const TokenStore &store,
                             const PlacedSequence &placed) const {
  const SequenceEntry &entry = store.sequences()[placed.sequence];
  return data::positionDraws(storedRules.seed, storedRules.construct, step.counts.epoch,
                             store.sources()[entry.source], entry, placed);
}

} // namespace roux::data
