//===- PlanWriter.h - epochs appended to a plan file ----------------------===//
//
// Adds up, for every pack and step, what weights divide by, and refuses a step that
// would train on nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/AtomicFile.h"
#include "runtime/data/NamelessFile.h"
#include "runtime/data/plan/Epoch.h"

#include <filesystem>
#include <vector>

namespace roux::data {

class PlanWriter {
public:
  PlanWriter(std::filesystem::path path, const PlanInput &input, const PlanSpec &spec);

  /// Appends the first `count` steps of a pass, or, of a length in tokens, those up to the step
  /// that reaches it. Throws PlanError naming the sequences of a step without targets.
  void add(const Epoch &epoch, uint32_t number, uint64_t count);
  uint64_t steps() const { return stepTable.size() / sizeof(PlannedStep); }
  /// True once a length in steps or tokens is reached.
  bool isLongEnough() const;
  /// Warns where the training ends inside a cycle of `bucket`, `made` steps into `last`.
  void warnOfCycle(const Epoch &last, uint64_t made);
  void finish();

private:
  /// Lists the steps of the pass before once more; false where they would differ.
  bool repeat(uint32_t number, uint64_t count);
  void addStep(const Epoch &epoch, uint64_t step, uint32_t number);
  /// Puts the pieces of a pack side by side at the end of `placed`.
  void placePack(const Epoch &epoch, uint64_t pack);
  PlannedPack addPack(std::span<const PlacedSequence> sequences);
  uint64_t packs() const { return packTable.size() / sizeof(PlannedPack); }
  void placePrefixes(uint32_t number);
  void list(const PlannedStep &step);
  [[noreturn]] void refuseStep() const;

  const PlanInput &input;
  const PlanSpec &spec;
  AtomicFile file;
  std::vector<PlacedSequence> placed; ///< of the step being added
  NamelessFile packTable, stepTable;
  Ledger losses;
  uint64_t sequences = 0; ///< written to the file
  uint64_t tokens = 0;    ///< in the steps listed
  bool anyGaps = false;   ///< positions of some sequence jump
};

} // namespace roux::data
