//===- StoredType.cpp - f32 to two bytes, and back ------------------------===//
//
// A half ends at 65 504. What is beyond would be infinite for whoever loads the
// model, so it is refused and not written.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/StoredType.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace roux::model {

DataType mainType(const Weights &weights) {
  size_t counts[3] = {};
  for (const auto &[name, tensor] : weights.all())
    counts[static_cast<size_t>(tensor.type)] += tensor.bytes.size();
  return static_cast<DataType>(std::ranges::max_element(counts) - counts);
}

static uint16_t toBF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// `value`, without its sign, as a whole number of the half's last places there.
static uint16_t toF16(float value) {
  uint16_t sign = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16 & 0x8000);
  if (std::isnan(value))
    return sign | 0x7e00;
  float magnitude = std::fabs(value);
  if (magnitude >= 65520) // half a place beyond the largest
    return sign | 0x7c00;
  // Below 2^-14 places are 2^-24 wide; nearbyint() rounds to even.
  int exponent = magnitude < 0x1p-14f ? -14 : std::ilogb(magnitude);
  auto places = static_cast<uint16_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  // A carry out of the fraction goes on into the exponent, which is right.
  uint16_t below = static_cast<uint16_t>((exponent + 14) << 10);
  return sign | static_cast<uint16_t>(below + places);
}

static Tensor storedAs(const std::string &name, const Tensor &tensor, DataType type,
                       std::vector<std::byte> &bytes) {
  bytes.resize(static_cast<size_t>(tensor.elements() * byteSize(type)));
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    auto value = static_cast<float>(element(tensor, i));
    uint16_t half = type == DataType::BF16 ? toBF16(value) : toF16(value);
    bool isLost =
        std::isfinite(value) && (half & 0x7fff) == (type == DataType::BF16 ? 0x7f80 : 0x7c00);
    if (isLost && type != DataType::F32)
      throw ModelError(fmt::format("{}: element {} is {}, and {} has no room for it; "
                                   "export_dtype: f32 in the run block has",
                                   name, i, value, type == DataType::BF16 ? "bf16" : "f16"));
    std::byte *to = bytes.data() + i * byteSize(type);
    if (type == DataType::F32)
      std::memcpy(to, &value, sizeof value);
    else
      std::memcpy(to, &half, sizeof half);
  }
  return {type, tensor.shape, bytes, tensor.file};
}

Weights storedAs(const Weights &weights, DataType type) {
  Weights stored;
  stored.keep(std::make_shared<Weights>(weights)); // the bytes that stay
  for (const auto &[name, tensor] : weights.all()) {
    if (tensor.type == type) {
      stored.add(name, tensor);
      continue;
    }
    auto bytes = std::make_shared<std::vector<std::byte>>();
    stored.add(name, storedAs(name, tensor, type, *bytes));
    stored.keep(std::move(bytes));
  }
  return stored;
}

} // namespace roux::model
