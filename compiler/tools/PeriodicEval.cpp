//===- PeriodicEval.cpp - losses measured while a train runs --------------===//
//
// Only losses: a needle test in the middle of a training would cost more than the
// steps around it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/PeriodicEval.h"

#include "runtime/eval/CompiledModel.h"

#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace roux {

PeriodicEval::PeriodicEval(const SourceManager &sources, const CheckedRecipe &recipe,
                           DataBuilder &data, const CheckedDefinition &train) {
  for (const CheckedDefinition &eval : recipe.definitions) {
    if (eval.kind != ast::Kind::Eval || eval["during"].isNone() ||
        recipe.trainNamedBy(eval["model"]) != &train)
      continue;
    uint64_t every = static_cast<uint64_t>(std::llround(eval["during"]["interval"].number));
    evals.push_back({eval.name, std::max<uint64_t>(every, 1),
                     tasksOf(sources, recipe, eval, data, WhichTasks::Losses).tasks});
    interval = std::gcd(interval, evals.back().interval);
  }
}

train::Measured PeriodicEval::measure(uint64_t stepsMade, train::ModelProgram &program) const {
  train::Measured measured;
  eval::CompiledNll nll(program);
  for (const Watched &eval : evals)
    if (stepsMade % eval.interval == 0)
      for (const EvalTask &task : eval.losses) {
        data::TokenStore store(std::get<LossTask>(task.what).store);
        measured.emplace_back(fmt::format("{}/{}", eval.name, task.name),
                              eval::heldOutLoss(nll, store).all().mean());
      }
  return measured;
}

} // namespace roux
