//===- DiffSide.h - one of the two that are compared -----------------------===//
//
// A recipe as it stands, or a run as it was: its recipe is kept in it, and is checked
// and planned again, so that both sides are told by the same build.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"

#include <string>
#include <vector>

namespace roux {

/// A number or a word about a train.
struct DiffFact {
  std::string section; ///< "steps", "weights", "data", "memory", "results"
  std::string name, value;
};

struct DiffTrain {
  std::string name;
  std::string formula; ///< the objective in one line
  std::string meaning; ///< as of Meaning.h, with what its data and weights hold
  std::vector<DiffFact> facts;
  std::string notPlanned; ///< why there are no facts of its plan; else empty
};

struct DiffSide {
  std::string label; ///< the file or folder, as it was named
  std::vector<DiffTrain> trains;
};

/// Reads the recipe, with `options`, or the folder of a run, which has its own, at `path`. Data
/// that are not there are made, as for `roux check`. Throws std::runtime_error after saying what is
/// wrong with a recipe, and what is wrong with a folder.
DiffSide diffSide(const std::string &path, const CheckOptions &options);

} // namespace roux
