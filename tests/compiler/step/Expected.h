//===- Expected.h - the reference data's numbers --------------------------===//
//
// reference.json and logits_f32.bin of one model, made by a program that shares
// nothing with this one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "tests/compiler/step/ModelRunner.h"

namespace roux::step::reference {

struct SampledGradient {
  std::string tensor;
  std::vector<int64_t> index;
  double value;
};

struct Expected {
  std::vector<int64_t> tokens;
  std::vector<double> nll;
  std::vector<float> logits;
  std::vector<SampledGradient> gradients;
};

Expected readExpected(const std::filesystem::path &folder);

/// All tokens as inputs, all but the first as labels with equal weights that sum to one.
Columns wholeSequence(const Expected &expected);

/// Element `index` of tensor `name` in `stacked`, whose names have {layer} in them.
double lookUp(const Parameters &stacked, const std::string &name, const std::vector<int64_t> &index,
              int64_t layers);

} // namespace roux::step::reference
