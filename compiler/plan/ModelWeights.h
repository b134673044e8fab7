//===- ModelWeights.h - a recipe's model with its weights -----------------===//
//
// Facts tell the compiler a model's shape; a training starts from numbers. They
// are read, drawn or added up, and a train gives those it ended with.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/TrainingData.h"
#include "runtime/model/Model.h"

namespace roux {

/// Where the model that a train made is, built before if it has to be.
using TrainedModel = std::function<std::filesystem::path(const CheckedDefinition &train)>;

/// The model of `value` as facts() of `builder` shape it, with weights. Throws ModelError.
model::Model modelWithWeights(const SourceManager &sources, const CheckedRecipe &recipe,
                              DataBuilder &builder, const CheckedValue &value,
                              const TrainedModel &trained);

} // namespace roux
