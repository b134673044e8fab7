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

/// Which weights of a train are meant: those in its folder, which others load and which are
/// measured, or those it ended with, before they were rounded to the folder's type.
enum class Precision : uint8_t { Exported, Trained };

/// The model of `value` as facts() of `builder` shape it, with weights. Throws ModelError, and
/// CheckpointError where trained weights are asked for and the save that has them is gone.
model::Model modelWithWeights(const SourceManager &sources, const CheckedRecipe &recipe,
                              DataBuilder &builder, const CheckedValue &value,
                              const TrainedModel &trained, Precision precision);

/// The model that `train`, which is built, ended with, of its last save or its adapter. Throws
/// CheckpointError where that is gone.
model::Model trainedModel(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedDefinition &train,
                          const TrainedModel &trained);

/// A text that changes with the weights and the shape of `value`: what is in the files it is loaded
/// from, wherever they lie, and the folders of trains, which are named after a hash. Fresh weights
/// follow from the recipe.
std::string modelIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                          const CheckedValue &value, data::KnownFiles &known,
                          const TrainedModel &trained, Precision precision = Precision::Trained);

} // namespace roux
