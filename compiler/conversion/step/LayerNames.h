//===- LayerNames.h - which function is which layer -----------------------===//
//
// What makes the functions and what calls them agree on their names here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/LayerToStep.h"
#include "runtime/model/ParameterTable.h"

#include <string>
#include <vector>

namespace roux::step {

/// What layers of a kind are called after: `layer`, and `layer_1` where there are others.
std::string layerName(LayerKind kind, size_t which);

/// The kinds of layers that `config` has, in the order in which they first come.
std::vector<model::LayerKind> kindsOf(const model::ModelConfig &config);

/// The functions that `layers` call, in turn.
mlir::ArrayAttr layerCallees(mlir::MLIRContext *context, const model::ModelConfig &config,
                             LayerKind kind, model::LayerRange layers);

} // namespace roux::step
