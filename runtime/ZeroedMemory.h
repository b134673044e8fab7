//===- ZeroedMemory.h - large memory that costs nothing until it is touched ===//
//
// The system's own zeros: a page exists from the first time that something is read
// from or written to it. In pages of 2 MiB where there is room for them: kernels
// jump about in what is large, and would spend their time on finding small ones.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <utility>

namespace roux {

/// A run of bytes, all 0 at first, at a multiple of 64. Moves; does not copy.
class ZeroedMemory {
public:
  ZeroedMemory() = default;
  /// Throws std::runtime_error that says what there is no memory for.
  ZeroedMemory(size_t bytes, const char *what);
  ZeroedMemory(ZeroedMemory &&other) noexcept { swap(other); }
  ZeroedMemory &operator=(ZeroedMemory &&other) noexcept {
    ZeroedMemory taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~ZeroedMemory();

  std::byte *data() { return first; }
  const std::byte *data() const { return first; }
  size_t size() const { return bytes; }
  std::byte *begin() { return first; }
  std::byte *end() { return first + bytes; }
  const std::byte *begin() const { return first; }
  const std::byte *end() const { return first + bytes; }
  std::byte &operator[](size_t i) { return first[i]; }
  const std::byte &operator[](size_t i) const { return first[i]; }

private:
  void swap(ZeroedMemory &other) noexcept {
    std::swap(first, other.first);
    std::swap(bytes, other.bytes);
    std::swap(mapped, other.mapped);
    std::swap(mappedBytes, other.mappedBytes);
  }

  std::byte *first = nullptr;
  size_t bytes = 0;
  void *mapped = nullptr;
  size_t mappedBytes = 0;
};

} // namespace roux
