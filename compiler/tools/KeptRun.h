//===- KeptRun.h - a run tells how it came to be ---------------------------===//
//
// What `roux run` was told, beside what it made of it: `roux runs` and `roux diff`
// read it when nobody remembers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "runtime/eval/EvalResult.h"
#include "runtime/train/RunRecord.h"

namespace roux {

/// How a run was started.
struct RunOrigin {
  std::vector<std::string> command; ///< as typed
  CheckOptions options;             ///< params and keys of `run` that it gave
};

/// One process's work on one train, from its first step to its end.
class KeptRun {
public:
  /// Notes in `folder` that `train`, of so many steps, has begun. A record that cannot be written
  /// is said and costs nothing else.
  KeptRun(const SourceManager &sources, const CheckedRecipe &recipe, const CheckedDefinition &train,
          const RunOrigin &origin, std::filesystem::path folder, uint64_t steps);

  /// Notes that it ended: `why`, or whole where that is empty.
  void end(const std::string &why, bool isFinished);

private:
  void write();

  std::filesystem::path folder;
  train::RunRecord record;
  double begun, secondsBefore;
};

/// Notes that the train in `folder` is whole, which nobody has said where a run was killed between
/// its model and its record; no other run may be at work there.
void noteWhole(const std::filesystem::path &folder);

/// Adds what `result` found of the train in `folder` to its record, where it has one.
void noteResult(const std::filesystem::path &folder, const eval::EvalResult &result);

} // namespace roux
