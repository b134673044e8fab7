//===- Sums.h - what files of others' formats held when they were written -===//
//
// A token store has a place for its hash; config.json and safetensors have none. Files
// that Roux writes in such formats and reads again have a list of hashes beside them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/KnownFiles.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace roux::data {

/// Writes to `list` the contentHash() of files, by their names. To be done before the files get
/// those names: a list without files is made again with them, but files without a list never are.
void writeSums(const std::filesystem::path &list, const std::map<std::string, uint64_t> &files);

/// Those of the files in `folder` that `list` names and that are gone or not what they were. Throws
/// FileError, saying what to do, where the list itself is gone or damaged.
std::vector<std::filesystem::path> changedSince(const std::filesystem::path &list,
                                                const std::filesystem::path &folder,
                                                KnownFiles &known);

} // namespace roux::data
