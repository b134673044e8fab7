//===- RotaryStyle.h - from one pairing of channels to the other ----------===//
//
// llama2.c turns channels 2i and 2i + 1 together, Hugging Face i and i + n/2. The
// models are the same up to the order of the rows that make queries and keys.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

namespace roux::model {

/// The weights of `config` with the rows of queries and keys in the order that `style` wants;
/// `config` is changed to say so. Bytes that stay are shared.
Weights withRotaryStyle(ModelConfig &config, const Weights &weights, Rotary::Style style);

} // namespace roux::model
