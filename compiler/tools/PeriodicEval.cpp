//===- PeriodicEval.cpp - losses measured while a train runs --------------===//
//
// Only losses: a needle test in the middle of a training would cost more than the
// steps around it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/PeriodicEval.h"

#include "runtime/eval/CompiledModel.h"
#include "runtime/train/Trainer.h"

#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace roux {

/// Under which a measurement stands in all logs.
static std::string nameOf(const std::string &eval, const EvalTask &task) {
  return fmt::format("{}/{}", eval, task.name);
}

PeriodicEval::PeriodicEval(const SourceManager &sources, const CheckedRecipe &recipe,
                           DataBuilder &data, const CheckedDefinition &train,
                           train::TrainingExtent givenExtent)
    : extent(std::move(givenExtent)) {
  const CheckedValue &keep = train["keep"];
  for (const CheckedDefinition &eval : recipe.definitions) {
    if (eval.kind != ast::Kind::Eval || eval["during"].isNone() ||
        recipe.trainNamedBy(eval["model"]) != &train)
      continue;
    const CheckedValue &every = eval["during"]["interval"];
    bool byEpochs = every.measure == Measure::Epochs;
    // Epochs may end after any step.
    uint64_t steps = byEpochs ? 1 : std::max<uint64_t>(std::llround(every.number), 1);
    evals.push_back({eval.name, byEpochs ? 0 : steps, byEpochs ? every.number : 0,
                     tasksOf(sources, recipe, eval, data, WhichTasks::Losses).tasks});
    interval = std::gcd(interval, steps);
    for (const EvalTask &task : evals.back().losses)
      if (keep.calls("best") && keep["measurement"].text == task.name) {
        watchedName = nameOf(eval.name, task);
        identity = fmt::format("watched {}, {} {}, {}\n", task.name, every.number,
                               spelling(every.measure), task.identity);
      }
  }
}

bool PeriodicEval::isDue(const Watched &eval, uint64_t stepsMade) const {
  if (eval.interval > 0)
    return stepsMade % eval.interval == 0;
  return train::passes(eval.epochs, extent.epochsMade(stepsMade - 1), extent.epochsMade(stepsMade));
}

train::Measured PeriodicEval::measure(uint64_t stepsMade, train::ModelProgram &program) const {
  train::Measured measured;
  eval::CompiledNll nll(program);
  for (const Watched &eval : evals)
    if (isDue(eval, stepsMade))
      for (const EvalTask &task : eval.losses) {
        data::TokenStore store(std::get<LossTask>(task.what).store);
        measured.emplace_back(nameOf(eval.name, task), eval::heldOutLoss(nll, store).all().mean());
      }
  return measured;
}

} // namespace roux
