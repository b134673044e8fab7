//===- CudnnAbsent.cpp - a build without cuDNN's headers ------------------===//
//
// Stands in the place of CudnnAttention.cpp, and says so.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudnnAttention.h"

namespace roux::cuda {

static constexpr const char *absent =
    "this build was made without cuDNN's headers, which `make install` brings";

std::unique_ptr<AttentionLibrary> openCudnn(const std::string &, const std::string &) {
  throw CudaError(absent);
}

int64_t cudnnVersion() {
  throw CudaError(absent);
}

} // namespace roux::cuda
