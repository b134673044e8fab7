//===- CudaGraphs.h - an entry's launches, handed over together -----------===//
//
// A launch costs the host microseconds, and a small model's kernels little more. So the
// launches of an entry become a graph that is launched as one; the next run changes the numbers
// in it. What a library does is captured to be a node of it. Where either fails the launches, or
// what is the library's, go by themselves, which does the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaCapture.h"
#include "runtime/cuda/CudaTensorMap.h"

#include <map>
#include <optional>
#include <variant>
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

/// A kernel that is a library's.
struct LibraryLaunch {
  const std::string *kernel = nullptr, *location = nullptr; ///< a program's, and for messages
  LibraryCall call;
  /// Does it in the device's stream, or what stands in for it; whether it was the library.
  std::function<bool()> alone;

  bool isSame(const LibraryLaunch &other) const {
    return kernel == other.kernel && call.asked == other.call.asked;
  }
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
  /// Whether what a library does is gathered too.
  bool takesLibraries() const { return isGathering && whyApart.empty(); }
  /// Launches it, or gathers it.
  void add(PhaseLaunch launch);
  void add(LibraryLaunch launch) { gathered.emplace_back(std::move(launch)); }
  /// Launches what is gathered. Who puts something else into the stream calls it before.
  void flush();

  /// Why there are no graphs; empty: there are.
  const std::string &whyNone() const { return why; }

private:
  using Launch = std::variant<PhaseLaunch, LibraryLaunch>;
  /// A graph and the launches that its nodes are as they were last.
  struct Made {
    Handle graph = nullptr, executable = nullptr;
    std::vector<Handle> nodes;
    std::vector<Launch> launches;
  };
  using Kinds = std::vector<const void *>; ///< functions, and kernels, of a run of launches

  void launchAlone(PhaseLaunch &launch);
  void launchAlone(Launch &launch);
  void launchAll(std::vector<Launch> launches);
  void launchApart(std::vector<Launch> launches, const std::string &why);
  void launchEach(std::vector<Launch> launches, Result why);
  Result addNode(Made &made, Launch &launch);
  Result make(Made &made, std::vector<Launch> launches);
  /// None where a node cannot become what it is to be.
  std::optional<Result> change(Made &made, const std::vector<Launch> &launches);
  Result prepare(Made &made, const std::vector<Launch> &launches);
  void release(Made &made);
  void forget();

  std::shared_ptr<CudaDevice> device;
  CudaCapture capture;
  std::string why;      ///< there are none
  std::string whyApart; ///< what libraries do is in none
  bool isGathering = false;
  std::vector<Launch> gathered;
  std::map<Kinds, Made> graphs;
};

} // namespace roux::cuda
