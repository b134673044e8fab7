//===- CodeCache.h - compiled code kept on disk ---------------------------===//
//
// Compiling is by far the longest part of starting a run, and most kernels of a
// run were compiled before. Code is known by what it was made of and by the build
// that made it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"

#include <optional>
#include <string>

namespace roux {

/// A folder of kept files (runtime/KeptFile.h). A damaged one counts as absent, as does one that
/// made room for others; a folder that cannot be written is used as far as it can.
class CodeCache {
public:
  /// Nothing is found or kept where `folder` is empty, or this build has no identity.
  explicit CodeCache(const std::string &folder);
  bool isUsed() const { return !folder.empty(); }

  /// What a kernel's code is kept under: its text, the target, the build; `hasLines`: the places of
  /// its operations too, of code that names them.
  static std::string keyOf(kernel::FuncOp function, llvm::StringRef target, bool hasLines = false);
  /// What comes of a step's whole text is kept under, which says all that it hangs on but the
  /// build.
  static std::string keyOf(llvm::StringRef step);
  /// What the code linked from these objects is kept under.
  static std::string keyOf(llvm::ArrayRef<std::string> kernels);

  std::string pathOf(const std::string &key) const;
  /// The sealed bytes kept under `key`.
  std::optional<std::string> find(const std::string &key) const;
  /// Keeps `bytes`, which are sealed; false where they could not be written.
  bool put(const std::string &key, llvm::StringRef bytes) const;

private:
  std::string folder;
};

} // namespace roux
