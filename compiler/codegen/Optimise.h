//===- Optimise.h - LLVM's passes as the targets run them -----------------===//
//
// Kernels arrive as vectors and with the loops they should have, so LLVM is asked
// for little: on a CPU for a handful of passes over functions, which are a third of
// the whole of compiling less than its level O2 and give the same bits.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/Support/CodeGen.h"
#include "llvm/Support/LogicalResult.h"

namespace llvm {
class Module;
class TargetMachine;
class raw_pwrite_stream;
namespace legacy {
class PassManager;
} // namespace legacy
} // namespace llvm

namespace roux {

/// For a GPU, of a thread's code: a selection of O2's passes in half of its time, after which the
/// assembler, which optimises once more, makes loops as short of it and spills nothing.
void optimiseThreads(llvm::Module &module, llvm::TargetMachine &machine);

/// For a CPU, of vector loops.
void optimiseVectors(llvm::Module &module, llvm::TargetMachine &machine);

/// How a loop's addresses come about: x86 adds up in an operand what kernels' loops add, and
/// rewriting them (loop strength reduction) was a fifth of code generation.
enum class LoopAddresses : bool { AsTheyAre, Reduced };

/// Adds to `passes` what writes code as `form` to `out`. Fails where the machine has no such form.
llvm::LogicalResult addCodeGeneration(llvm::TargetMachine &machine,
                                      llvm::legacy::PassManager &passes,
                                      llvm::raw_pwrite_stream &out, llvm::CodeGenFileType form,
                                      LoopAddresses addresses);

} // namespace roux
