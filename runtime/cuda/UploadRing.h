//===- UploadRing.h - memory that copies to a GPU start from --------------===//
//
// The driver copies memory of a process only after all that is queued is done, unless the memory
// is pinned. Then the lists of the next micro-batch are made and sent while the one
// before still runs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDriver.h"

#include <array>
#include <span>

namespace roux::cuda {

class UploadRing {
public:
  /// `driver` must outlive it; the calling thread's GPU is where copies go.
  explicit UploadRing(const CudaDriver &driver) : driver(driver) {}
  ~UploadRing();
  UploadRing(const UploadRing &) = delete;
  UploadRing &operator=(const UploadRing &) = delete;

  /// Queues a copy of `from`, which may be anything else when this returns. Waits only where all
  /// of the ring is still to be copied; where no memory can be pinned, says so once and leaves the
  /// waiting to the driver.
  Result upload(Address to, std::span<const std::byte> from, Handle stream);

private:
  /// Memory that is given out from begin to end, and copied from once `isCopied` has happened.
  struct Part {
    std::byte *memory = nullptr;
    Handle isCopied = nullptr;
    bool isRecorded = false;
  };
  Result make();
  Result turn(Handle stream);

  const CudaDriver &driver;
  std::array<Part, 8> parts;
  size_t current = 0, used = 0;
  bool isRefused = false; ///< memory that is pinned
};

} // namespace roux::cuda
