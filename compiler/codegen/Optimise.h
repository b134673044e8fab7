//===- Optimise.h - LLVM's passes as both targets run them ----------------===//
//
// Kernels arrive as vectors and with the loops they should have, so LLVM is
// asked for everything but vectorising them again.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace roux {

void optimise(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace roux
