//===- FamilyReference.h - what transformers computes of tiny models ------===//
//
// The models of the reference data's families and those kept beside the tests: a
// folder each, with likelihoods and gradients that transformers computed in f64.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace roux::reference {

struct ReferenceSequence {
  std::vector<int32_t> tokens;
  std::vector<double> nll, lastLogits;
};

/// The gradient of a tensor of the model's files: its length, and some of it.
struct ReferenceGradient {
  struct Sample {
    std::vector<int64_t> index;
    double value;
  };
  std::vector<int64_t> shape;
  double length = 0;
  std::vector<Sample> samples;
};

struct FamilyReference {
  std::vector<ReferenceSequence> sequences;
  size_t differentiated = 0; ///< the one of sequences whose mean nll has the gradients
  std::map<std::string, ReferenceGradient> gradients;
};

/// As "A/gemma2"; those beside the tests are "tests/phi". Empty without reference data.
std::vector<std::string> familyNames();
std::filesystem::path familyFolder(const std::string &name);
FamilyReference readFamilyReference(const std::filesystem::path &file);

} // namespace roux::reference
