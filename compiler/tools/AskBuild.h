//===- AskBuild.h - what a recipe's data ask of models, asked once --------===//
//
// Data that a model writes cannot be prepared before it has, so it is asked when a
// pipeline first needs the answers, and they are kept.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/Asks.h"
#include "compiler/tools/TrainBuild.h"

namespace roux {

/// Finds or makes the answers of `ask`, below `output`. Trains that it asks are built. What is done
/// is said on stderr. Throws what any part of it throws.
std::shared_ptr<const data::AnswerTable>
buildAnswers(const SourceManager &sources, const CheckedRecipe &recipe, TrainBuilder &trains,
             const std::filesystem::path &output, const AskRecipe &ask);

} // namespace roux
