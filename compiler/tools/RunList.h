//===- RunList.h - the runs that a recipe has left -------------------------===//
//
// Three learning rates leave three folders named after hashes. What each was, what
// came of it and in what it differs is found out here, for `roux runs`, the report and
// `roux diff`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/report/Report.h"
#include "runtime/train/RunRecord.h"

namespace roux {

/// The name of what a train's folder holds beside its weights: what it was made from.
inline constexpr const char *madeFrom = "made-from.txt";

/// The train whose folder this is, NAME of NAME-HASH; empty where it is none.
std::string trainOfFolder(const std::filesystem::path &folder);

struct ListedRun {
  std::filesystem::path folder;
  std::string train;
  std::string state;  ///< "finished", "running", "stopped at step 12", or why it ended
  uint64_t steps = 0; ///< made
  double tokens = 0;
  double lastLoss = 0; ///< mean over the last tenth of its logged steps
  std::optional<train::RunRecord> record;
  std::string madeFrom; ///< text
  /// Keys on which the runs of this train differ, with this one's values.
  std::vector<std::pair<std::string, std::string>> differs;
};

/// The train in `folder`. What cannot be read of it is left out; a damaged record is said.
ListedRun runIn(const std::filesystem::path &folder);

/// The runs below `output`, those of one train together, first the one begun first.
std::vector<ListedRun> runsIn(const std::filesystem::path &output);

/// A row a run.
report::Table tableOf(const std::vector<ListedRun> &runs);

/// One JSON object.
std::string jsonOf(const ListedRun &run);

} // namespace roux
