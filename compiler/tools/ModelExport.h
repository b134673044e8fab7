//===- ModelExport.h - what a trained model is left with ------------------===//
//
// Weights alone are no model: whoever loads the folder needs the tokenizer that it
// was trained with and the template that its chats went through.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/TrainingData.h"
#include "runtime/model/WriteModel.h"

namespace roux {

/// Tokenizer and chat template of a model with `facts`, as files of Hugging Face's layout.
/// `builder` made the tokenizer.
model::ModelCompanions companionsOf(const ModelFacts &facts, const DataBuilder &builder);

/// Writes `folder` as writeModelFolder() does, with all weights in `type`. Throws ModelError for a
/// number that it has no room for.
void exportModel(const std::filesystem::path &folder, const model::Model &model,
                 model::DataType type, const model::ModelCompanions &companions);

} // namespace roux
