//===- SplitWeight.h - what of a weight a kernel computes -----------------===//
//
// The compiler builds the arithmetic into the loss kernel and the loader works out
// the inputs; both have them from here, so neither can drop a part.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/WeightFormula.h"

namespace roux {

/// Cuts `weight` as high as arithmetic reaches. Numbers that a plan counts become inputs one by
/// one; texts, fields of records, remainders (whose rounding must be the plan's), reductions and
/// what contains them become inputs whole. A weight with draws is one input, because draws are
/// numbered by their place in the expression. A part that reads the model is never an input: the
/// kernel has token.nll and token.logsumexp, and refuses what else is done with them.
WeightFormula splitWeight(const Expression &weight);

/// Both, and their product, of a pair of answers, which is one number for a pair: inputs that are
/// not the step's have a value for each.
WeightFormula splitPairLoss(const Expression &weight, const Expression &loss);

} // namespace roux
