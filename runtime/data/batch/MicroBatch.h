//===- MicroBatch.h - the five columns of a portion of a step -------------===//
//
// What a trainer is given: token, label, weight, position and segment of every
// place of a ragged stream. Made from plan and token store alone, the same on every
// machine, and without padding.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/Layout.h"
#include "runtime/data/batch/StepWeights.h"

#include <cstdint>
#include <vector>

namespace roux::data {

/// Row j reads `tokens[j]` and must predict `labels[j]` (or nothing: noLabel) with `weights[j]`.
struct MicroBatch {
  uint64_t step = 0;
  uint32_t portion = 0;  ///< which of the rank's portions of the step, from 0
  uint32_t portions = 0; ///< of the rank in this step
  std::vector<int32_t> tokens;
  std::vector<int32_t> labels;
  std::vector<float> weights; ///< all 0 where only a kernel knows them
  std::vector<int32_t> positions;
  std::vector<int32_t> segments;       ///< from 0; attention does not cross them
  std::vector<int64_t> segmentOffsets; ///< where each begins, and the end of the last
  std::vector<WeightValues> inputs;    ///< what a kernel computes the weights from
  std::vector<uint64_t> origins;       ///< bits that name the token, wherever it is laid out
  Portion sequences;                   ///< of the step, in the order of the rows
  /// Segments are answers, the chosen and the rejected one of each sequence, which is a pair. The
  /// inputs that are not the step's have a value for each pair.
  bool arePairs = false;
  std::vector<double> references; ///< of each answer, what the reference says; or none
  uint64_t targets = 0;

  size_t size() const { return tokens.size(); }
};

/// Fills `batch` with the sequences of `portion`; its storage is used again.
void materialize(const Plan &plan, const PlanInput &input, const StepWeights &weights,
                 const Portion &portion, MicroBatch &batch);

} // namespace roux::data
