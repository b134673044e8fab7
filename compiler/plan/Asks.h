//===- Asks.h - a recipe's `ask` as what it is made of --------------------===//
//
// The rule that the runtime follows, the records that come to it, and a text that
// changes with everything its answers hang on. Who answers is asked elsewhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/ModelWeights.h"
#include "runtime/data/pipeline/RecordTokenizer.h"

namespace roux {

/// An `ask(…)` on the way to somebody's data.
struct AskRecipe {
  const CheckedValue *call = nullptr;
  std::string construct; ///< its place in the tree of seeds: "made/ask/0"
  data::AskRule rule;
  data::DataPipeline pipeline; ///< of the records that come to it
  data::Consumer consumer;     ///< whose tokens the steps before it count
};

/// The text of a prompt that is written or named.
const std::string &promptText(const CheckedRecipe &recipe, const CheckedValue &prompt);

/// The rule of the call `ask`.
data::AskRule askRuleOf(const SourceManager &sources, const CheckedRecipe &recipe,
                        const CheckedValue &ask);

/// The part of `pipeline` whose last step is `step`.
data::DataPipeline partOf(const data::DataPipeline &pipeline, uint32_t step);

/// A text that changes with who answers: an endpoint's model by its name, a model that is here by
/// its weights, tokenizer and template.
std::string answererIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                             DataBuilder &builder, const CheckedValue &model,
                             const TrainedModel &trained);

/// Where the answers of `ask`, of records of that origin, are below `output`.
std::filesystem::path answersFile(const std::filesystem::path &output, const AskRecipe &ask,
                                  const std::string &origin, const std::string &answerer);

/// The answers in `file`; null where they are not there or damaged.
std::shared_ptr<const data::AnswerTable> keptAnswers(const std::filesystem::path &file);

} // namespace roux
