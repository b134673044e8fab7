//===- ListedKernels.h - kernels in each of their forms, line by line ------===//
//
// Includes no MLIR: what shows them reads it too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/LinedCode.h"

namespace roux {

struct ListedKernel {
  std::string name;
  std::vector<std::string> launches; ///< how each of its functions is launched
  LinedCode ir, ptx, sass;           ///< of all of its functions
};

struct ListedKernels {
  std::vector<ListedKernel> kernels;
  std::string withoutSASS; ///< why there is none; empty where there is
};

} // namespace roux
