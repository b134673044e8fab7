//===- FreshWeights.h - the weights of a model nobody has trained ---------===//
//
// `new(…)`. Every number is a function of the seed, the tensor's name and the
// number's place, so a model starts the same on every machine and a layer more
// leaves the others as they were.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/model/Weights.h"

#include <limits>

namespace roux::model {

/// Draw `place` of the standard normal distribution, the same bits everywhere.
double normalDraw(const data::SeedTree &seed, uint64_t place);

/// Weights for every row of the table, in f32: matrices and embeddings from a normal distribution
/// of `deviation`; the projections back into the residual stream with deviation / sqrt(2 * layers),
/// so that the stream's variance does not grow with depth; norms one; biases zero. A number that is
/// more than `truncation` of its deviations from zero is drawn again.
Weights freshWeights(const ModelConfig &config, double deviation, const data::SeedTree &seed,
                     double truncation = std::numeric_limits<double>::infinity());

} // namespace roux::model
