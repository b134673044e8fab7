//===- ReadRotary.h - rotary settings of a config -------------------------===//
//
// The part of a config that has been respelled most often.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/ConfigObject.h"
#include "runtime/model/Rotary.h"

namespace roux::model {

/// Reads `rope_theta` and `rope_scaling`, or `rope_parameters`, which newer files have instead of
/// both. `context` is the config's max_position_embeddings. Throws ModelError.
Rotary readRotary(const ConfigObject &config, int64_t context);

} // namespace roux::model
