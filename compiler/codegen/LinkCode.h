//===- LinkCode.h - objects as one shared object ---------------------------===//
//
// lld, within this process: a program's fifty objects take it a few milliseconds.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace roux {

/// The bytes of a shared object with the functions of `objects`, of which there is at least one.
/// They may call the C library's functions and no others; an error with the linker's own words.
llvm::Expected<std::string> linkCode(llvm::ArrayRef<llvm::StringRef> objects);

} // namespace roux
