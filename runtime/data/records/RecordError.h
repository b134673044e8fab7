//===- RecordError.h - a record that cannot be used -----------------------===//
//
// Says where: file, record (line) and byte, so that a person finds the place.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"

#include <cstdint>
#include <string>

namespace roux::data {

/// What is wrong, and at which byte of the record.
struct RecordProblem {
  uint64_t byte = 0;
  std::string what;
};

/// "FILE:LINE: byte N: what is wrong"; the byte counts from the file's start, decompressed.
class RecordError : public FileError {
public:
  using FileError::FileError;
};

} // namespace roux::data
