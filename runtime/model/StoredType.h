//===- StoredType.h - the type that weights are stored in -----------------===//
//
// A model is trained in f32 whatever it was read as, and goes back in the type that
// it came in: who loads it finds it as large as it was.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

namespace roux::model {

/// The type that most bytes of `weights` have; what config.json names.
DataType mainType(const Weights &weights);

/// `weights` in `type`, rounded to the nearest and of two the even one. Tensors that have it share
/// their bytes. Throws ModelError for a number that `type` has no room for.
Weights storedAs(const Weights &weights, DataType type);

} // namespace roux::model
