//===- TensorBytes.h - a running program's tensors, by name ---------------===//
//
// What a checkpoint stores and an error names: the same tensor under the same name
// in every build of a recipe, wherever its memory is.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roux::train {

struct TensorBytes {
  std::string name;    ///< as in the model's files; moments have a prefix of the program's choice
  std::string element; ///< f32, f64, bf16 or f16
  std::vector<int64_t> shape;
  std::span<std::byte> bytes; ///< in host memory, row by row
};

/// The first element that is infinite or no number.
std::optional<uint64_t> firstNotFinite(const TensorBytes &tensor);

/// "'name': element 17 of 4096 is nan" for the first such tensor; empty where all are finite.
std::string firstBad(std::span<const TensorBytes> tensors);

} // namespace roux::train
