//===- SimtAssembly.h - PTX inside CUDA's libdevice, in words of LLVM -----===//
#pragma once

#include "llvm/IR/IRBuilder.h"

namespace roux {

/// What the inline assembly that `call` is of gives, as its struct; null where it is no such call
/// or is not known.
llvm::Value *simtAssembly(llvm::CallInst &call);

} // namespace roux
