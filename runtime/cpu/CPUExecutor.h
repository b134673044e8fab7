//===- CPUExecutor.h - walks a program's entries on the CPU ---------------===//
//
// The host side of a step: gives buffers their addresses, runs the loops, and
// hands each launch to the threads.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/MemoryPlan.h"
#include "runtime/ZeroedMemory.h"
#include "runtime/cpu/SharedCode.h"
#include "runtime/cpu/ThreadPool.h"
#include <memory>
#include <span>

namespace roux {

/// What one run of an entry works on. Buffers are the caller's, by name, at least as large as the
/// plan says; 64-byte alignment is faster but not needed.
struct Bindings {
  Extents extents;
  std::map<std::string, double> scalars;
  std::map<std::string, std::span<std::byte>> buffers;
};

/// Time spent in one kernel: by the clock, and by the processor over all threads. Where the second
/// is less than the first times the threads, threads waited, for each other or for other programs.
struct KernelTime {
  int64_t launches = 0, rows = 0; ///< rows: the extents of all launches
  double seconds = 0, processor = 0;
};

/// Calls a kernel for all items of a launch over `extent`, on the threads of `pool`, each with its
/// own `scratch`, as large as the phases want.
void runKernel(const std::vector<KernelPhase> &phases, void *const *arguments, int64_t extent,
               ThreadPool &pool, std::span<ZeroedMemory> scratch);

class CPUExecutor {
public:
  /// Loads the code. Throws std::runtime_error if the program is for another machine or damaged.
  CPUExecutor(Program program, unsigned threads);
  ~CPUExecutor();

  const Program &program() const { return loaded; }
  /// Runs entry `name` once. The result is the same bits for any number of threads. Throws
  /// std::runtime_error before anything runs if a binding is missing or too small.
  void run(const std::string &name, const Bindings &bindings);

  /// Per kernel of program(), since the executor was made.
  const std::vector<KernelTime> &times() const { return spent; }

private:
  void launch(const Instruction &instruction, const std::vector<uint64_t> &registers);

  Program loaded;
  std::unique_ptr<SharedCode> code;              ///< none of a program without kernels
  std::vector<std::vector<KernelPhase>> kernels; ///< as program() has them
  std::vector<KernelTime> spent;
  ThreadPool pool;
  std::vector<ZeroedMemory> scratch; ///< one a thread
  ZeroedMemory arena;
};

} // namespace roux
