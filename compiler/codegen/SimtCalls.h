//===- SimtCalls.h - GPU code's calls of the emulator ----------------------===//
//
// What only a GPU has, in LLVM IR whose other half a processor can run as it is.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Location.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include <map>

namespace roux {

/// Rewrites one module.
class SimtCalls {
public:
  explicit SimtCalls(llvm::Module &code);

  /// Calls the emulator before every access to memory that is not the thread's own, and replaces
  /// special registers, a GPU's maths and its instructions, and roundings to bf16. Fails with a
  /// diagnostic at `where` that names all that is not known.
  mlir::LogicalResult replaceAll(mlir::Location where);
  /// Where the running block's shared memory begins.
  llvm::Value *sharedMemory(llvm::IRBuilder<> &builder);

private:
  void checkAccess(llvm::Instruction &access);
  bool replace(llvm::Instruction &instruction);
  llvm::Value *valueOf(llvm::CallInst &call, llvm::StringRef name);
  llvm::Value *callInstruction(llvm::CallInst &call, unsigned entry,
                               llvm::ArrayRef<uint32_t> before = {});
  llvm::Value *tableEntry(llvm::IRBuilder<> &builder, unsigned entry);
  llvm::Constant *siteOf(const llvm::Instruction &at);

  llvm::Module &code;
  llvm::GlobalVariable *table;
  llvm::PointerType *pointer;
  std::map<std::string, unsigned> entries; ///< of the table, by instruction
  std::map<std::tuple<std::string, unsigned, unsigned>, llvm::Constant *> sites;
};

} // namespace roux
