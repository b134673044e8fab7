//===- CudaDevice.cpp - an NVIDIA GPU -------------------------------------===//
//
// Kernels read their extent from memory. Extents are few and come again in every
// layer and step, so each has a place of its own on the device, written once.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaDevice.h"

#include "runtime/cuda/CublasLtProducts.h"
#include "runtime/cuda/CudaKernels.h"
#include "runtime/cuda/CudnnAttention.h"

#include <fmt/format.h>

namespace roux::cuda {

/// Places for so many different extents; then they are forgotten.
static constexpr size_t mostExtents = 4096;

static Address addressOf(const std::byte *memory) {
  return reinterpret_cast<Address>(memory);
}

/// The code that a GPU of this compute capability runs best. Newer ones run that of sm_80.
static std::string architectureOf(int major, int minor) {
  if (major == 9 && minor == 0)
    return "sm_90a";
  if (major == 10 && minor == 0)
    return "sm_100a";
  if (major == 12 && minor == 0)
    return "sm_120a";
  return "sm_80";
}

CudaDevice::CudaDevice(const std::string &library) : functions(library) {
  functions.check(functions.device(&number, 0), "the GPU cannot be asked for");
  char text[256] = {};
  functions.check(functions.deviceName(text, sizeof text - 1, number), "the GPU has no name");
  gpuName = text;
  int major = 0, minor = 0;
  auto ask = [&](int &value, int attribute) {
    functions.check(functions.attribute(&value, attribute, number), gpuName + " cannot be asked");
  };
  ask(major, majorAttribute);
  ask(minor, minorAttribute);
  ask(mostShared, sharedAttribute);
  if (major < 8)
    throw CudaError(fmt::format("{} has compute capability {}.{}; expected 8.0 or later, as A100 "
                                "and RTX 30 have",
                                gpuName, major, minor));
  code = architectureOf(major, minor);
  functions.check(functions.retainContext(&context, number), gpuName + " cannot be used");
  driver();
  functions.check(functions.createStream(&stream, cuda::ownStream), gpuName + " has no stream");
  uploads = std::make_unique<UploadRing>(functions);
}

CudaDevice::~CudaDevice() {
  // A GPU that stopped refuses; there is nobody to tell.
  functions.useContext(context);
  attention.library = nullptr; // which use the GPU to the end
  products.library = nullptr;
  functions.synchronise(stream);
  uploads = nullptr;
  for (Address memory : {extentMemory, libraryMemory})
    if (memory)
      functions.release(memory);
  functions.destroyStream(stream);
  functions.releaseContext(number);
}

const CudaDriver &CudaDevice::driver() {
  functions.check(functions.useContext(context), gpuName + " cannot be used");
  return functions;
}

std::pair<int64_t, int64_t> CudaDevice::memory() {
  size_t free = 0, all = 0;
  check(driver().memoryInfo(&free, &all), "the memory of " + gpuName + " cannot be asked for");
  return {static_cast<int64_t>(all), static_cast<int64_t>(free)};
}

void CudaDevice::noteLaunch(const std::string &phase, const std::string &location) {
  lastLaunch = location.empty() ? phase : fmt::format("{} ({})", phase, location);
}

void CudaDevice::check(Result result, const std::string &what) {
  if (result == success)
    return;
  std::string why = functions.describe(result);
  if (lastLaunch.empty())
    throw CudaError(fmt::format("{}: {}", what, why));
  throw CudaError(
      fmt::format("{}: {}; the last kernel launched was {}, and it or one before it may "
                  "be at fault, which --device simt would say",
                  what, why, lastLaunch));
}

Address CudaDevice::allocateBytes(size_t bytes, const std::string &what) {
  Address address = 0;
  Result result = driver().allocate(&address, bytes);
  if (result == outOfMemory) {
    auto [all, free] = memory();
    throw NoDeviceMemory(fmt::format("no memory for {} bytes of {}: {} has {} bytes, of which {} "
                                     "are free",
                                     bytes, what, gpuName, all, free));
  }
  check(result, fmt::format("no memory for {} bytes of {}", bytes, what));
  return address;
}

std::shared_ptr<std::byte> CudaDevice::allocate(size_t bytes, const std::string &what, Fill fill) {
  Address address = bytes ? allocateBytes(bytes, what) : 0;
  auto *memory = reinterpret_cast<std::byte *>(address);
  std::shared_ptr<std::byte> owner(memory, [device = weak_from_this(), address](std::byte *) {
    if (auto alive = device.lock(); alive && address) {
      alive->functions.useContext(alive->context);
      alive->functions.release(address);
    }
  });
  if (fill == Fill::Zeros)
    zero(memory, bytes);
  return owner;
}

void CudaDevice::upload(std::byte *to, std::span<const std::byte> from) {
  driver();
  check(uploads->upload(addressOf(to), from, stream),
        fmt::format("{} bytes cannot be copied to {}", from.size(), gpuName));
}

void CudaDevice::download(std::span<std::byte> to, const std::byte *from) {
  if (to.empty())
    return;
  check(driver().download(to.data(), addressOf(from), to.size(), stream),
        fmt::format("{} bytes cannot be copied from {}", to.size(), gpuName));
  synchronise();
}

void CudaDevice::copy(std::byte *to, const std::byte *from, size_t bytes) {
  if (bytes)
    check(driver().copy(addressOf(to), addressOf(from), bytes, stream),
          fmt::format("{} bytes cannot be copied on {}", bytes, gpuName));
}

void CudaDevice::zero(std::byte *memory, size_t bytes) {
  if (bytes)
    check(driver().set(addressOf(memory), 0, bytes, stream),
          fmt::format("{} bytes cannot be set on {}", bytes, gpuName));
}

void CudaDevice::synchronise() {
  check(driver().synchronise(stream), gpuName + " stopped");
}

bool CudaDevice::forgetsFor(int64_t extent) const {
  return extents.size() == mostExtents && !extents.contains(extent);
}

Address CudaDevice::placeOf(int64_t extent) {
  if (!extentMemory)
    extentMemory = allocateBytes(mostExtents * sizeof extent, "extents");
  if (forgetsFor(extent)) {
    synchronise(); // kernels may still read them
    extents.clear();
  }
  auto [found, isNew] = extents.try_emplace(extent, extents.size());
  Address place = extentMemory + found->second * sizeof extent;
  if (isNew)
    upload(reinterpret_cast<std::byte *>(place), std::as_bytes(std::span(&extent, 1)));
  return place;
}

Address CudaDevice::libraryWorkspace() {
  static_assert(productWorkspaceBytes >= forwardWorkspaceBytes);
  if (!libraryMemory)
    libraryMemory = allocateBytes(productWorkspaceBytes, "libraries' workspace");
  return libraryMemory;
}

void CudaDevice::unload(Handle module) noexcept {
  functions.useContext(context); // refused by a GPU that stopped, as above
  functions.unloadModule(module);
}

/// What `open` opened, the first time.
template <typename Opened, typename Open>
static auto openedOnce(Opened &opened, std::string &whyNot, Open open) {
  if (!opened.library && opened.whyNot.empty())
    try {
      opened.library = open();
    } catch (const CudaError &error) {
      opened.whyNot = error.what();
    }
  whyNot = opened.whyNot;
  return opened.library.get();
}

AttentionLibrary *CudaDevice::attentionLibrary(std::string &whyNot) {
  return openedOnce(attention, whyNot, [&] {
    driver();
    return openCudnn(code);
  });
}

ProductLibrary *CudaDevice::productLibrary(std::string &whyNot) {
  return openedOnce(products, whyNot, [&] {
    driver();
    return openCublasLt();
  });
}

PTXAssembler *CudaDevice::assembler(std::string &whyNot) {
  return openedOnce(assembling, whyNot, [] { return openPtxas(); });
}

std::unique_ptr<LoadedKernels> CudaDevice::load(const Program &program) {
  return std::make_unique<CudaKernels>(program, shared_from_this());
}

} // namespace roux::cuda
