//===- CudaGraphs.h - an entry's launches, handed over together -----------===//
//
// A launch costs the host microseconds, and a small model's kernels little more. So the
// launches of an entry become a graph that is launched as one; the next run changes the numbers
// in it. Where that fails each is launched by itself, which does the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/CudaTensorMap.h"

#include <map>
#include <vector>

namespace roux::cuda {

/// One phase of a kernel with all that it is given.
struct PhaseLaunch {
  Handle function = nullptr;
  const std::string *phase = nullptr, *location = nullptr; ///< for messages
  unsigned blocks = 0, threads = 0, sharedBytes = 0;
  std::vector<uint64_t> bits; ///< of the arguments
  std::vector<CudaTensorMap> maps;
  uint64_t extent = 0; ///< its place

  /// Where each parameter is, while this stays where it is.
  std::vector<void *> parameters();
  /// Whether a node of the one is a node of the other as it is.
  bool isSame(const PhaseLaunch &other) const;
};

class CudaGraphs {
public:
  /// Tries whether the driver makes graphs.
  explicit CudaGraphs(std::shared_ptr<CudaDevice> device);
  ~CudaGraphs();
  CudaGraphs(const CudaGraphs &) = delete;
  CudaGraphs &operator=(const CudaGraphs &) = delete;

  /// Gathers launches from here on, or, where `each` is to be seen by itself, does not.
  void begin(bool each);
  /// Launches it, or gathers it.
  void add(PhaseLaunch launch);
  /// Launches what is gathered. Who puts something else into the stream calls it before.
  void flush();

  /// Why there are no graphs; empty: there are.
  const std::string &whyNone() const { return why; }

private:
  /// A graph and the launches that its nodes are as they were last.
  struct Made {
    Handle graph = nullptr, executable = nullptr;
    std::vector<Handle> nodes;
    std::vector<PhaseLaunch> launches;
  };
  using Functions = std::vector<Handle>; ///< those of a run of launches

  void launchAlone(PhaseLaunch &launch);
  Result make(Made &made, std::vector<PhaseLaunch> launches);
  Result change(Made &made, std::vector<PhaseLaunch> launches);
  Result prepare(Made &made, const std::vector<PhaseLaunch> &launches);
  void release(Made &made);
  void forget();

  std::shared_ptr<CudaDevice> device;
  std::string why;
  bool isGathering = false;
  std::vector<PhaseLaunch> gathered;
  std::map<Functions, Made> graphs;
};

} // namespace roux::cuda
