//===- CudaProducts.h - who multiplies a program's matrices ---------------===//
//
// The compiler's kernels can do all of it; a library does some of it quicker. Which of
// them runs is settled for each kernel and class of extents, once, told, and kept with a
// run: the two add in orders of their own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaCapture.h"

#include <functional>
#include <map>
#include <optional>
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
  /// Whether such a launch is the library's without being measured first.
  bool isSettled(const KernelLaunch &launch);
  /// What the library is to do for it; none, after saying why, where it would not: then it is not
  /// asked again.
  std::optional<LibraryCall> callOf(const KernelLaunch &launch);
  /// Has the library do it in the device's stream; false, as above, where it would not. Throws
  /// std::runtime_error where it did half of it.
  bool runLibrary(const KernelLaunch &launch);

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
  struct Planned {
    std::shared_ptr<ProductPlan> plan; ///< and of launches that are still to come
    uint64_t number = 0;               ///< no other's, also when it is forgotten
  };
  using Calls = std::vector<std::pair<std::shared_ptr<ProductPlan>, ProductBuffers>>;
  using Key = std::tuple<const ProductForm *, int64_t, ProductAlignments>;

  /// "linear_… of 513 to 724 rows", what is settled together: made once, for launches are many.
  const std::string &nameOf(const KernelLaunch &launch);
  ProductBuffers buffersOf(const ProductForm &form, const KernelLaunch &launch) const;
  const Planned &planOf(const ProductForm &form, int64_t extent, const ProductBuffers &buffers);
  void put(const Calls &calls, const std::string &location, Handle stream);
  void refuse(const KernelLaunch &launch, const char *why);
  void takeTurn(const KernelLaunch &launch, const std::function<void()> &kernel);

  const Program &program;
  std::shared_ptr<CudaDevice> device;
  ProductLibrary *library = nullptr;
  std::string whyNone;                                        ///< why there is no library
  std::map<size_t, std::vector<const ProductForm *>> kernels; ///< by number
  std::map<std::pair<size_t, int64_t>, std::string> names;    ///< of a kernel over an extent
  std::map<Key, Planned> plans;
  uint64_t planned = 0;
  std::map<std::string, std::string> chosen;
  std::map<std::string, Trial> trials;
};

} // namespace roux::cuda
