//===- SimtMaths.h - a GPU's maths in words of LLVM ------------------------===//
//
// What a GPU has an instruction for and LLVM a name of its own for too. Numbers that
// a GPU only comes near to are here as exact as the C library has them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/IR/IRBuilder.h"

namespace roux {

/// The value of the call of `llvm.nvvm.<name>` with `operands`; null where it is no such maths.
llvm::Value *simtMaths(llvm::IRBuilder<> &builder, llvm::StringRef name, llvm::Type *result,
                       llvm::ArrayRef<llvm::Value *> operands);

/// `value`, of f32 numbers, rounded to bf16 as a GPU does.
llvm::Value *simtRound(llvm::IRBuilder<> &builder, llvm::Value *value, llvm::Type *result);

} // namespace roux
