//===- CompiledStep.cpp - a compiled model as a trainer sees it -----------===//
//
// The norm is summed here, in a fixed order and in double, because it must be known
// before the program's update, which clips with its own.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/CompiledStep.h"

#include <cmath>

namespace roux::train {

StreamColumns columnsOf(const data::MicroBatch &batch) {
  return {batch.tokens,
          batch.labels,
          batch.weights,
          batch.positions,
          {batch.segmentOffsets.begin(), batch.segmentOffsets.end()}};
}

std::vector<TensorBytes> CompiledStep::views(std::map<std::string, StateTensor> &tensors) {
  std::vector<TensorBytes> all;
  for (auto &[name, tensor] : tensors)
    all.push_back({name, tensor.element, tensor.shape, tensor.bytes});
  return all;
}

template <typename T>
static double squares(std::span<const std::byte> bytes) {
  double sum = 0;
  const T *values = reinterpret_cast<const T *>(bytes.data());
  for (size_t i = 0; i < bytes.size() / sizeof(T); ++i)
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

double CompiledStep::gradientNorm() {
  double sum = 0;
  for (const auto &[name, tensor] : program.gradients())
    sum += tensor.element == "f64" ? squares<double>(tensor.bytes) : squares<float>(tensor.bytes);
  return std::sqrt(sum);
}

} // namespace roux::train
