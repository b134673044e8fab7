//===- CudnnAttention.h - cuDNN's attention, opened when it is needed -----===//
#pragma once

#include "runtime/cuda/AttentionLibrary.h"

namespace roux::cuda {

/// `libcudnn.so.9` of the loader's folders or of /usr/local/cuda, for the first GPU, or for one
/// that is not here: `device` is then what AttentionLibrary::device() says of it, and plans can be
/// made, kept and loaded but not run. Throws CudaError that says what is missing, be it that this
/// build was made without cuDNN's headers.
std::unique_ptr<AttentionLibrary> openCudnn(const std::string &architecture,
                                            const std::string &device = "");

/// Of the cuDNN that is here, be there a GPU or none. Throws as openCudnn().
int64_t cudnnVersion();

} // namespace roux::cuda
