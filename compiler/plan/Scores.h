//===- Scores.h - a recipe's scores as what they are made of --------------===//
//
// A score is data, models and an expression. Whoever reads it and whoever makes it
// must mean the same file, which is named after all three.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/ModelWeights.h"
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/score/ScoreSpec.h"

namespace roux {

/// All that a score is made from.
struct ScoreRecipe {
  score::ScoreSpec spec;
  std::vector<CheckedValue> models = {}; ///< of spec.models, in that order
  data::DataPipeline pipeline;
  data::Consumer consumer;
  std::string definition; ///< the data definition that is scored, or empty
};

/// What `score` says. Throws RefusedRecipe for models of several tokenizers, and the exceptions of
/// runtime/ for files.
ScoreRecipe scoreRecipeOf(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedDefinition &score);

/// The names of the scores that `expression` reads.
void addScoresRead(const Expression &expression, std::vector<std::string> &names);

/// Changes with all that the scores depend on; `origin` is that of the scored records.
std::string scoreIdentity(const SourceManager &sources, const CheckedRecipe &recipe,
                          data::KnownFiles &known, const CheckedDefinition &score,
                          const ScoreRecipe &made, const std::string &origin,
                          const TrainedModel &trained);

/// The scores in `file` as those of `made`; nothing where they are not all there.
std::shared_ptr<const data::ScoreTable>
keptScores(const std::filesystem::path &file, const ScoreRecipe &made, const std::string &identity);

} // namespace roux
