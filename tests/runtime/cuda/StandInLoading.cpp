//===- StandInLoading.cpp - what libraries ask of a driver as they load ---===//
//
// cuDNN looks its driver up and hands it the code of each plan before it says what a
// plan needs. Whatever code it is handed is taken, and nothing of it can run.
//
//===----------------------------------------------------------------------===//
#include <cstddef>
#include <cstdint>
#include <dlfcn.h>
#include <string>

namespace {
using Handle = void *;
char something[64];
} // namespace

extern "C" {

int cuGetExportTable(const void **table, const void *) {
  *table = nullptr;
  return 500;
}
int cuGetProcAddress_v2(const char *name, Handle *function, int, uint64_t, int *found) {
  *function = nullptr;
  for (const char *version : {"_v3", "_v2", ""})
    if (!*function)
      *function = dlsym(RTLD_DEFAULT, (std::string(name) + version).c_str());
  if (found)
    *found = *function ? 0 : 1;
  return *function ? 0 : 500;
}
int cuGetProcAddress(const char *name, Handle *function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
int cuLibraryLoadData(Handle *library, const void *, int *, Handle *, unsigned, int *, Handle *,
                      unsigned) {
  *library = something;
  return 0;
}
// Looked for, and not called by who makes plans: not supported, as the driver says it.
#define ROUX_NOT_SUPPORTED(name)                                                                   \
  int name() {                                                                                     \
    return 801;                                                                                    \
  }
ROUX_NOT_SUPPORTED(cuCtxGetLimit)
ROUX_NOT_SUPPORTED(cuCtxPopCurrent)
ROUX_NOT_SUPPORTED(cuCtxPushCurrent)
ROUX_NOT_SUPPORTED(cuKernelGetAttribute)
ROUX_NOT_SUPPORTED(cuKernelSetAttribute)
ROUX_NOT_SUPPORTED(cuLaunchCooperativeKernel)
ROUX_NOT_SUPPORTED(cuLaunchKernelEx)
ROUX_NOT_SUPPORTED(cuLibraryLoadFromFile)
ROUX_NOT_SUPPORTED(cuLinkAddData)
ROUX_NOT_SUPPORTED(cuLinkComplete)
ROUX_NOT_SUPPORTED(cuLinkCreate)
ROUX_NOT_SUPPORTED(cuLinkDestroy)
ROUX_NOT_SUPPORTED(cuOccupancyMaxPotentialClusterSize)
ROUX_NOT_SUPPORTED(cuStreamGetCtx)

int cuCtxGetCurrent(Handle *context) {
  *context = something;
  return 0;
}
int cuLibraryUnload(Handle) {
  return 0;
}
int cuLibraryGetKernel(Handle *kernel, Handle, const char *) {
  *kernel = something;
  return 0;
}
int cuKernelGetFunction(Handle *function, Handle) {
  *function = something;
  return 0;
}
}
