//===- UploadRing.cpp - memory that copies to a GPU start from ------------===//
//
// See the header. An event for each part, and not for each copy: copies are many and
// small.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/UploadRing.h"

#include "runtime/Say.h"

#include <algorithm>
#include <cstring>

namespace roux::cuda {

static constexpr size_t partBytes = size_t(4) << 20, alignment = 64;

UploadRing::~UploadRing() {
  for (const Part &part : parts) { // refused by a GPU that stopped; there is nobody to tell
    if (part.isCopied)
      driver.destroyEvent(part.isCopied);
    if (part.memory)
      driver.releaseHost(part.memory);
  }
}

Result UploadRing::make() {
  for (Part &part : parts) {
    if (!part.memory) {
      void *memory = nullptr;
      if (Result result = driver.allocateHost(&memory, partBytes); result != success)
        return result;
      part.memory = static_cast<std::byte *>(memory);
    }
    if (!part.isCopied)
      if (Result result = driver.createEvent(&part.isCopied, untimedEvent); result != success)
        return result;
  }
  return success;
}

/// To the next part, once what was copied from it has left it.
Result UploadRing::turn(Handle stream) {
  Part &full = parts[current];
  if (Result result = driver.recordEvent(full.isCopied, stream); result != success)
    return result;
  full.isRecorded = true;
  current = (current + 1) % parts.size();
  used = 0;
  return parts[current].isRecorded ? driver.waitForEvent(parts[current].isCopied) : success;
}

Result UploadRing::upload(Address to, std::span<const std::byte> from, Handle stream) {
  if (Result result = isRefused ? success : make(); result != success) {
    say(stderr,
        "copies to the GPU wait for what is queued: the driver has no pinned memory (error {})\n",
        static_cast<int>(result));
    isRefused = true;
  }
  if (isRefused)
    return driver.upload(to, from.data(), from.size(), stream);
  while (!from.empty()) {
    if (used == partBytes)
      if (Result result = turn(stream); result != success)
        return result;
    size_t bytes = std::min(from.size(), partBytes - used);
    std::byte *begin = parts[current].memory + used;
    std::memcpy(begin, from.data(), bytes);
    if (Result result = driver.upload(to, begin, bytes, stream); result != success)
      return result;
    used += std::min((bytes + alignment - 1) / alignment * alignment, partBytes - used);
    to += bytes;
    from = from.subspan(bytes);
  }
  return success;
}

} // namespace roux::cuda
