//===- StepWeights.h - the weight of every target of a step ---------------===//
//
// `weight:` evaluated on the plan, in double precision. Counts in it are over the
// whole step, whatever part of it a rank or micro-batch asks for, so how a step is
// laid out cannot change a weight.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/WeightFormula.h"
#include "runtime/data/plan/Plan.h"
#include "runtime/data/plan/PlanInput.h"

#include <span>
#include <vector>

namespace roux::data {

/// Safe to use from many threads. What it refers to must outlive it.
class StepWeights {
public:
  /// `inputs` are what a kernel computes the weights from, if one does. Throws PlanError where they
  /// read what a model would have to say.
  StepWeights(const Expression &weight, const PlanInput &input, const Plan &plan,
              const PlanStep &step, std::vector<WeightInput> inputs = {});

  /// Sets `weights[t]`, for each token t of the step's sequence `index`, to the weight of
  /// predicting it, 0 where it is no target. `positions` are those of its inputs. Throws PlanError
  /// naming step, sequence and token where a weight is not a finite number, and where it reads what
  /// a model would have to say.
  void weigh(uint32_t index, std::span<const uint32_t> positions,
             std::vector<double> &weights) const;

  /// The inputs without values, but for those of the step, which are complete.
  const std::vector<WeightValues> &inputs() const { return ofStep; }
  /// The same as weigh(), for input `which`, whose values may be any.
  void give(size_t which, uint32_t index, std::span<const uint32_t> positions,
            std::vector<double> &values) const;

  /// What input `which` is for the pair that the step's sequence `index` is. Throws PlanError
  /// naming step and pair where it is no finite number.
  double ofPair(size_t which, uint32_t index) const;

  const PlanStep &step() const { return planStep; }
  /// Only a kernel knows the weights.
  bool readsModel() const { return weight.usesModel(); }

private:
  /// values[t] = `expression`, which is folded for the step, at every target t of the sequence.
  void evaluate(const Expression &expression, uint32_t index, std::span<const uint32_t> positions,
                std::vector<double> &values) const;
  [[noreturn]] void refuse(uint32_t index, uint32_t token, double weight) const;

  const PlanInput &input;
  const Plan &plan;
  PlanStep planStep;
  SeedTree draws;
  Expression weight;                ///< folded for the step
  std::vector<Expression> perToken; ///< the inputs, folded for the step
  std::vector<WeightValues> ofStep;
};

/// What the weights of one step come to.
struct WeightSummary {
  double sum = 0;             ///< over targets
  double lightest = 0;        ///< sum over a sequence with targets, the smallest
  double heaviest = 0;        ///< and the largest
  uint32_t lightestIndex = 0; ///< which sequence of the step
  uint32_t heaviestIndex = 0;
  uint64_t zeroWeights = 0; ///< targets that a weight of 0 takes out of the loss
};
WeightSummary summarize(const StepWeights &weights, const Plan &plan, const TokenStore &store);

} // namespace roux::data
