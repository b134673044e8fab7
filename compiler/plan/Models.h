//===- Models.h - a recipe's model as facts -------------------------------===//
//
// A model is a value: loaded, made, changed by a block, trained from another.
// Data, plan and compiler each need some facts about it and never its text.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/data/pipeline/ChatTemplate.h"
#include "runtime/data/tokenizer/Tokenizer.h"
#include "runtime/model/ModelConfig.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roux {

struct ModelFacts {
  model::ModelConfig config;
  std::shared_ptr<const data::Tokenizer> tokenizer; ///< null: the model's files bring none
  std::optional<data::ChatTemplate> chat;
  std::filesystem::path weights;  ///< a folder or file; empty: fresh ones
  double deviation = 0;           ///< of fresh weights
  std::vector<std::string> notes; ///< keys of the model's files that nothing reads
};

/// Gives the tokenizer that a `tokenizer` definition's value means; training one needs data.
using TokenizerOf = std::function<std::shared_ptr<const data::Tokenizer>(const CheckedValue &)>;

/// The facts of the model that `value` is, names or is trained from. Throws ModelError,
/// TokenizerError and TemplateError for files, RefusedRecipe for what this build does not do.
ModelFacts factsOf(const SourceManager &sources, const CheckedRecipe &recipe,
                   const CheckedValue &value, const TokenizerOf &tokenizerOf);

/// The `endpoint(…)` that a model value is or names; null for a model that is here.
const CheckedValue *endpointOf(const CheckedRecipe &recipe, const CheckedValue &model);

} // namespace roux
