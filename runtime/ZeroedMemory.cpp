//===- ZeroedMemory.cpp - large memory that costs nothing until it is touched =//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/ZeroedMemory.h"

#include <cstdint>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/mman.h>

namespace roux {

ZeroedMemory::ZeroedMemory(size_t count, const char *what) {
  if (count == 0)
    return;
  constexpr size_t hugePage = size_t(2) << 20;
  size_t unit = count >= hugePage ? hugePage : 4096;
  if (count <= SIZE_MAX / 2)
    mapped =
        mmap(nullptr, count + unit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!mapped || mapped == MAP_FAILED) {
    mapped = nullptr;
    throw std::runtime_error(fmt::format("no memory for {} bytes of {}", count, what));
  }
  bytes = count;
  mappedBytes = count + unit;
  auto address = (reinterpret_cast<uintptr_t>(mapped) + unit - 1) / unit * unit;
  first = reinterpret_cast<std::byte *>(address);
  if (unit == hugePage)
    madvise(first, bytes, MADV_HUGEPAGE); // a hint: without them all is as right
}

ZeroedMemory::~ZeroedMemory() {
  if (mapped)
    munmap(mapped, mappedBytes);
}

} // namespace roux
