//===- JoinPTX.h - modules of PTX as one -----------------------------------===//
//
// The assembler and the driver take a third of the time for one module that they take
// for as many as there are kernels; kernels are made, and kept, one by one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace roux {

/// `modules`, of one version and target as LLVM prints them, behind each other under the first
/// one's head. Files that lines are of get one list of numbers, and what several declare is there
/// once. Names that a module defines must be no other's.
std::string joinPTX(llvm::ArrayRef<llvm::StringRef> modules);

} // namespace roux
