//===- Sample.h - from logits to a token ----------------------------------===//
//
// Draws come from the seed tree and exponentials are our own: the same logits give
// the same token on every machine, whatever else is in the batch.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"

#include <cstdint>
#include <span>

namespace roux::eval {

struct Sampling {
  double temperature = 0; ///< 0: the likeliest token
  double topP = 1;        ///< only the likeliest tokens that together reach this share
};

/// The token to follow. Of equals the lowest id. Throws std::runtime_error where a logit is nan.
int32_t sampleToken(std::span<const float> logits, const Sampling &sampling,
                    const data::SeedTree &draw);

} // namespace roux::eval
