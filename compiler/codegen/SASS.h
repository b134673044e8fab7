//===- SASS.h - PTX as the instructions that a GPU runs --------------------===//
//
// NVIDIA's assembler decides what PTX becomes; only its own tools can show it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/LinedCode.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace roux {

struct SASSFunction {
  std::string name; ///< as in PTX
  LinedCode code;
};

/// `ptx` assembled for `architecture` by ptxas and listed by nvdisasm, from PATH, a CUDA toolkit or
/// where setup/cuda.sh puts them. An error that names the tool that is missing, or what one said.
llvm::Expected<std::vector<SASSFunction>> disassemble(llvm::StringRef ptx,
                                                      llvm::StringRef architecture);

/// The functions of what `nvdisasm -g -c` printed, without what fills up their end. One that has no
/// lines, among others that do, cannot be told from one that has those of the function before.
std::vector<SASSFunction> readSASS(llvm::StringRef listing);

} // namespace roux
