//===- CudaDriver.cpp - NVIDIA's driver, opened when it is needed ---------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaDriver.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace roux::cuda {

/// The first version, as the driver numbers them, that reads PTX 9.0.
static constexpr int neededVersion = 13000;

static std::string versionText(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

CudaDriver::CudaDriver(const std::string &library) {
  handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw CudaError(fmt::format("device cuda needs {}, which NVIDIA's driver brings and which "
                                "cannot be loaded: {}",
                                library, dlerror()));
  auto find = [&](auto &function, const char *symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    if (!function)
      throw CudaError(fmt::format("{} has no '{}': the driver is too old; expected one for CUDA {}",
                                  library, symbol, versionText(neededVersion)));
  };
  try {
#define ROUX_CUDA_FIND(member, symbol, parameters) find(member, #symbol);
    ROUX_CUDA_FUNCTIONS(ROUX_CUDA_FIND)
#undef ROUX_CUDA_FIND
    Result started = init(0);
    int count = 0, version = 0;
    if (started == success)
      check(deviceCount(&count), "the GPUs cannot be counted");
    if (started == noDevice || (started == success && count == 0))
      throw CudaError("device cuda needs a GPU, and NVIDIA's driver finds none");
    check(started, "NVIDIA's driver does not start");
    check(driverVersion(&version), "the driver's version cannot be read");
    if (version < neededVersion)
      throw CudaError(
          fmt::format("the driver is for CUDA {}, which does not read PTX 9.0; expected "
                      "one for CUDA {} or later (driver 580)",
                      versionText(version), versionText(neededVersion)));
  } catch (...) {
    dlclose(handle);
    throw;
  }
}

CudaDriver::~CudaDriver() {
  dlclose(handle);
}

std::string CudaDriver::describe(Result result) const {
  const char *name = nullptr, *text = nullptr;
  errorName(result, &name);
  errorText(result, &text);
  return fmt::format("{}: {}", name ? name : fmt::format("CUDA error {}", result),
                     text ? text : "the driver does not say what it means");
}

void CudaDriver::check(Result result, const std::string &what) const {
  if (result != success)
    throw CudaError(fmt::format("{}: {}", what, describe(result)));
}

} // namespace roux::cuda
