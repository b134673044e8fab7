//===- MemoryChecks.h - whether a block's accesses are right ---------------===//
//
// Each is looked up in what is allocated and in the shadow, and told about in the
// words of whoever wrote the kernel: which buffer, which byte, who else, and where.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Shadow.h"
#include "runtime/simt/SimtMemory.h"

#include <array>
#include <string>

namespace roux {
struct SimtLaunch;
}

namespace roux::simt {

/// A launch, and which run of a block its first block is.
struct Grid {
  const SimtLaunch &launch;
  uint32_t firstRun;
};

/// `file:line:column`, or `unknown` where nobody said it.
std::string place(const SimtSite *site, const std::string &unknown);

class MemoryChecks {
public:
  explicit MemoryChecks(Shadow &shadow);

  /// Of a block whose shared memory is `shared`.
  void begin(const Grid &of, const char *shared, int64_t sharedBytes);

  /// Whether a read is one of many alike that are right.
  bool isSettled(const void *address, int64_t bytes, const Stamps &stamps) const {
    auto at = reinterpret_cast<uintptr_t>(address);
    const Page *page = knownPage(address);
    return page && at % Page::bytes + static_cast<uintptr_t>(bytes) <= Page::bytes &&
           page->isSettled(at, static_cast<uintptr_t>(bytes), stamps);
  }
  /// What is wrong with an access, with its verb first; nothing where it is right.
  std::string access(const void *address, int64_t bytes, SimtAccess kind, const Now &now,
                     const Stamps &stamps);
  /// An async copy has arrived.
  void land(const void *address, int64_t bytes, const Now &now);

  /// What a block may have, as its addresses are told from others.
  static constexpr int64_t sharedRoom = 256 * 1024;
  bool isShared(const void *address) const {
    return address >= shared && address < shared + sharedRoom;
  }

private:
  bool isInBounds(const void *address, int64_t bytes);
  std::string beside(const void *address, int64_t bytes, SimtAccess kind) const;
  std::string conflict(const void *address, int64_t bytes, SimtAccess kind, const Now &now,
                       const Conflict &found) const;
  std::string named(const void *address, int64_t bytes) const;
  bool meet(Page &page, uintptr_t address, uintptr_t bytes, SimtAccess kind, const Now &now,
            const Stamps &stamps, bool inShared, Conflict &found);

  struct KnownPage {
    uintptr_t number = 0;
    Page *page = nullptr;
  };

  /// The page of `address`; null where the block has not met it yet.
  Page *knownPage(const void *address) const {
    if (isShared(address))
      return &sharedPages[static_cast<size_t>(static_cast<const char *>(address) - shared) /
                          Page::bytes];
    uintptr_t number = reinterpret_cast<uintptr_t>(address) / Page::bytes;
    const KnownPage &known = knownPages[number % knownPages.size()];
    return known.number == number ? known.page : nullptr;
  }
  Page &pageOf(uintptr_t address);

  Shadow &shadow;
  const Grid *grid = nullptr;
  const char *shared = nullptr;
  int64_t sharedBytes = 0;
  const SimtMemory::Allocation *lastHit = nullptr;
  std::array<KnownPage, 1024> knownPages;
  std::unique_ptr<Page[]> sharedPages; ///< nobody else's
  uint64_t generation = 0;
};

} // namespace roux::simt
