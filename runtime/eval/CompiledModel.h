//===- CompiledModel.h - a compiled model as evaluation sees it -----------===//
//
// Losses come from the program's `nll` entry. Next tokens come from `logits` over the
// whole sequence: right and simple, and slow for long answers, since nothing of the
// tokens before is kept.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/HeldOutLoss.h"
#include "runtime/eval/LanguageModel.h"
#include "runtime/train/ModelProgram.h"

namespace roux::eval {

/// `program` must outlive both.
class CompiledNll : public NllProgram {
public:
  explicit CompiledNll(train::ModelProgram &program) : program(program) {}
  void nll(const data::MicroBatch &batch, std::span<float> nll) override;

private:
  train::ModelProgram &program;
};

class CompiledModel : public LanguageModel {
public:
  explicit CompiledModel(train::ModelProgram &program) : program(program) {}
  uint32_t vocabulary() const override;
  uint64_t context() const override;
  void prefill(std::span<const std::vector<int32_t>> prompts, std::span<float> logits) override;
  void decode(std::span<const uint32_t> rows, std::span<const int32_t> tokens,
              std::span<float> logits) override;

private:
  void lastLogits(const std::vector<int32_t> &sequence, std::span<float> logits);

  train::ModelProgram &program;
  std::vector<std::vector<int32_t>> sequences;
};

} // namespace roux::eval
