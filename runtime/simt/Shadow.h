//===- Shadow.h - who read and wrote each byte of memory -------------------===//
//
// Wrong numbers betray few races: a schedule has to be unlucky. So beside every
// four bytes (two, where they are used apart) stands who wrote them last and who
// has read them since, and an access that nothing orders behind those is an error,
// in whatever order threads were run.
//
// Threads of a block are ordered by the block's barriers, counted in epochs, and
// within a warp by its own, counted in each lane's clock. Blocks of a launch are
// never ordered, those of different launches always.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Table.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace roux::simt {

/// One access that was made. Packed: there are three of them beside every four bytes.
class Access {
public:
  Access() = default;
  Access(uint32_t run, uint32_t epoch, uint32_t clock, uint32_t thread, const SimtSite *site)
      : when(uint64_t(run) << 32 | epoch << clockBits | clock),
        who(uint64_t(thread) << 48 | reinterpret_cast<uintptr_t>(site)) {}

  /// Of a block in a launch; 0: no access.
  uint32_t run() const { return static_cast<uint32_t>(when >> 32); }
  uint32_t epoch() const { return static_cast<uint32_t>(when) >> clockBits; }
  uint32_t clock() const { return static_cast<uint32_t>(when) & mostClock; }
  uint32_t thread() const { return static_cast<uint32_t>(who >> 48); }
  const SimtSite *site() const { return reinterpret_cast<const SimtSite *>(who << 16 >> 16); }
  bool sameThread(const Access &other) const {
    return run() == other.run() && thread() == other.thread();
  }

  static constexpr unsigned clockBits = 12;
  static constexpr uint32_t mostClock = (1u << clockBits) - 1, mostEpoch = (1u << 20) - 1;

private:
  uint64_t when = 0, who = 0;
};

/// The access that is made, and what is ordered before it.
struct Now {
  Access access;
  uint32_t firstRun;      ///< of those it could meet: whatever ran before is over
  const uint16_t *seen;   ///< the clocks of its warp's lanes that it knows of
  const uint32_t *fences; ///< of each thread of its block: the epoch after its last proxy fence's
  bool isAfter(const Access &other) const;
};

/// Why an access is an error, with the other one.
struct Conflict {
  enum Why : uint8_t { Unordered, InFlight, Unwritten, Unfenced } why;
  SimtAccess other = SimtAccess::Write;
  Access access;
};

/// What is known about a few bytes.
class Cell {
public:
  /// Notes the access; false, with `found`, where it is an error. What `mustBeWritten` has nothing
  /// in it before the block's own writes.
  bool meet(const Now &now, SimtAccess kind, bool mustBeWritten, Conflict &found);
  /// An async copy of `now`'s thread has arrived.
  void land(const Now &now);

private:
  void noteRead(const Now &now);

  Access write, flight, reads[2];
};

/// The cells of a page of memory.
class Page {
public:
  static constexpr uintptr_t bytes = 4096;

  /// Calls `each` with the cells of what lies in this page of [address, address + count), until it
  /// gives false.
  template <typename Each>
  bool forCells(uintptr_t address, uintptr_t count, const Each &each) {
    std::lock_guard lock(mutex);
    if (shift == 2 && ((address | count) & 3))
      split();
    uintptr_t first = (address % bytes) >> shift, last = (address % bytes + count - 1) >> shift;
    for (uintptr_t cell = first; cell <= last; ++cell)
      if (!each(cells[cell]))
        return false;
    return true;
  }

private:
  void split();

  std::mutex mutex;
  unsigned shift = 2; ///< bytes of a cell, as a power of 2
  std::unique_ptr<Cell[]> cells{new Cell[bytes >> 2]};
};

/// All pages that were ever touched, by all threads of the host.
class Shadow {
public:
  /// The page of `address`. Throws std::bad_alloc.
  Page &page(uintptr_t address);
  /// Forgets everything where it has become much. Not while a launch runs.
  void trim();
  void clear();
  /// Another one after pages were forgotten.
  uint64_t generation() const { return forgotten; }

private:
  static constexpr size_t mostPages = 16384; ///< a gigabyte of cells

  std::mutex mutex;
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages;
  uint64_t forgotten = 0;
};

} // namespace roux::simt
