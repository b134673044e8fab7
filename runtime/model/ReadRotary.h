//===- ReadRotary.h - rotary settings of a config -------------------------===//
//
// The part of a config that has been respelled most often.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/ConfigObject.h"
#include "runtime/model/Family.h"

namespace roux::model {

/// Reads the base and `rope_scaling`, or `rope_parameters`, which newer files have instead of both,
/// into the rotary positions of `model`, whose sizes and kinds of layers are known. Throws
/// ModelError.
void readRotary(const ConfigObject &config, const RotaryKeys &keys, ModelConfig &model);

} // namespace roux::model
