//===- SharedCode.h - a program's machine code, loaded --------------------===//
//
// Kernels are linked into an ordinary shared object, so the system's own loader
// places them and perf, gdb and unwinders know their names. Code just compiled
// and code that was saved take the same way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Kernel.h"

#include <string>
#include <string_view>
#include <vector>

namespace roux {

/// One of the functions that a launch calls, one after the other.
struct KernelPhase {
  KernelCode code;
  KernelShape shape;
};

/// One loaded shared object; its kernels live as long as it does.
class SharedCode {
public:
  /// `code` is a sealed shared object (runtime/Seal.h). It is loaded from `file`, which holds it,
  /// or from memory where `file` is empty or cannot be loaded. Throws std::runtime_error if `code`
  /// is damaged, for another kind of processor, or calls a function that is not here.
  SharedCode(std::string_view code, const std::string &file);
  ~SharedCode();
  SharedCode(const SharedCode &) = delete;
  SharedCode &operator=(const SharedCode &) = delete;

  /// A kernel of the object. Throws std::runtime_error if it has none of that name.
  std::vector<KernelPhase> kernel(const std::string &name) const;
  /// Any symbol of the object. Throws std::runtime_error if it has none of that name.
  void *find(const std::string &symbol) const;

private:
  /// An open file; -1: none.
  struct Memory {
    ~Memory();
    int descriptor = -1;
  };
  void *loadFromMemory(std::string_view code);
  KernelPhase phase(const std::string &symbol) const;

  Memory memory; ///< that it lies in, where it was not loaded from a file
  void *handle = nullptr;
};

} // namespace roux
