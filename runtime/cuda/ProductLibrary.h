//===- ProductLibrary.h - matrix products that somebody else wrote --------===//
//
// What is asked of cuBLASLt, so that what asks can be tested without it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ProductForm.h"
#include "runtime/cuda/CudaDriver.h"

#include <array>
#include <memory>
#include <string>

namespace roux::cuda {

/// Where the numbers of one launch are on the device: of each matrix the first that counts.
struct ProductBuffers {
  std::array<Address, ProductForm::argumentKinds> matrices = {};
  Address workspace = 0; ///< productWorkspaceBytes; 0: none
};

/// At which powers of 2 they begin, at most the largest that an algorithm cares for.
using ProductAlignments = std::array<uint32_t, ProductForm::argumentKinds>;
ProductAlignments alignmentsOf(const ProductBuffers &buffers);

/// A form over an extent, with an algorithm for it.
class ProductPlan {
public:
  virtual ~ProductPlan() = default;
  /// What the library calls what runs: "algorithm 66".
  virtual std::string algorithm() const = 0;
  virtual int64_t workspaceBytes() const = 0;
  /// Throws CudaError.
  virtual void run(const ProductBuffers &buffers, Handle stream) = 0;
};

class ProductLibrary {
public:
  virtual ~ProductLibrary() = default;
  /// "cuBLASLt 13.1".
  virtual std::string name() const = 0;
  /// The same algorithm for the same question. Its sums are f32, of products that are exact or, of
  /// f32, rounded to f32, in an order of its own that is the same in every run. Throws CudaError
  /// with the library's words.
  virtual std::unique_ptr<ProductPlan> plan(const ProductForm &form, int64_t extent,
                                            const ProductAlignments &alignments) = 0;
};

} // namespace roux::cuda
