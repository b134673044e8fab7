//===- LanguageModel.h - a model that is asked for its next token ---------===//
//
// The `prefill` and `decode` entries of a Program, or a script that answers in their
// place: everything that generates needs no more.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace roux::eval {

class LanguageModel {
public:
  virtual ~LanguageModel() = default;

  virtual uint32_t vocabulary() const = 0;
  /// Longest sequence, prompt and answer together.
  virtual uint64_t context() const = 0;
  /// Begins one sequence for each prompt and forgets those before. Sets row r of `logits`,
  /// prompts.size() x vocabulary(), to the logits after prompt r.
  virtual void prefill(std::span<const std::vector<int32_t>> prompts, std::span<float> logits) = 0;
  /// Appends tokens[i] to sequence rows[i]; row i of `logits` becomes those after it.
  virtual void decode(std::span<const uint32_t> rows, std::span<const int32_t> tokens,
                      std::span<float> logits) = 0;
};

} // namespace roux::eval
