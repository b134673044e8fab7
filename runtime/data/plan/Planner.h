//===- Planner.h - from tokens and a spec to a plan file ------------------===//
//
// The one call that decides what a training reads. It takes no thread count and no
// device: there is one plan for a recipe and its data.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/PlanInput.h"
#include "runtime/data/plan/Spec.h"

#include <filesystem>

namespace roux::data {

/// Writes the plan of `spec` over `input` to `path`, whole or not at all. Throws PlanError where
/// data and spec give none: a sequence that does not fit under `overflow: error`, no step at all, a
/// step without targets (which is named); FileError where the file cannot be written.
void writePlan(const std::filesystem::path &path, const PlanInput &input, const PlanSpec &spec);

} // namespace roux::data
