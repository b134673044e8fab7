//===- Decompress.h - gzip and zstd as streams ----------------------------===//
//
// Told by their first bytes, not by their names: files get renamed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace roux::data {

enum class Compression : uint8_t { None, Gzip, Zstd };
Compression tellCompression(std::string_view firstBytes);

/// Compressed data that end early or are damaged; `byte` of the compressed input.
struct CompressionError : std::runtime_error {
  CompressionError(const std::string &what, uint64_t byte) : runtime_error(what), byte(byte) {}
  uint64_t byte;
};

/// Reads with `read` (which returns an empty view at the end) and gives what comes out to `write`.
/// Several gzip members or zstd frames in a row are one stream. Throws CompressionError.
void decompress(Compression compression, const std::function<std::string_view()> &read,
                const std::function<void(std::string_view)> &write);

} // namespace roux::data
