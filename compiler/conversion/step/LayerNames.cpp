//===- LayerNames.cpp - which function is which layer ---------------------===//
//
// A model whose layers take turns has a function for each kind, called in the shortest
// round that the model repeats.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/LayerNames.h"

using namespace mlir;
namespace model = roux::model;
using namespace roux::step;

std::string roux::step::layerName(LayerKind kind, size_t which) {
  static constexpr StringLiteral names[] = {"layer", "prefill_layer", "decode_layer",
                                            "dropped_layer"};
  std::string name = names[static_cast<size_t>(kind)].str();
  return which ? name + "_" + std::to_string(which) : name;
}

std::vector<model::LayerKind> roux::step::kindsOf(const model::ModelConfig &config) {
  std::vector<model::LayerKind> kinds;
  for (int64_t layer = 0; layer < config.layers; ++layer)
    if (!llvm::is_contained(kinds, config.kind(layer)))
      kinds.push_back(config.kind(layer));
  return kinds;
}

/// True if layer l is of the kind of layer l mod `period`.
static bool repeats(const model::ModelConfig &config, int64_t period) {
  for (int64_t layer = period; layer < config.layers; ++layer)
    if (!(config.kind(layer) == config.kind(layer - period)))
      return false;
  return true;
}

ArrayAttr roux::step::layerCallees(MLIRContext *context, const model::ModelConfig &config,
                                   LayerKind kind, model::LayerRange layers) {
  std::vector<model::LayerKind> kinds = kindsOf(config);
  int64_t period = 1;
  while (!repeats(config, period))
    ++period;
  SmallVector<mlir::Attribute> names;
  for (int64_t layer = 0; layer < std::min(period, layers.count); ++layer) {
    size_t which = llvm::find(kinds, config.kind(layers.first + layer)) - kinds.begin();
    names.push_back(FlatSymbolRefAttr::get(context, layerName(kind, which)));
  }
  return ArrayAttr::get(context, names);
}
