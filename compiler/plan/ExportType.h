//===- ExportType.h - the type that a model goes out in -------------------===//
//
// Training is in f32; whoever gave a model of 14 GB expects 14 GB back.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/model/Weights.h"

namespace roux {

class SourceManager;

/// The type of the weights in the folder that the model of `value`, or the train it names, is
/// written to: what `export_dtype:` of the run block says, else that of the files it began with.
/// Models that are added in unlike types give f32. Throws ModelError for files that cannot be read.
model::DataType exportType(const SourceManager &sources, const CheckedRecipe &recipe,
                           const CheckedValue &value);

/// The same for the model that `train` makes, in words: "bf16, as the model it starts from".
std::string exportText(const SourceManager &sources, const CheckedRecipe &recipe,
                       const CheckedDefinition &train);

/// As a recipe spells it: "bf16".
std::string_view wordOf(model::DataType type);

} // namespace roux
