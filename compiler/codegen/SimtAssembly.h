//===- SimtAssembly.h - PTX inside CUDA's libdevice, in words of LLVM -----===//
#pragma once

#include "llvm/IR/IRBuilder.h"

namespace roux {

/// What the inline assembly that `call` is of gives, as its struct; null where it is no such call
/// or is not known.
llvm::Value *simtAssembly(llvm::CallInst &call);

/// An instruction that our own kernels have as assembly, because LLVM has no word for it.
struct SimtAssemblyCall {
  std::string name;                     ///< as the emulator calls it
  llvm::SmallVector<uint32_t> operands; ///< that the text says, before those that are registers
};
/// None where `call` is of no such assembly.
std::optional<SimtAssemblyCall> simtAssemblyCall(const llvm::CallInst &call);

} // namespace roux
