//===- CompiledModel.h - a compiled model as evaluation sees it -----------===//
//
// Losses come from the program's `nll` entry, next tokens from `prefill` and
// `decode`, with the keys and values of all tokens before in a cache.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/HeldOutLoss.h"
#include "runtime/eval/KeyValueCache.h"
#include "runtime/eval/LanguageModel.h"

namespace roux::eval {

/// `program` must outlive both.
class CompiledNll : public NllProgram {
public:
  explicit CompiledNll(train::ModelProgram &program) : program(program) {}
  void nll(const data::MicroBatch &batch, std::span<double> nll) override;

private:
  train::ModelProgram &program;
};

/// Logits after a token are the same bits whatever else is in the batch, and however a prompt was
/// cut into launches.
class CompiledModel : public LanguageModel {
public:
  /// Throws std::runtime_error if the program has no `prefill` and `decode`.
  explicit CompiledModel(train::ModelProgram &program);
  uint32_t vocabulary() const override;
  uint64_t context() const override;
  /// Throws std::invalid_argument for an empty prompt, one longer than the context, or a token
  /// outside the vocabulary.
  void prefill(std::span<const std::vector<int32_t>> prompts, std::span<float> logits) override;
  /// Throws std::invalid_argument where a sequence has no room left in the context.
  void decode(std::span<const uint32_t> rows, std::span<const int32_t> tokens,
              std::span<float> logits) override;

  const KeyValueCache &cache() const { return kept; }

private:
  void checkToken(int32_t token) const;

  train::ModelProgram &program;
  KeyValueCache kept;
};

} // namespace roux::eval
