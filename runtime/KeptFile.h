//===- KeptFile.h - what was made once, kept on disk ----------------------===//
//
// In the folder that all runs of a user share: code, cubins, a library's plans. A file
// appears under its name only when it is whole, and one that is not, or that another
// process has just removed, is as if it were absent.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roux {

/// 32 hexadecimal digits that are `text`'s.
std::string digestOf(std::string_view text);

/// The sealed bytes (runtime/Seal.h) that were kept at `path`, which counts as a use of them; none
/// where they are not there, or not as they were.
std::optional<std::string> readSealed(const std::string &path);
/// The same without their seal.
std::optional<std::string> readKept(const std::string &path);

/// Keeps bytes that are sealed at `path`; false where that cannot be written. The first that a
/// process keeps in a folder makes room in it (runtime/KeptRoom.h).
bool keepSealed(const std::string &path, std::string_view bytes);
/// Seals and keeps them.
bool keep(const std::string &path, std::string bytes);

} // namespace roux
