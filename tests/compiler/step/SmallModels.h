//===- SmallModels.h - models small enough for plain loops ----------------===//
//
// Between them they have every feature of the families, at sizes that no vector
// or block divides.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "tests/compiler/step/ModelRunner.h"

namespace roux::step::reference {

/// A little of everything the Llama family has.
model::ModelConfig smallLlama();
/// Tied, as GPT-2 is.
model::ModelConfig smallGpt2();

/// Five sequences of different lengths.
std::vector<std::vector<int64_t>> someSequences(unsigned seed);

/// LongAlign's weight: every sequence counts the same.
Columns columnsOf(const std::vector<std::vector<int64_t>> &sequences,
                  const std::vector<int> &which);

} // namespace roux::step::reference
