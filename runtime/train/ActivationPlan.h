//===- ActivationPlan.h - the memory of a step before there is one --------===//
#pragma once

#include "runtime/MemoryPlan.h"
#include "runtime/model/Model.h"

namespace roux::train {

/// The buffers of `entry` for so many tokens: its arena is the most that any segments need.
MemoryPlan activationPlan(const Program &program, const model::ModelConfig &config,
                          const std::string &entry, int64_t tokens);

} // namespace roux::train
