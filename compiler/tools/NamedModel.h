//===- NamedModel.h - a model given on the command line -------------------===//
//
// `roux score` and `roux chat` take a model's files without any recipe: a Hugging
// Face folder, a GGUF or a llama2.c file, and perhaps a tokenizer from elsewhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/data/tokenizer/Tokenizer.h"
#include "runtime/model/Model.h"
#include "runtime/train/ModelProgram.h"

#include <filesystem>
#include <memory>
#include <string>

namespace roux {

/// Opens the model at `path`. Throws ModelError, also for weights that are no numbers.
model::Model openNamedModel(const std::filesystem::path &path);

/// The tokenizer at `named`, or, where that is empty, the one in the model's folder. Throws
/// std::runtime_error, naming --tokenizer where that would help.
std::shared_ptr<const data::Tokenizer> tokenizerOfModel(const std::filesystem::path &path,
                                                        const std::string &named);

/// The model compiled as the keys of `recipe`'s run say, with its weights; `generates` says that it
/// is to write and not only to score. Throws NoDevice.
std::unique_ptr<train::ModelProgram> compileNamedModel(const SourceManager &sources,
                                                       const CheckedRecipe &recipe,
                                                       const model::Model &model, bool generates);

} // namespace roux
