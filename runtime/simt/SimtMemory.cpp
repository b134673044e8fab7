//===- SimtMemory.cpp - what an emulated GPU has allocated -----------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/SimtMemory.h"

namespace roux {

void SimtMemory::add(const void *begin, int64_t bytes, std::string name) {
  const char *first = static_cast<const char *>(begin);
  allocations[first] = {first, bytes, std::move(name)};
}

void SimtMemory::remove(const void *begin) {
  allocations.erase(static_cast<const char *>(begin));
}

const SimtMemory::Allocation *SimtMemory::before(const void *address) const {
  auto next = allocations.upper_bound(static_cast<const char *>(address));
  return next == allocations.begin() ? nullptr : &std::prev(next)->second;
}

} // namespace roux
