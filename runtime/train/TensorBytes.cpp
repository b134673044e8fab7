//===- TensorBytes.cpp - looking for the number that is none --------------===//
//
// Infinite and NaN have all exponent bits set in every format, so one scan over
// bits serves them all.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/TensorBytes.h"

#include <fmt/format.h>

#include <cstring>

namespace roux::train {

namespace {

struct ElementFormat {
  std::string_view name;
  size_t bytes;
  uint64_t exponent, fraction; ///< masks
};

} // namespace

static constexpr ElementFormat formats[] = {
    {"f32", 4, 0x7f800000, 0x007fffff},
    {"f64", 8, 0x7ff0000000000000, 0x000fffffffffffff},
    {"bf16", 2, 0x7f80, 0x007f},
    {"f16", 2, 0x7c00, 0x03ff},
};

static const ElementFormat *formatOf(const TensorBytes &tensor) {
  for (const ElementFormat &format : formats)
    if (format.name == tensor.element)
      return &format;
  return nullptr; // whole numbers are always finite
}

static uint64_t bitsAt(const TensorBytes &tensor, const ElementFormat &format, uint64_t index) {
  uint64_t bits = 0;
  std::memcpy(&bits, tensor.bytes.data() + index * format.bytes, format.bytes);
  return bits;
}

std::optional<uint64_t> firstNotFinite(const TensorBytes &tensor) {
  const ElementFormat *format = formatOf(tensor);
  if (!format)
    return std::nullopt;
  for (uint64_t i = 0; i < tensor.bytes.size() / format->bytes; ++i)
    if ((bitsAt(tensor, *format, i) & format->exponent) == format->exponent)
      return i;
  return std::nullopt;
}

std::string firstBad(std::span<const TensorBytes> tensors) {
  for (const TensorBytes &tensor : tensors)
    if (auto index = firstNotFinite(tensor)) {
      const ElementFormat &format = *formatOf(tensor);
      bool isNan = bitsAt(tensor, format, *index) & format.fraction;
      return fmt::format("'{}': element {} of {} is {}", tensor.name, *index,
                         tensor.bytes.size() / format.bytes, isNan ? "nan" : "infinite");
    }
  return "";
}

} // namespace roux::train
