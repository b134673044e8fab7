//===- CompiledModel.cpp - a compiled model as evaluation sees it ---------===//
//
// Sequences go through one at a time, so what a prompt gets cannot depend on its
// neighbours.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/CompiledModel.h"

#include "runtime/train/CompiledStep.h"

#include <numeric>

namespace roux::eval {

void CompiledNll::nll(const data::MicroBatch &batch, std::span<float> nll) {
  std::vector<double> found = program.nll(train::columnsOf(batch));
  std::copy(found.begin(), found.end(), nll.begin());
}

uint32_t CompiledModel::vocabulary() const {
  return static_cast<uint32_t>(program.config().vocabulary);
}

uint64_t CompiledModel::context() const {
  return static_cast<uint64_t>(program.config().context);
}

void CompiledModel::lastLogits(const std::vector<int32_t> &sequence, std::span<float> logits) {
  std::vector<int32_t> positions(sequence.size()), labels(sequence.size(), data::noLabel);
  std::iota(positions.begin(), positions.end(), 0);
  std::vector<float> weights(sequence.size());
  int32_t length = static_cast<int32_t>(sequence.size());
  std::vector<double> all = program.logits({sequence, labels, weights, positions, {0, length}});
  std::copy(all.end() - static_cast<ptrdiff_t>(logits.size()), all.end(), logits.begin());
}

void CompiledModel::prefill(std::span<const std::vector<int32_t>> prompts,
                            std::span<float> logits) {
  sequences.assign(prompts.begin(), prompts.end());
  for (size_t row = 0; row < sequences.size(); ++row)
    lastLogits(sequences[row], logits.subspan(row * vocabulary(), vocabulary()));
}

void CompiledModel::decode(std::span<const uint32_t> rows, std::span<const int32_t> tokens,
                           std::span<float> logits) {
  for (size_t i = 0; i < rows.size(); ++i) {
    sequences[rows[i]].push_back(tokens[i]);
    lastLogits(sequences[rows[i]], logits.subspan(i * vocabulary(), vocabulary()));
  }
}

} // namespace roux::eval
