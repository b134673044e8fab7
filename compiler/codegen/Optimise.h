//===- Optimise.h - LLVM's passes as the targets run them -----------------===//
//
// Kernels arrive as vectors and with the loops they should have, so LLVM is asked
// for little: on a CPU for a handful of passes over functions, which are a third of
// the whole of compiling less than its level O2 and give the same bits.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace roux {

/// For a GPU, of a thread's code: a selection of O2's passes in half of its time, after which the
/// assembler, which optimises once more, makes loops as short of it and spills nothing.
void optimiseThreads(llvm::Module &module, llvm::TargetMachine &machine);

/// For a CPU, of vector loops.
void optimiseVectors(llvm::Module &module, llvm::TargetMachine &machine);

/// Has code generation of what is in `context` not rewrite loops for cheaper addresses. That was a
/// fifth of its time, and x86 adds up in an operand what kernels' loops add.
void leaveLoopsAsTheyAre(llvm::LLVMContext &context);

} // namespace roux
