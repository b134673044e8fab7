//===- MeasuredKernels.h - kernels as they ran here, or would elsewhere ---===//
//
// What the kernel table is held against: what each kernel does in a step and how
// long it took, and what the machine can do at best. Of a GPU that is not here, how
// long it would take at the rates of kernels like ours.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

/// Of a core, or of a whole GPU. Operations are billions a second.
struct Rates {
  double products = 0;                                ///< of GEMMs
  double attentionForward = 0, attentionBackward = 0; ///< of its dot products
  double rows = 0;                                    ///< of everything else
  double memory = 0;                                  ///< GB/s
  double copiedProducts = 0; ///< of GEMMs whose operands a copy engine brings; 0: as the others
  double warpgroupForward = 0, warpgroupBackward = 0; ///< of attention by wgmma; 0: as the other
};

struct MeasuredKernels {
  /// In all launches together.
  struct Kernel {
    double seconds = 0;   ///< on a processor over all threads; of a prediction nothing
    int64_t launches = 0; ///< none: the kernel is of another entry
    int64_t rows = 0;     ///< the extents
  };
  std::map<std::string, Kernel, std::less<>> kernels; ///< by name
  std::vector<int64_t> segments;                      ///< tokens of each, of one launch
  /// Who ran a kernel for sizes of a class, where a GPU's library could (LoadedKernels::choices).
  std::map<std::string, std::string> choices;
  Rates best;
  /// Where nothing ran: what kernels like ours reach, and what a launch costs beside, in seconds.
  Rates expected;
  double launchCost = 0;
  /// Of that GPU: its code, and its multiprocessors, each of which takes whole blocks of threads.
  std::string architecture;
  int64_t multiprocessors = 0;
  bool isOfGPU = false;
  bool isPredicted() const { return launchCost > 0; }
};

} // namespace roux
