//===- UpdateToStep.h - the optimizer's entry -----------------------------===//
//
// What runs once a step, after the gradients of every micro-batch are summed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/LayerToStep.h"
#include "compiler/conversion/step/ModelToStep.h"

namespace roux::step {

/// Adds `@update` to `module`; its signature is told at buildStep.
void buildUpdate(mlir::ModuleOp module, const model::ModelConfig &config,
                 const std::vector<model::WeightRow> &table, Precision precision,
                 const UpdateSettings &settings);

} // namespace roux::step
