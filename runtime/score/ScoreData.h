//===- ScoreData.h - the scores of all records of some data ---------------===//
//
// Several records are in flight, so that a launch is worth its while however short
// they are; what is finished is in the file before the next are read.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/score/ScoreFile.h"
#include "runtime/score/ScoreSpec.h"
#include "runtime/train/ModelProgram.h"

namespace roux::score {

/// How far a score is.
struct ScoreProgress {
  uint64_t done = 0, found = 0, records = 0; ///< done in this process, all that are found, all
  uint64_t tokens = 0;                       ///< put to models in this process
  double seconds = 0;
};

/// Scores the rows of `runner`, whose steps have run, that `file` does not have. `models` are those
/// of `spec.models`. `tell` is called now and then, and at the end. Throws DataError naming the
/// record, and FileError.
void scoreData(const ScoreSpec &spec, const data::PipelineRunner &runner, uint64_t seed,
               std::vector<train::ModelProgram *> models, ScoreFile &file,
               const std::function<void(const ScoreProgress &)> &tell);

} // namespace roux::score
