//===- PTXListing.h - a module of PTX by function and line -----------------===//
#pragma once

#include "compiler/codegen/LinedCode.h"
#include "llvm/ADT/StringRef.h"

namespace roux {

struct PTXFunction {
  std::string name;
  LinedCode code; ///< what comes before the first instruction has no line
};

/// The functions that `module` defines.
std::vector<PTXFunction> readPTX(llvm::StringRef module);

} // namespace roux
