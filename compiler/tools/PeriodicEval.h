//===- PeriodicEval.h - losses measured while a train runs ----------------===//
//
// `eval e { model: t, during: every(100 steps), … }` asks for the losses of e on the
// way of train t too. They are the train's own program on its weights of the moment.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/EvalTasks.h"
#include "runtime/data/plan/PlanInput.h"
#include "runtime/eval/HeldOutLoss.h"
#include "runtime/train/MetricsFile.h"
#include "runtime/train/ModelProgram.h"
#include "runtime/train/Schedule.h"

#include <functional>
#include <map>

namespace roux {

class PeriodicEval {
public:
  /// The evals of `recipe` that ask for it; throws what tasksOf() throws.
  /// `extent` is of the train itself.
  PeriodicEval(const SourceManager &sources, const CheckedRecipe &recipe, DataBuilder &data,
               const CheckedDefinition &train, train::TrainingExtent extent);

  /// After every so many steps there may be something to measure; 0: never.
  uint64_t steps() const { return interval; }
  /// Asks for what a reference says of held-out pairs, of each task that measures such once.
  using ReferenceOf = std::function<std::optional<data::PairReference>(const data::TokenStore &)>;
  void askReferences(const ReferenceOf &referenceOf);
  /// "eval/task" and its mean loss, for the evals whose turn it is; of pairs their margin and
  /// accuracy too. `program` is left as it was.
  train::Measured measure(uint64_t stepsMade, train::ModelProgram &program) const;
  /// Under which name measure() gives the task that `keep: best(…)` of the train names; empty where
  /// it names none.
  std::string watched() const { return watchedName; }
  /// Changes with the data of that task and with when it is measured.
  std::string watchedIdentity() const { return identity; }

private:
  struct Watched {
    std::string name;
    uint64_t interval; ///< steps; 0: it is `epochs`
    double epochs;
    std::vector<EvalTask> losses;
  };
  /// Of tasks of pairs, by their store.
  std::map<std::filesystem::path, data::PairReference> references;
  void measurePairs(const std::string &name, const LossTask &task, eval::NllProgram &nll,
                    train::Measured &measured) const;
  bool isDue(const Watched &eval, uint64_t stepsMade) const;

  std::vector<Watched> evals;
  uint64_t interval = 0;
  train::TrainingExtent extent;
  std::string watchedName, identity;
};

} // namespace roux
