//===- Emulator.h - launches of GPU kernels on the CPU ---------------------===//
//
// Runs what a GPU would run, the same optimised code, thread by thread, and looks
// for what a GPU would not tell: races, accesses beside buffers, threads that wait
// for ever. It is slow, and stands where there is no GPU, or one gave wrong numbers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/SimtCode.h"
#include "runtime/simt/SimtMemory.h"

#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace roux {

namespace simt {
class Block;
class Shadow;
} // namespace simt
class ThreadPool;

struct EmulatorOptions {
  bool checks = true;       ///< looks for races and accesses out of bounds
  uint64_t seed = 0;        ///< of the order in which threads run; 0: that of their numbers
  bool earlyCopies = false; ///< async copies arrive when they begin, otherwise when waited for
  unsigned threads = 1;     ///< of the host
};

/// One phase of a launch.
struct SimtLaunch {
  SimtFunction code;
  int64_t blocks = 0, threads = 0;
  int64_t sharedBytes = 0;             ///< dynamic
  std::span<const uint64_t> arguments; ///< their bits; the last points to the extent
  const SimtMemory *memory = nullptr;  ///< null: bounds are not looked at
  std::string kernel, location;        ///< for errors
};

/// What a kernel does wrong: where, kernel, block, thread, address.
struct SimtError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Emulator {
public:
  /// Throws std::runtime_error where so many threads of the host cannot be had.
  explicit Emulator(const EmulatorOptions &given);
  ~Emulator();

  /// Runs all blocks. Throws SimtError, of the first block that has one; the others may have run or
  /// not.
  void run(const SimtLaunch &launch);

private:
  EmulatorOptions options;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<simt::Shadow> shadow;
  std::vector<std::unique_ptr<simt::Block>> blocks; ///< one for each thread of the host
  uint32_t runs = 0;                                ///< blocks run so far
};

} // namespace roux
