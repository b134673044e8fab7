//===- CublasLtProducts.h - cuBLASLt's matrix products --------------------===//
#pragma once

#include "runtime/cuda/ProductLibrary.h"

namespace roux::cuda {

/// cuBLASLt for the first GPU. Throws CudaError that says what is missing.
std::unique_ptr<ProductLibrary> openCublasLt();

} // namespace roux::cuda
