//===- Kernel.h - a compiled kernel as the runtime sees it ----------------===//
//
// The contract between generated code and the runtime: what a kernel's function
// is called with, and how a launch's extent becomes work items.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace roux {

/// A kernel's entry on the CPU. `arguments[i]` is argument i's buffer, or its scalar's bits in the
/// low bytes. Runs work items [begin, end) of a launch over `extent`. `scratch` is the calling
/// thread's own, KernelShape::scratchBytes large, 64-byte aligned. What a call leaves there the
/// thread's next one of the same launch finds; before its first one the first scratchMarkBytes are
/// 0 and the rest is undefined.
using KernelCode = void (*)(void *const *arguments, int64_t extent, int64_t begin, int64_t end,
                            void *scratch);

/// Of a scratch: where a kernel may note what it has left there.
inline constexpr int64_t scratchMarkBytes = 64;

/// How a launch divides into work items, each run by one thread from begin to end. What an item
/// computes does not depend on which other items exist or who runs them.
struct KernelShape {
  std::string name;
  int64_t extentPerItem = 1; ///< rows of the extent an item covers; 0: the extent has no part in it
  int64_t itemsPerRow = 1;   ///< items for each such group of rows (column strips, column blocks)
  int64_t scratchBytes = 0;  ///< a thread's
  /// The argument that holds the extent; none: it is the launch's.
  std::optional<unsigned> extentArgument = {};

  /// Items that are blocks (a matmul's) share operands with those that follow them.
  bool itemsShare() const { return extentPerItem != 1; }

  int64_t items(int64_t extent) const {
    if (extentPerItem == 0)
      return itemsPerRow;
    return (extent + extentPerItem - 1) / extentPerItem * itemsPerRow;
  }
};

/// The constant beside a kernel's function: its shape's four numbers, as int64_t in their order; -1
/// where no argument holds the extent.
inline std::string shapeSymbol(const std::string &kernel) {
  return kernel + ".shape";
}

/// A second function that some kernels have, with a shape of its own. Its items begin when all of
/// the first's are done: they add what those have gathered apart, in an order that does not depend
/// on who ran them.
inline std::string finishSymbol(const std::string &kernel) {
  return kernel + ".finish";
}

/// The names of a kernel's functions on a GPU: a dot is no letter of PTX.
inline std::string gpuSymbol(std::string kernel) {
  for (char &letter : kernel)
    if (letter == '.')
      letter = '$';
  return kernel;
}
inline std::string gpuFinishSymbol(const std::string &kernel) {
  return gpuSymbol(kernel) + "$finish";
}

} // namespace roux
