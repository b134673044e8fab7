//===- Block.h - a block of threads that runs ------------------------------===//
//
// Each thread runs until it waits for others; which one goes on then is the order
// of their numbers, or what a seed makes of it. A block is run by one thread of the
// host, and its own find it by a thread_local pointer.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/AsyncCopies.h"
#include "runtime/simt/Collectives.h"
#include "runtime/simt/Emulator.h"
#include "runtime/simt/Fiber.h"
#include "runtime/simt/Mbarriers.h"
#include "runtime/simt/MemoryChecks.h"
#include "runtime/simt/PartBarriers.h"
#include "runtime/simt/TensorCopies.h"
#include "runtime/simt/Warpgroups.h"

#include <array>
#include <string>
#include <vector>

namespace roux::simt {

inline constexpr unsigned lanesOfWarp = 32;

/// No GPU has more for a block.
inline constexpr int64_t mostThreads = 1024, mostSharedBytes = 227 * 1024;

struct Thread {
  Fiber fiber;
  uint32_t number = 0; ///< in the block
  bool ended = false;
  const char *waitsAt = nullptr; ///< an instruction; null: it runs, or could
  const SimtSite *site = nullptr;
  std::array<uint16_t, lanesOfWarp> seen; ///< the clocks of its warp's lanes that it knows of
  /// Those of others, where it has learnt of any since the block's last barrier.
  std::unique_ptr<Clocks> others;
  bool knowsOthers = false;
  AsyncCopies copies;
  uint32_t productGroups = 0;   ///< of wgmma that it has committed
  bool registersFenced = false; ///< since the last of them, for wgmma
  SumsInFlight sumsInFlight;

  uint32_t lane() const { return number % lanesOfWarp; }
  uint32_t warp() const { return number / lanesOfWarp; }
};

class Block {
public:
  /// `index` is another for each that has this shadow.
  Block(const EmulatorOptions &options, Shadow &shadow, unsigned index);
  ~Block();

  /// Runs block `number` of a grid; what went wrong, or nothing.
  std::string run(const Grid &grid, uint32_t number);

  // What follows is for the instructions of the block's threads.

  /// The one that this thread of the host runs.
  static Block &running() { return *runningBlock; }
  Thread &current() { return *now; }
  /// Of the current thread's warp.
  Thread &lane(uint32_t lane) { return threads[now->warp() * lanesOfWarp + lane]; }
  Warp &warp() { return warps[now->warp()]; }
  uint32_t special(SimtRegister which) const;
  char *shared() const { return arena; }
  bool isShared(const void *address) const { return memory.isShared(address); }
  uint32_t barriers() const { return epoch; } ///< that its threads have met at
  bool copiesEarly() const { return options.earlyCopies; }

  /// Waits for all threads of the block.
  void barrier(const SimtSite *site);
  /// The current thread goes on when another one wakes it.
  void wait(const char *instruction, const SimtSite *site);
  void wake(Thread &thread);
  /// Checks an access of the current thread, if that is asked for.
  void access(const void *address, int64_t bytes, SimtAccess kind, const SimtSite *site) {
    if (kind != SimtAccess::Read || !memory.isSettled(address, bytes, stamps()))
      check(address, bytes, kind, site);
  }
  /// The current thread's warp knows of more than before.
  void orderWarp() { warp().stamp = ++lastStamp; }
  /// Of any warp, and of more than its own threads.
  void orderWarp(uint32_t warp) {
    warps[warp].stamp = ++lastStamp;
    blockStamp = ++lastStamp;
  }
  Mbarriers &mbarriers() { return ownMbarriers; }
  PartBarriers &parts() { return ownParts; }
  TensorCopies &tensorCopies() { return ownTensorCopies; }
  /// A check as access() of what the current thread has begun: a product's read, a copy's write,
  /// made by `party` at its own clock.
  void accessOf(uint32_t party, uint32_t clock, const void *address, int64_t bytes, SimtAccess kind,
                const SimtSite *site);
  /// A copy of the current thread has arrived.
  void landed(const void *address, int64_t bytes, const SimtSite *site);
  /// One of the copy engine's has, that was begun in that epoch.
  void landedOf(uint32_t party, uint32_t clock, uint32_t epoch, const void *address, int64_t bytes,
                const SimtSite *site);
  /// What the current thread wrote before is seen by wgmma.
  void fenceProxy() { fences[now->number] = epoch + 1; }
  /// Ends the block with `why`, which the current thread did at `site`.
  [[noreturn]] void fail(const SimtSite *site, std::string &&why);

private:
  static constinit thread_local Block *runningBlock;

  static void runThread();
  Stamps stamps() { return {warp().stamp, blockStamp}; }
  void order();
  void check(const void *address, int64_t bytes, SimtAccess kind, const SimtSite *site);
  void begin(const Grid &of, uint32_t block);
  void beginThread(uint32_t thread);
  void end();
  void leave();
  uint64_t draw();
  Thread &next();
  std::string deadlock() const;
  void checkAs(const Now &as, const void *address, int64_t bytes, SimtAccess kind,
               const SimtSite *site);
  Now asCurrent(const void *address, const SimtSite *site) const;

  const EmulatorOptions &options;
  MemoryChecks memory;
  const Grid *grid = nullptr;
  uint32_t number = 0, epoch = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<uint32_t> fences; ///< of each thread: the epoch after that of its last proxy fence
  std::array<uint16_t, 32> products{}; ///< of each warp, waited for at the last barrier
  Mbarriers ownMbarriers;
  PartBarriers ownParts;
  TensorCopies ownTensorCopies;
  std::vector<Thread *> ready; ///< a queue from `head`
  size_t head = 0;
  uint32_t live = 0, arrived = 0;
  uint64_t lastStamp, blockStamp = 0; ///< Stamps
  Thread *now = nullptr;
  Fiber scheduler;
  Stacks stacks;
  char *room = nullptr, *arena = nullptr;
  std::string error;                  ///< what ended the block
  const SimtSite *failedAt = nullptr; ///< and where
  uint64_t random = 0;
};

} // namespace roux::simt
