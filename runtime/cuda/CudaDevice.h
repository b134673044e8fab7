//===- CudaDevice.h - an NVIDIA GPU ---------------------------------------===//
//
// Launches and copies go into one stream, in order, so nothing waits but who reads
// a number: what is sent there is copied aside first.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/AttentionLibrary.h"
#include "runtime/cuda/PTXAssembler.h"
#include "runtime/cuda/ProductLibrary.h"
#include "runtime/cuda/UploadRing.h"
#include "runtime/device/Device.h"

#include <map>

namespace roux::cuda {

/// What a run wants of what is not the compiler's.
struct LibraryOptions {
  bool deterministic = true;    ///< the same bits in every run
  std::string cacheFolder = {}; ///< where plans and cubins are kept; empty: nowhere
  bool assembles = false;       ///< whether code is made here, and not by the driver
};

class CudaDevice : public Device, public std::enable_shared_from_this<CudaDevice> {
public:
  /// The first GPU. Throws CudaError that says what is missing.
  explicit CudaDevice(const std::string &library = "libcuda.so.1");
  ~CudaDevice() override;

  std::string name() const override { return gpuName; }
  /// Bytes that the GPU has, and those that are free.
  std::pair<int64_t, int64_t> memory();
  /// What code is compiled for: "sm_90a".
  const std::string &architecture() const { return code; }
  bool sharesMemory() const override { return false; }
  std::shared_ptr<std::byte> allocate(size_t bytes, const std::string &what, Fill fill) override;
  void upload(std::byte *to, std::span<const std::byte> from) override;
  void download(std::span<std::byte> to, const std::byte *from) override;
  void copy(std::byte *to, const std::byte *from, size_t bytes) override;
  void zero(std::byte *memory, size_t bytes) override;
  std::unique_ptr<LoadedKernels> load(const Program &program) override;
  void synchronise() override;

  /// Where the device has the number `extent`, which kernels read.
  Address placeOf(int64_t extent);
  /// Whether placeOf() would put it where another one was, which launches still to come may read.
  bool forgetsFor(int64_t extent) const;
  /// Bytes for what a library computes on the way, as many as any call may use: of all programs,
  /// whose calls run one after the other. Throws as allocate() does.
  Address libraryWorkspace();
  /// Gives up code that the driver has loaded, also on a GPU that stopped.
  void unload(Handle module) noexcept;
  /// Remembers what is launched, for a message when the GPU stops.
  void noteLaunch(const std::string &phase, const std::string &location);
  /// Makes the GPU the calling thread's.
  const CudaDriver &driver();
  /// Throws CudaError for a GPU that stopped: nothing on it can be used any more.
  void check(Result result, const std::string &what);
  Handle ownStream() const { return stream; }
  int sharedBytes() const { return mostShared; }

  /// For programs that are loaded from here on.
  void setLibraries(LibraryOptions options) { libraries = std::move(options); }
  const LibraryOptions &libraryOptions() const { return libraries; }
  /// The library whose attention, or products, there are, and who assembles, opened when first
  /// asked for; null, with the reason.
  AttentionLibrary *attentionLibrary(std::string &whyNot);
  ProductLibrary *productLibrary(std::string &whyNot);
  PTXAssembler *assembler(std::string &whyNot);
  /// Takes `given` for it.
  void useLibrary(std::unique_ptr<AttentionLibrary> given) { attention.library = std::move(given); }
  void useLibrary(std::unique_ptr<ProductLibrary> given) { products.library = std::move(given); }
  void useLibrary(std::unique_ptr<PTXAssembler> given) { assembling.library = std::move(given); }

private:
  Address allocateBytes(size_t bytes, const std::string &what);

  CudaDriver functions;
  int number = 0;
  std::string gpuName, code, lastLaunch;
  int mostShared = 0; ///< bytes that a block may have
  Handle context = nullptr, stream = nullptr;
  std::unique_ptr<UploadRing> uploads;
  std::map<int64_t, size_t> extents; ///< places in `extentMemory`
  Address extentMemory = 0, libraryMemory = 0;
  LibraryOptions libraries;
  /// A library, or why there is none; neither: nobody has asked.
  template <typename Library>
  struct Opened {
    std::unique_ptr<Library> library;
    std::string whyNot;
  };
  Opened<AttentionLibrary> attention;
  Opened<ProductLibrary> products;
  Opened<PTXAssembler> assembling;
};

} // namespace roux::cuda
