//===- Plan.h - a batch plan, mapped and read -----------------------------===//
//
// Every step of a training before it starts: which sequences, which part of each,
// in which pack, at which place, and the counts that weights divide by. Step n is
// found without the steps before it. The format is described in README.md, "Plan".
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Ledger.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/plan/PlanRecords.h"
#include "runtime/data/plan/Positions.h"
#include "runtime/data/plan/Spec.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace roux::data {

/// One step, in place in the mapped file.
struct PlanStep {
  uint64_t index = 0; ///< over all epochs
  PlannedStep counts{};
  std::span<const PlannedPack> packs;
  std::span<const PlacedSequence> sequences; ///< pack after pack

  /// The sequences of one of `packs`.
  std::span<const PlacedSequence> of(const PlannedPack &pack) const {
    return sequences.subspan(pack.firstSequence - counts.firstSequence, pack.count);
  }
};

/// What of a spec is needed to lay tokens out; the plan carries it.
struct PlanRules {
  uint64_t seed = 0;
  std::string construct;
  Reach attend = Reach::Sequence;
  Reach labels = Reach::Sequence;
  uint64_t packCapacity = 0; ///< positions; 0: the policy makes no packs
  PositionRule position;     ///< without `prefix` and `chance`, which the plan has applied
};

class Plan {
public:
  /// Throws FileError naming the file when it is not a whole plan of this version.
  /// `verified`: verify() has been through this very file before, so its tables are not looked at.
  explicit Plan(const std::filesystem::path &path, bool verified = false);
  ~Plan();
  Plan(Plan &&) noexcept;
  Plan &operator=(Plan &&) noexcept;

  uint64_t steps() const { return stepTable.size(); }
  PlanStep step(uint64_t index) const;
  const PlanRules &rules() const { return storedRules; }
  /// The question this plan answers, as PlanSpec::text().
  const std::string &spec() const { return specText; }
  /// Losses of records and plan together.
  const Ledger &ledger() const { return losses; }
  /// Sequences in the store.
  uint64_t sequences() const { return storeSequences; }
  uint64_t storeHash() const { return tokenHash; }
  /// Of everything the plan says, the store's hash included. Equal hashes, equal training data.
  uint64_t hash() const { return contentHash; }
  /// Throws FileError unless the plan was made from `store`.
  void checkStore(const TokenStore &store) const;
  /// Looks at every byte and every place in `store`: throws FileError unless the file is as it was
  /// written and was made from `store`. Nothing else here looks again.
  void verify(const TokenStore &store) const;
  /// Where draws of `position:` for a sequence of a step come from.
  SeedTree positionDraws(const PlanStep &step, const TokenStore &store,
                         const PlacedSequence &placed) const;

private:
  void readTail(std::span<const std::byte> tail);
  void checkTables() const;

  std::unique_ptr<class MappedFile> file;
  std::span<const PlacedSequence> sequenceTable;
  std::span<const PlannedPack> packTable;
  std::span<const PlannedStep> stepTable;
  PlanRules storedRules;
  std::string specText;
  Ledger losses;
  uint64_t storeSequences = 0, tokenHash = 0, contentHash = 0;
};

} // namespace roux::data
