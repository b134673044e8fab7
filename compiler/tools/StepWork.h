//===- StepWork.h - what a token costs ------------------------------------===//
//
// Tokens a second mean nothing beside another model's. Operations a second can be held
// against what the machine can do.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/Plan.h"
#include "runtime/model/ModelConfig.h"

namespace roux {

/// Additions and multiplications that training takes for a token of `plan`, on average over its
/// first steps: of the matrices of `config`, of logits where there is a target, and of attention
/// over the tokens that one sees. A matrix that is frozen, by the tuning of `config`, needs no
/// gradient of its own. What is computed again to save memory does not count.
double operationsPerToken(const model::ModelConfig &config, const data::Plan &plan);

} // namespace roux
