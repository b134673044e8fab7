//===- SmallModels.cpp - models small enough for plain loops --------------===//
//
// Sizes are chosen to be awkward, seeds to be anything.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/SmallModels.h"

#include <random>

namespace roux::step::reference {

model::ModelConfig smallLlama() {
  model::ModelConfig config;
  config.file = "small/config.json";
  config.type = "qwen3";
  config.layers = 3;
  config.channels = 12;
  config.heads = 4;
  config.keyValueHeads = 2;
  config.headChannels = 4;
  config.feedForward = 20;
  config.vocabulary = 23;
  config.context = 64;
  config.epsilon = 1e-5;
  config.queryKeyValueBias = config.outputBias = config.feedForwardBias = true;
  config.headNorms = model::Blocks::HeadNorms::Each;
  config.window = 5;
  return config;
}

model::ModelConfig smallGpt2() {
  model::ModelConfig config;
  config.file = "small/config.json";
  config.type = "gpt2";
  config.activation = model::Activation::GeluTanh;
  config.layers = 2;
  config.channels = 12;
  config.heads = config.keyValueHeads = 3;
  config.headChannels = 4;
  config.feedForward = 20;
  config.vocabulary = 23;
  config.context = 64;
  config.epsilon = 1e-5;
  config.tied = true;
  config.queryKeyValueBias = config.outputBias = config.feedForwardBias = true;
  return config;
}

std::vector<std::vector<int64_t>> someSequences(unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<std::vector<int64_t>> sequences;
  for (int length : {9, 2, 14, 5, 11}) {
    std::vector<int64_t> ids;
    for (int i = 0; i < length; ++i)
      ids.push_back(generator() % 23);
    sequences.push_back(ids);
  }
  return sequences;
}

Columns columnsOf(const std::vector<std::vector<int64_t>> &sequences,
                  const std::vector<int> &which) {
  Columns columns;
  for (int i : which)
    columns.append(sequences[i], 1.0 / (sequences.size() * (sequences[i].size() - 1)));
  return columns;
}

} // namespace roux::step::reference
