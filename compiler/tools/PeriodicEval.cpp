//===- PeriodicEval.cpp - losses measured while a train runs --------------===//
//
// Only losses: a needle test in the middle of a training would cost more than the
// steps around it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/PeriodicEval.h"

#include "runtime/eval/AnswerLikelihood.h"
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

void PeriodicEval::askReferences(const ReferenceOf &referenceOf) {
  for (const Watched &eval : evals)
    for (const EvalTask &task : eval.losses)
      if (const auto &what = std::get<LossTask>(task.what);
          what.pairsOf && !references.contains(what.store))
        if (auto reference = referenceOf(data::TokenStore(what.store)))
          references.emplace(what.store, *std::move(reference));
}

void PeriodicEval::measurePairs(const std::string &name, const LossTask &task,
                                eval::NllProgram &nll, train::Measured &measured) const {
  data::TokenStore store(task.store);
  auto reference = references.find(task.store);
  eval::HeldOutResult found =
      eval::heldOutPairs(nll, store, (*task.pairsOf)["loss"].expression,
                         reference == references.end() ? nullptr : &reference->second);
  measured.emplace_back(name, found.all.mean);
  measured.emplace_back(name + ".margin", found.pairs->margin);
  measured.emplace_back(name + ".accuracy", found.pairs->accuracy);
}

train::Measured PeriodicEval::measure(uint64_t stepsMade, train::ModelProgram &program) const {
  train::Measured measured;
  eval::CompiledNll nll(program);
  for (const Watched &eval : evals)
    if (isDue(eval, stepsMade))
      for (const EvalTask &task : eval.losses) {
        const auto &what = std::get<LossTask>(task.what);
        std::string name = nameOf(eval.name, task);
        if (what.pairsOf) {
          measurePairs(name, what, nll, measured);
          continue;
        }
        data::TokenStore store(what.store);
        measured.emplace_back(name, eval::heldOutLoss(nll, store).all().mean());
      }
  return measured;
}

} // namespace roux
