//===- Shadow.h - who read and wrote each byte of memory -------------------===//
//
// Wrong numbers betray few races: a schedule has to be unlucky. So beside every
// four bytes (two, where they are used apart) stands who wrote them last and who
// has read them since, and an access that nothing orders behind those is an error,
// in whatever order threads were run.
//
// Threads of a block are ordered by the block's barriers, counted in epochs, within a
// warp by its own, counted in each lane's clock, and by what they learn of each other
// at an mbarrier or a barrier of some of them (Clocks). Blocks of a launch are never
// ordered, those of different launches always.
//
// Most accesses read what a neighbour has just read and add nothing to what is known.
// Whose those are is noted by a stamp, so that they take a comparison each.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Table.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace roux::simt {

/// Who accesses memory: the threads of a block, the products that a warp has begun, and the copies
/// that go to an mbarrier. Of the last two a clock is the number of a group, and of a phase.
inline constexpr uint32_t firstProducts = 1024, firstCopies = firstProducts + 32,
                          mostMbarriers = 64, mostParties = firstCopies + mostMbarriers;
inline constexpr bool isThread(uint32_t party) {
  return party < firstProducts;
}

/// Of each party the clock up to which something comes after it.
using Clocks = std::array<uint16_t, mostParties>;

/// One access that was made. Packed: there are three of them beside every four bytes.
class Access {
public:
  Access() = default;
  Access(uint32_t run, uint32_t epoch, uint32_t clock, uint32_t party, const SimtSite *site)
      : when(uint64_t(run) << 32 | epoch << clockBits | clock),
        who(uint64_t(party) << 48 | reinterpret_cast<uintptr_t>(site)) {}

  /// Of a block in a launch; 0: no access.
  uint32_t run() const { return static_cast<uint32_t>(when >> 32); }
  uint32_t epoch() const { return static_cast<uint32_t>(when) >> clockBits; }
  uint32_t clock() const { return static_cast<uint32_t>(when) & mostClock; }
  uint32_t party() const { return static_cast<uint32_t>(who >> 48); }
  const SimtSite *site() const { return reinterpret_cast<const SimtSite *>(who << 16 >> 16); }
  /// Whether the same party made them with nothing between that orders parties.
  bool isAlike(const Access &other) const { return when == other.when && party() == other.party(); }

  static constexpr unsigned clockBits = 12;
  static constexpr uint32_t mostClock = (1u << clockBits) - 1, mostEpoch = (1u << 20) - 1;

private:
  uint64_t when = 0, who = 0;
};

/// The access that is made, and what is ordered before it.
struct Now {
  Access access;
  uint32_t firstRun;      ///< of those it could meet: whatever ran before is over
  uint32_t thread;        ///< who makes it, or began what does
  const uint16_t *seen;   ///< the clocks of that thread's warp that it knows of
  const uint32_t *fences; ///< of each thread of its block: the epoch after its last proxy fence's
  /// What the thread knows of others since the block's last barrier; null: nothing.
  const Clocks *others = nullptr;
  /// Of each warp, the products that it had waited for at that barrier.
  const uint16_t *products = nullptr;

  bool isAfter(const Access &other) const;

private:
  bool knows(const Access &other) const;
};

/// Why an access is an error, with the other one.
struct Conflict {
  enum Why : uint8_t { Unordered, InFlight, Unwritten, Unfenced } why;
  SimtAccess other = SimtAccess::Write;
  Access access;
};

/// Whose further reads, until the next barrier of theirs, a cell would not note.
enum class Settled : uint8_t { Nobodys, OfWarp, OfBlock };

/// What is known about a few bytes.
class Cell {
public:
  /// Notes the access; false, with `found`, where it is an error. What `mustBeWritten` has nothing
  /// in it before the block's own writes.
  bool meet(const Now &now, SimtAccess kind, bool mustBeWritten, Conflict &found);
  /// An async copy of `now`'s thread has arrived.
  void land(const Now &now);
  /// After a read of `now`. Of memory of one block only, `isShared`, no two reads are of different
  /// blocks.
  Settled settled(const Now &now, bool isShared) const;

private:
  void noteRead(const Now &now);

  Access write, flight, reads[2];
};

/// Lets one thread of the host at a page. Held for a few instructions, by the way in millions.
class PageLock {
public:
  void lock() {
    while (taken.test_and_set(std::memory_order_acquire))
      std::this_thread::yield();
  }
  void unlock() { taken.clear(std::memory_order_release); }

private:
  std::atomic_flag taken;
};

/// The stamps of a thread that accesses memory; each is given once.
struct Stamps {
  uint64_t warp, block;
};

/// The cells of a page of memory.
class Page {
public:
  static constexpr uintptr_t bytes = 4096;

  /// Whether all of [address, address + count), in this page, is settled for a thread.
  bool isSettled(uintptr_t address, uintptr_t count, const Stamps &stamps) const {
    uintptr_t last = (address % bytes + count - 1) / bytesOfStamp;
    for (uintptr_t i = address % bytes / bytesOfStamp; i <= last; ++i) {
      uint64_t stamp = settled[i].load(std::memory_order_relaxed);
      if (stamp != stamps.warp && stamp != stamps.block)
        return false;
    }
    return true;
  }

  /// Calls `each` with the cells of what lies in this page of [address, address + count), until it
  /// gives false.
  template <typename Each>
  bool forCells(uintptr_t address, uintptr_t count, const Each &each) {
    if (shift == 2 && ((address | count) & 3))
      split();
    uintptr_t first = (address % bytes) >> shift, last = (address % bytes + count - 1) >> shift;
    for (uintptr_t cell = first; cell <= last; ++cell)
      if (!each(cells[cell]))
        return false;
    return true;
  }

  /// Reads with `stamp` of that range need no look at its cells; 0: all do.
  void settle(uintptr_t address, uintptr_t count, uint64_t stamp) {
    uintptr_t last = (address % bytes + count - 1) / bytesOfStamp;
    if (stamp && ((address | count) & (bytesOfStamp - 1)))
      return; // the rest of its bytes is not known
    for (uintptr_t i = address % bytes / bytesOfStamp; i <= last; ++i)
      settled[i].store(stamp, std::memory_order_relaxed);
  }

  /// Of pages that blocks share.
  PageLock lock;

private:
  static constexpr uintptr_t bytesOfStamp = 4;
  void split();

  unsigned shift = 2; ///< bytes of a cell, as a power of 2
  std::unique_ptr<Cell[]> cells{new Cell[bytes >> 2]};
  // Looked at without the lock: a stamp is of threads that the host runs one after the other.
  std::array<std::atomic<uint64_t>, bytes / bytesOfStamp> settled = {};
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
