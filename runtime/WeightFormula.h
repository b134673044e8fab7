//===- WeightFormula.h - a weight as a kernel computes it -----------------===//
//
// A loss kernel knows numbers, not records: `source == long`, a sum over the step
// or a draw are worked out before the launch and come in as numbers. This is a
// weight cut in two there: what is worked out, and the arithmetic that is left.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"

#include <string>
#include <vector>

namespace roux {

/// A number that a weight is computed from, known before the launch.
struct WeightInput {
  std::string name; ///< as a recipe spells it: "sequence.targets", "source == long"
  Expression value;
  bool perToken = false; ///< one for each target; else one for the step
};

/// What the names of inputs begin with among everything else a launch is given.
inline constexpr char weightPrefix[] = "weight.";

struct WeightFormula {
  /// Arithmetic on token.nll, token.logsumexp and, as Operation::Let, the inputs by their names.
  /// Empty: 1.
  Expression formula;
  std::vector<WeightInput> inputs;
};

/// What an input comes to in a micro-batch.
struct WeightValues {
  std::string name;
  bool perToken = false;
  std::vector<double> values; ///< one for each row, 0 where it has no label; or only one
};

} // namespace roux
