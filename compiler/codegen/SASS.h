//===- SASS.h - PTX as the instructions that a GPU runs --------------------===//
//
// NVIDIA's assembler decides what PTX becomes; only its own tools can show it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace roux {

/// `ptx` assembled for `architecture` by ptxas and listed by nvdisasm, from PATH, a CUDA toolkit or
/// where setup/cuda.sh puts them. An error that names the tool that is missing, or what one said.
llvm::Expected<std::string> disassemble(llvm::StringRef ptx, llvm::StringRef architecture);

} // namespace roux
