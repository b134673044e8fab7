//===- KernelCache.h - compiled kernels kept on disk ----------------------===//
//
// Compiling is by far the longest part of starting a run, and most kernels of a
// run were compiled before. A kernel is known by its text without locations, the
// machine and the lowering's format number.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "runtime/Program.h"
#include <optional>

namespace roux {

/// A folder of compiled kernels. Damaged or foreign files count as absent; a folder that cannot be
/// written is used as far as it can.
class KernelCache {
public:
  explicit KernelCache(std::string folder) : folder(std::move(folder)) {}

  static std::string key(kernel::FuncOp function, llvm::StringRef machine);
  std::optional<ProgramKernel> find(const std::string &key) const;
  void put(const std::string &key, const ProgramKernel &kernel) const;

private:
  std::string folder;
};

} // namespace roux
