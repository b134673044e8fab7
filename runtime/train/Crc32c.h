//===- Crc32c.h - the checksum of TFRecord files --------------------------===//
//
// TensorBoard refuses a record whose sum is wrong, and its sum is Castagnoli's.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace roux::train {

/// CRC-32C (polynomial 0x1EDC6F41, reflected).
uint32_t crc32c(std::string_view bytes);

/// The sum as TFRecord stores it: turned and shifted, so that a sum of sums says something.
uint32_t maskedCrc32c(std::string_view bytes);

} // namespace roux::train
