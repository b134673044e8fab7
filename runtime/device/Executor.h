//===- Executor.h - walks a program's entries on a device -----------------===//
//
// The host side of a step: gives buffers their addresses, runs the loops, and
// hands each launch to the device.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/MemoryPlan.h"
#include "runtime/device/DeviceMemory.h"

#include <map>

namespace roux {

/// What one run of an entry works on, by name. Buffers are at least as large as the plan says;
/// 64-byte alignment is faster but not needed.
struct Bindings {
  Extents extents;
  std::map<std::string, double> scalars;
  std::map<std::string, std::span<std::byte>> buffers; ///< in memory of the device
  /// In memory of the host: inputs are there when the entry begins, outputs when it has run. What
  /// is here need not be in `buffers`.
  std::map<std::string, std::span<std::byte>> host;
  /// Where each segment's rows begin and, last, their number: of attention over segments as they
  /// are given. Empty: there is none.
  std::span<const int32_t> segments = {};
};

/// Time spent in one kernel: by the clock, and by the processor over all threads. Where the second
/// is less than the first times the threads, threads waited, for each other or for other programs.
struct KernelTime {
  int64_t launches = 0, rows = 0; ///< rows: the extents of all launches
  double seconds = 0, processor = 0;
};

class Executor {
public:
  /// Loads the code. Throws std::runtime_error if the program is for another machine or damaged.
  Executor(Program program, std::shared_ptr<Device> device);
  ~Executor();

  const Program &program() const { return loaded; }
  const std::shared_ptr<Device> &device() const { return machine; }
  /// Runs entry `name` once. The result is the same bits for any number of threads. Throws
  /// std::runtime_error before anything runs if a binding is missing or too small.
  void run(const std::string &name, const Bindings &bindings);

  /// See LoadedKernels.
  LoadedKernels *loadedKernels() const { return kernels.get(); }

  /// Gives the memory of activations back; the next run asks for it again.
  void freeActivations() { arena = {}; }

  /// Per kernel of program(), since the executor was made. A device that returns before a launch is
  /// done is waited for only after timeLaunches(): until then its times are the host's.
  const std::vector<KernelTime> &times() const { return spent; }
  /// From now on each launch is waited for, alone, so that times are the device's.
  void timeLaunches() { isTimed = true; }

private:
  class Addresses;
  void launch(const Instruction &instruction, const std::vector<uint64_t> &registers);
  void walk(const Entry &entry, const Bindings &bindings, const std::vector<uint64_t> &buffers);

  Program loaded;
  std::shared_ptr<Device> machine;
  std::unique_ptr<LoadedKernels> kernels; ///< none of a program without kernels
  std::vector<KernelTime> spent;
  bool isTimed = false;
  DeviceMemory arena;                         ///< grows to the largest plan seen and stays
  std::map<std::string, DeviceMemory> staged; ///< what the host has, on a device that cannot see it
  std::map<const ProgramBuffer *, DeviceMemory> constants; ///< likewise
};

} // namespace roux
