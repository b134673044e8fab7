//===- CudaAttention.h - who does a program's attention -------------------===//
//
// The compiler's kernels can do all of it; a library does some of it quicker. Which of
// them runs is settled for each kernel and class of segments, once, and told.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaCapture.h"
#include "runtime/cuda/KeptPlans.h"
#include "runtime/device/DeviceMemory.h"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace roux::cuda {

class CudaAttention {
public:
  /// `program` must outlive it.
  CudaAttention(const Program &program, std::shared_ptr<CudaDevice> device);

  /// One line: by whom, and why by nobody else; empty for a program without attention.
  std::string note() const;
  /// The segments of the launches that follow; empty: they are of no whole segments.
  void begin(std::span<const int32_t> offsets);
  /// Whether a launch is the library's, or is to be measured. If not, it is the kernel's.
  bool concerns(const KernelLaunch &launch);
  /// Runs such a launch; `kernel` runs the compiler's. Where both can and bits need not be the same
  /// in every run, both run when a class is first met, and the quicker is chosen.
  void launch(const KernelLaunch &launch, const std::function<void()> &kernel);
  /// Whether such a launch is the library's without being measured first.
  bool isSettled(const KernelLaunch &launch);
  /// What the library is to do for it; none, after saying why, where it would not: then it is not
  /// asked again.
  std::optional<LibraryCall> callOf(const KernelLaunch &launch);
  /// Has the library do it in the device's stream; false, as above, where it would not.
  bool runLibrary(const KernelLaunch &launch);

  /// What was chosen by measuring, and what to choose again.
  const std::map<std::string, std::string> &choices() const { return chosen; }
  void useChoices(const std::map<std::string, std::string> &before);

private:
  /// A kernel that is attention.
  struct Kernel {
    const AttentionForm *form = nullptr;
    std::string whyNot; ///< why the library cannot; empty: it can
    DeviceMemory lists;
    AttentionBuffers buffers; ///< where the lists are
    bool isCurrent = false;   ///< the lists are of the segments as they are
  };
  std::string whoDoes(bool isGradient) const;
  Kernel *kernelOf(const KernelLaunch &launch);
  std::string nameOf(const Kernel &kernel) const;
  void writeLists(Kernel &kernel);
  LibraryCall callOf(Kernel &kernel, const KernelLaunch &launch);
  void refuse(const Kernel &kernel, const char *why);
  void measure(Kernel &kernel, const KernelLaunch &launch, const std::function<void()> &own);

  const Program &program;
  std::shared_ptr<CudaDevice> device;
  AttentionLibrary *library = nullptr;
  std::string whyNone; ///< why there is no library
  std::unique_ptr<KeptPlans> plans;
  std::map<size_t, Kernel> kernels;
  std::vector<int32_t> segments;
  SegmentClass current;
  std::map<std::string, std::string> chosen;
};

} // namespace roux::cuda
