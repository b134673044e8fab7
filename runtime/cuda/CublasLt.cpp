//===- CublasLt.cpp - NVIDIA's matrix products, opened when needed --------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CublasLt.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace roux::cuda {

static constexpr const char *newest = "libcublasLt.so.13";

/// The first of its places where it is, the newest that there is.
static void *open() {
  std::string why;
  for (const char *name : {newest, "libcublasLt.so.12"})
    for (const char *folder : {"", "/usr/local/cuda/lib64/"}) {
      if (void *handle = dlopen((folder + std::string(name)).c_str(), RTLD_NOW | RTLD_LOCAL))
        return handle;
      if (const char *error = dlerror(); why.empty() && error)
        why = error;
    }
  throw CudaError(fmt::format("{} cannot be loaded: {}", newest, why));
}

CublasLt::CublasLt() {
  void *handle = open();
  auto find = [&](auto &function, const char *symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    if (!function)
      throw CudaError(fmt::format(
          "cuBLASLt has no '{}': it is too old; expected that of CUDA 12 or later", symbol));
  };
#define ROUX_CUBLASLT_FIND(member, symbol, parameters) find(member, #symbol);
  ROUX_CUBLASLT_FUNCTIONS(ROUX_CUBLASLT_FIND)
#undef ROUX_CUBLASLT_FIND
  find(getVersion, "cublasLtGetVersion");
  find(statusName, "cublasLtGetStatusName");
}

void CublasLt::check(Result result, const std::string &what) const {
  if (result != success)
    throw CudaError(fmt::format("cuBLASLt does not {}: {} ({})", what, statusName(result), result));
}

} // namespace roux::cuda
