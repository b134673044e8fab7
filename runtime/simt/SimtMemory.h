//===- SimtMemory.h - what an emulated GPU has allocated -------------------===//
//
// So that an access beside a buffer is told by the buffer's name, and not by the
// crash of something else an hour later.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace roux {

class SimtMemory {
public:
  struct Allocation {
    const char *begin;
    int64_t bytes;
    std::string name;

    bool holds(const void *address, int64_t count) const {
      int64_t at = static_cast<const char *>(address) - begin;
      return at >= 0 && at + count <= bytes;
    }
  };

  void add(const void *begin, int64_t bytes, std::string name);
  void remove(const void *begin);

  /// The last one that begins at `address` or before; null where there is none.
  const Allocation *before(const void *address) const;

private:
  std::map<const char *, Allocation> allocations;
};

} // namespace roux
