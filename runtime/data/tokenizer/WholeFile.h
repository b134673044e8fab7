//===- WholeFile.h - a small file in memory -------------------------------===//
//
// Tokenizer files are read whole before they are parsed. Gzip is unpacked by
// content, not by name, so a `.json.gz` needs no case of its own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <string>

namespace roux::data {

/// The bytes of `path`, unpacked when they are gzip. Throws TokenizerError when the file cannot be
/// read, is cut short, or holds more than 1 GiB.
std::string readWholeFile(const std::filesystem::path &path);

/// Whether something has this name, be it a link that leads nowhere: a file that was not fetched is
/// not one that there never was.
bool isNamed(const std::filesystem::path &path);

} // namespace roux::data
