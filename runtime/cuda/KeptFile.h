//===- KeptFile.h - what was made once, kept on disk ----------------------===//
//
// Beside compiled kernels, which the runtime does not know. A file appears under its
// name only when it is whole, and one that is not is as if it were absent.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roux::cuda {

/// 32 hexadecimal digits that are `text`'s.
std::string digestOf(std::string_view text);

/// The bytes that were kept at `path`; none where they are not there, or not as they were.
std::optional<std::string> readKept(const std::string &path);

/// Keeps `bytes` at `path`, or nothing where that cannot be written.
void keep(const std::string &path, const std::string &bytes);

} // namespace roux::cuda
