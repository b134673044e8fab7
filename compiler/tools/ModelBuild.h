//===- ModelBuild.h - a recipe's model, written like a train's ------------===//
//
// A sum of models, or an average of saves, is worth as much as what a training ends
// with: others load it, chat with it, upload it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/TrainBuild.h"

namespace roux {

/// Writes `model`, a definition of the recipe, below `output`, and first builds the trains that it
/// is made from. Returns its folder, which is named after a hash of what it is made from, and says
/// on stdout where that is. Throws what any part of it throws.
std::filesystem::path buildModel(const SourceManager &sources, const CheckedRecipe &recipe,
                                 TrainBuilder &trains, const std::filesystem::path &output,
                                 const CheckedDefinition &model);

} // namespace roux
