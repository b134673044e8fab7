//===- EvalBuild.h - the evals of a recipe, measured once -----------------===//
//
// An eval is made from its slice of the recipe, its data and its model. Its result
// is kept under their hash, so it is not measured again until one of them changes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/Answerer.h"
#include "compiler/tools/EvalTasks.h"
#include "compiler/tools/TrainBuild.h"
#include "runtime/eval/EvalResult.h"

namespace roux {

class EvalBuilder {
public:
  /// `output` is the recipe's folder. All must outlive this.
  EvalBuilder(const SourceManager &sources, const CheckedRecipe &recipe, TrainBuilder &trains,
              std::filesystem::path output)
      : sources(sources), recipe(recipe), trains(trains), output(std::move(output)) {}

  /// Throws for what could not be measured, before any model is trained; see tasksOf().
  void prepare(const CheckedDefinition &eval);
  /// What `eval` finds, measured unless it is known; prints it either way. Trains that it needs are
  /// built.
  eval::EvalResult build(const CheckedDefinition &eval);
  /// What is known of `eval` as the recipe says it; none where it is not measured. Trains that it
  /// needs have to be there.
  std::optional<eval::EvalResult> kept(const CheckedDefinition &eval);
  /// Whether some result of `eval` is kept, of this recipe or of an older one.
  bool hasResult(const CheckedDefinition &eval) const;

private:
  std::string modelIdentity(const CheckedDefinition &eval, const EvalTasks &tasks);
  /// Where the result is kept.
  std::filesystem::path fileOf(const CheckedDefinition &eval, const EvalTasks &tasks);
  eval::EvalResult measure(const CheckedDefinition &eval, const EvalTasks &tasks);
  eval::ScoredResult askAndScore(const EvalTask &task, Asker &asker);
  eval::HeldOutResult heldOut(const LossTask &task, train::ModelProgram &program);
  eval::NeedleResult findNeedles(const NeedleTask &task, const ModelFacts &facts,
                                 train::ModelProgram &program);
  /// The model that marks answers, which `judge` names.
  std::unique_ptr<Answerer> judgeFor(const CheckedValue &judge);
  std::string judgeIdentity(const CheckedValue &judge);

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  TrainBuilder &trains;
  std::filesystem::path output;
  std::map<const CheckedDefinition *, EvalTasks> prepared;
};

} // namespace roux
