//===- FileError.h - a file that cannot be read or written ----------------===//
//
// Bad files and full disks are the machine's mistakes: thrown here, caught once in
// the tool, and always with the file's name in the message.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <stdexcept>

namespace roux::data {

class FileError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace roux::data
