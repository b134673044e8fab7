//===- Blend.h - models added to models -----------------------------------===//
//
// `model merged = 0.5 * base + 0.5 * tuned`: models are values, and a sum of them is
// one again.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Model.h"

#include <span>
#include <string>

namespace roux::model {

struct BlendPart {
  std::string name; ///< as the recipe calls it, for messages
  double coefficient = 1;
  Model model;
};

/// The sum of coefficient * weight, in f64, rounded once to f32. Config and rotary style are the
/// first part's. Throws ModelError, naming both parts and the tensor, where their shapes differ.
Model blend(std::span<const BlendPart> parts);

} // namespace roux::model
