//===- CudaDriver.h - NVIDIA's driver, opened when it is needed -----------===//
//
// Its functions are looked up in the library that the driver brings, so that one
// build runs on machines with and without a GPU. Only what is called stands here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace roux::cuda {

/// What went wrong with the driver, the GPU or its memory.
struct CudaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The driver's types, and of its numbers those that are used, as its interface has them for good.
using Result = int;
using Handle = void *; ///< a context, module, function, stream, event, graph or node of one
using Address = unsigned long long;
inline constexpr Result success = 0, outOfMemory = 2, noDevice = 100;
inline constexpr int majorAttribute = 75, minorAttribute = 76, sharedAttribute = 97;
inline constexpr int dynamicSharedOfFunction = 8;
inline constexpr int errorLog = 5, errorLogBytes = 6;
inline constexpr int tensorOfBF16 = 9, tensorSwizzled128 = 3, tensorPromoted128 = 2;
inline constexpr unsigned ownStream = 1; ///< that does not wait for the default one
inline constexpr unsigned untimedEvent = 2;
inline constexpr int relaxedCapture = 2; ///< that forbids nothing meanwhile

/// A launch as a node of a graph, as the driver reads it: addKernelNode and setKernelNode take one.
struct KernelNode {
  Handle function = nullptr;
  unsigned blocks[3] = {1, 1, 1}, threads[3] = {1, 1, 1}, sharedBytes = 0;
  void **parameters = nullptr, **extra = nullptr;
  Handle kernel = nullptr, context = nullptr; ///< read where there is no function
};

/// X(member, symbol, parameters)
#define ROUX_CUDA_FUNCTIONS(X)                                                                     \
  X(init, cuInit, (unsigned))                                                                      \
  X(driverVersion, cuDriverGetVersion, (int *))                                                    \
  X(deviceCount, cuDeviceGetCount, (int *))                                                        \
  X(device, cuDeviceGet, (int *, int))                                                             \
  X(deviceName, cuDeviceGetName, (char *, int, int))                                               \
  X(attribute, cuDeviceGetAttribute, (int *, int, int))                                            \
  X(retainContext, cuDevicePrimaryCtxRetain, (Handle *, int))                                      \
  X(releaseContext, cuDevicePrimaryCtxRelease_v2, (int))                                           \
  X(useContext, cuCtxSetCurrent, (Handle))                                                         \
  X(memoryInfo, cuMemGetInfo_v2, (size_t *, size_t *))                                             \
  X(allocate, cuMemAlloc_v2, (Address *, size_t))                                                  \
  X(release, cuMemFree_v2, (Address))                                                              \
  X(upload, cuMemcpyHtoDAsync_v2, (Address, const void *, size_t, Handle))                         \
  X(download, cuMemcpyDtoHAsync_v2, (void *, Address, size_t, Handle))                             \
  X(copy, cuMemcpyDtoDAsync_v2, (Address, Address, size_t, Handle))                                \
  X(set, cuMemsetD8Async, (Address, unsigned char, size_t, Handle))                                \
  X(allocateHost, cuMemAllocHost_v2, (void **, size_t))                                            \
  X(releaseHost, cuMemFreeHost, (void *))                                                          \
  X(createEvent, cuEventCreate, (Handle *, unsigned))                                              \
  X(destroyEvent, cuEventDestroy_v2, (Handle))                                                     \
  X(recordEvent, cuEventRecord, (Handle, Handle))                                                  \
  X(waitForEvent, cuEventSynchronize, (Handle))                                                    \
  X(createStream, cuStreamCreate, (Handle *, unsigned))                                            \
  X(destroyStream, cuStreamDestroy_v2, (Handle))                                                   \
  X(synchronise, cuStreamSynchronize, (Handle))                                                    \
  X(beginCapture, cuStreamBeginCapture_v2, (Handle, int))                                          \
  X(endCapture, cuStreamEndCapture, (Handle, Handle *))                                            \
  X(loadModule, cuModuleLoadDataEx, (Handle *, const void *, unsigned, int *, void **))            \
  X(unloadModule, cuModuleUnload, (Handle))                                                        \
  X(function, cuModuleGetFunction, (Handle *, Handle, const char *))                               \
  X(setFunction, cuFuncSetAttribute, (Handle, int, int))                                           \
  X(encodeTensorMap, cuTensorMapEncodeTiled,                                                       \
    (void *, int, unsigned, void *, const uint64_t *, const uint64_t *, const uint32_t *,          \
     const uint32_t *, int, int, int, int))                                                        \
  X(launch, cuLaunchKernel,                                                                        \
    (Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle,         \
     void **, void **))                                                                            \
  X(createGraph, cuGraphCreate, (Handle *, unsigned))                                              \
  X(destroyGraph, cuGraphDestroy, (Handle))                                                        \
  X(addKernelNode, cuGraphAddKernelNode_v2,                                                        \
    (Handle *, Handle, const Handle *, size_t, const void *))                                      \
  X(addChildNode, cuGraphAddChildGraphNode, (Handle *, Handle, const Handle *, size_t, Handle))    \
  X(graphNodes, cuGraphGetNodes, (Handle, Handle *, size_t *))                                     \
  X(instantiateGraph, cuGraphInstantiateWithFlags, (Handle *, Handle, unsigned long long))         \
  X(destroyExecutable, cuGraphExecDestroy, (Handle))                                               \
  X(setKernelNode, cuGraphExecKernelNodeSetParams_v2, (Handle, Handle, const void *))              \
  X(setChildNode, cuGraphExecChildGraphNodeSetParams, (Handle, Handle, Handle))                    \
  X(launchGraph, cuGraphLaunch, (Handle, Handle))                                                  \
  X(errorName, cuGetErrorName, (Result, const char **))                                            \
  X(errorText, cuGetErrorString, (Result, const char **))

class CudaDriver {
public:
  /// Throws CudaError that says what is missing: the library, a function of it, a GPU, or a driver
  /// new enough for the PTX that the compiler writes.
  explicit CudaDriver(const std::string &library = "libcuda.so.1");
  ~CudaDriver();
  CudaDriver(const CudaDriver &) = delete;
  CudaDriver &operator=(const CudaDriver &) = delete;

  /// "CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered"
  std::string describe(Result result) const;
  /// Throws CudaError that begins with `what` unless `result` is success.
  void check(Result result, const std::string &what) const;

#define ROUX_CUDA_MEMBER(member, symbol, parameters) Result(*member) parameters = nullptr;
  ROUX_CUDA_FUNCTIONS(ROUX_CUDA_MEMBER)
#undef ROUX_CUDA_MEMBER

private:
  void *handle = nullptr;
};

} // namespace roux::cuda
