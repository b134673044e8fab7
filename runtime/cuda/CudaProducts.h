//===- CudaProducts.h - who multiplies a program's matrices ---------------===//
//
// The compiler's kernels can do all of it; a library does some of it quicker. Which of
// them runs is settled for each kernel and class of extents, once, told, and kept with a
// run: the two add in orders of their own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDevice.h"
#include "runtime/device/DeviceMemory.h"

#include <functional>
#include <map>
#include <vector>

namespace roux::cuda {

class CudaProducts {
public:
  /// `program` must outlive it.
  CudaProducts(const Program &program, std::shared_ptr<CudaDevice> device);

  /// One line: by whom, and why by nobody else; empty for a program without products that are only
  /// that.
  std::string note() const;
  /// Whether a launch is the library's, or is to be measured. If not, it is the kernel's.
  bool concerns(const KernelLaunch &launch);
  /// Runs such a launch; `kernel` runs the compiler's. Where bits need not be the same in every
  /// run, the two take turns when a class is first met, and the quicker is chosen.
  void launch(const KernelLaunch &launch, const std::function<void()> &kernel);

  /// What was settled, and what to settle on again.
  const std::map<std::string, std::string> &choices() const { return chosen; }
  void useChoices(const std::map<std::string, std::string> &before);
  bool isOf(const std::string &choice) const;

private:
  /// Launches that take turns: one of each to get ready, and one of each that is timed.
  struct Trial {
    int turn = 0;
    double kernel = 0; ///< seconds a row, or term
  };
  using Key = std::tuple<const ProductForm *, int64_t, ProductAlignments>;

  /// "linear_… 724", what is settled together: made once, for launches are many.
  const std::string &nameOf(const KernelLaunch &launch);
  ProductBuffers buffersOf(const ProductForm &form, const KernelLaunch &launch) const;
  ProductPlan &planOf(const ProductForm &form, int64_t extent, const ProductBuffers &buffers);
  /// False, after saying why, where the library would not: then it is not asked again.
  bool runLibrary(const KernelLaunch &launch);
  void takeTurn(const KernelLaunch &launch, const std::function<void()> &kernel);

  const Program &program;
  std::shared_ptr<CudaDevice> device;
  ProductLibrary *library = nullptr;
  std::string whyNone;                                        ///< why there is no library
  std::map<size_t, std::vector<const ProductForm *>> kernels; ///< by number
  std::map<std::pair<size_t, int64_t>, std::string> names;    ///< of a kernel over an extent
  std::map<Key, std::unique_ptr<ProductPlan>> plans;
  DeviceMemory workspace;
  std::map<std::string, std::string> chosen;
  std::map<std::string, Trial> trials;
};

} // namespace roux::cuda
