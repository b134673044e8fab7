//===- Crc32c.cpp - the checksum of TFRecord files ------------------------===//
//
// A table of 256, made at compile time: a few hundred bytes a step need no more.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Crc32c.h"

#include <array>

namespace roux::train {

static constexpr std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0);
    table[byte] = value;
  }
  return table;
}
static constexpr std::array<uint32_t, 256> table = makeTable();

uint32_t crc32c(std::string_view bytes) {
  uint32_t sum = ~0u;
  for (char byte : bytes)
    sum = table[(sum ^ static_cast<uint8_t>(byte)) & 0xff] ^ (sum >> 8);
  return ~sum;
}

uint32_t maskedCrc32c(std::string_view bytes) {
  uint32_t sum = crc32c(bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
}

} // namespace roux::train
