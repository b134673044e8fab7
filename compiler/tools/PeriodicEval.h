//===- PeriodicEval.h - losses measured while a train runs ----------------===//
//
// `eval e { model: t, during: every(100 steps), … }` asks for the losses of e on the
// way of train t too. They are the train's own program on its weights of the moment.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/EvalTasks.h"
#include "runtime/train/MetricsFile.h"
#include "runtime/train/ModelProgram.h"

namespace roux {

class PeriodicEval {
public:
  /// The evals of `recipe` that ask for it; throws what tasksOf() throws.
  PeriodicEval(const SourceManager &sources, const CheckedRecipe &recipe, DataBuilder &data,
               const CheckedDefinition &train);

  /// After every so many steps there may be something to measure; 0: never.
  uint64_t steps() const { return interval; }
  /// "eval/task" and its mean loss, for the evals whose turn it is. `program` is left as it was.
  train::Measured measure(uint64_t stepsMade, train::ModelProgram &program) const;

private:
  struct Watched {
    std::string name;
    uint64_t interval;
    std::vector<EvalTask> losses;
  };
  std::vector<Watched> evals;
  uint64_t interval = 0;
};

} // namespace roux
