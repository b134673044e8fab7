//===- Block.cpp - a block of threads that runs ----------------------------===//
//
// What ends a block is kept until the host's own stack runs again: those of the
// threads are left as they are, so nothing on them may have to be destroyed.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Block.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/mman.h>
#include <utility>

namespace roux::simt {

constinit thread_local Block *Block::runningBlock = nullptr;

/// Room that may be aligned to its size, as descriptors of shared memory need it, and where there
/// are such at an address of 32 bits.
static constexpr size_t arenaBytes = 2 * MemoryChecks::sharedRoom;

/// Stamps of one block before those of the next begin.
static constexpr unsigned stampBits = 48;

Block::Block(const EmulatorOptions &options, Shadow &shadow, unsigned index)
    : options(options), memory(shadow), lastStamp(uint64_t(index) << stampBits) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_32BIT)
  flags |= MAP_32BIT;
#endif
  void *mapped = mmap(nullptr, arenaBytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapped == MAP_FAILED)
    throw std::runtime_error(
        fmt::format("no memory for a block's shared memory: {}", std::strerror(errno)));
  room = static_cast<char *>(mapped);
  uintptr_t size = MemoryChecks::sharedRoom;
  arena = reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(mapped) + size - 1) / size * size);
}

Block::~Block() {
  munmap(room, arenaBytes);
}

uint32_t Block::special(SimtRegister which) const {
  switch (which) {
  case SimtRegister::Thread:
    return now->number;
  case SimtRegister::Threads:
    return static_cast<uint32_t>(threads.size());
  case SimtRegister::Block:
    return number;
  case SimtRegister::Blocks:
    return static_cast<uint32_t>(grid->launch.blocks);
  case SimtRegister::Lane:
    return now->lane();
  }
  return 0;
}

/// All threads know of all that was done before.
void Block::order() {
  blockStamp = ++lastStamp;
  for (Warp &warp : warps)
    warp.stamp = ++lastStamp;
  for (size_t i = 0; i < warps.size(); ++i)
    products[i] = static_cast<uint16_t>(std::min(warps[i].productsDone, Access::mostClock));
}

void Block::runThread() {
  runningBlock->grid->launch.code.run(runningBlock->grid->launch.arguments.data());
  runningBlock->end();
}

void Block::beginThread(uint32_t index) {
  Thread &thread = threads[index];
  thread.number = index;
  thread.ended = false;
  thread.waitsAt = nullptr;
  thread.seen.fill(0);
  thread.seen[thread.lane()] = 1;
  thread.knowsOthers = false;
  thread.copies.clear();
  thread.productGroups = 0;
  thread.registersFenced = false;
  thread.sumsInFlight.clear();
  thread.fiber.prepare(stacks.begin(index), stacks.end(index), runThread);
  ready.push_back(&thread);
}

void Block::begin(const Grid &of, uint32_t block) {
  grid = &of;
  number = block;
  epoch = arrived = 0;
  error.clear();
  failedAt = nullptr;
  now = nullptr;
  // Numbers of a seed are alike for seeds and blocks that are, until they are mixed.
  random = (options.seed * 0x9e3779b97f4a7c15 + block + 1) * 0xbf58476d1ce4e5b9;
  auto count = static_cast<uint32_t>(of.launch.threads);
  int64_t bytes = of.launch.code.sharedBytes + of.launch.sharedBytes;
  memory.begin(of, arena, bytes);
  if (options.checks)
    std::memset(arena, 0xff, static_cast<size_t>(bytes)); // no number
  stacks.grow(count);
  threads.resize(count);
  fences.assign(count, 0);
  warps.resize((count + lanesOfWarp - 1) / lanesOfWarp);
  for (Warp &warp : warps) {
    warp.meetings.clear();
    warp.productsDone = 0;
  }
  ownMbarriers.clear();
  ownParts.clear();
  ownTensorCopies.clear();
  order();
  ready.clear();
  head = 0;
  live = count;
  for (uint32_t i = 0; i < count; ++i)
    beginThread(i);
}

std::string Block::run(const Grid &of, uint32_t block) {
  const SimtLaunch &launch = of.launch;
  int64_t bytes = launch.code.sharedBytes + launch.sharedBytes;
  if (bytes > mostSharedBytes || launch.threads < 1 || launch.threads > mostThreads)
    return fmt::format("{}: kernel '{}' wants {} threads and {} bytes of shared memory a block, of "
                       "which no GPU has more than {} and {}",
                       launch.location, launch.kernel, launch.threads, bytes, mostThreads,
                       mostSharedBytes);
  runningBlock = this;
  begin(of, block);
  while (live > 0 && error.empty()) {
    if (head == ready.size() && !ownTensorCopies.landOne(options.seed ? draw() : 0)) {
      return fmt::format("{}: kernel '{}', block {}: {}", launch.location, launch.kernel, number,
                         deadlock());
    }
    if (head == ready.size())
      continue; // more has to come
    now = &next();
    Fiber::change(scheduler, now->fiber);
  }
  if (const TensorCopies::Copy *copy = ownTensorCopies.any(); copy && error.empty())
    return fmt::format("{}: kernel '{}', block {} ends while the copy engine still copies to its "
                       "shared memory",
                       place(copy->site, launch.location), launch.kernel, number);
  if (error.empty())
    return {};
  return fmt::format("{}: kernel '{}', block {}, thread {} {}", place(failedAt, launch.location),
                     launch.kernel, number, now->number, error);
}

/// The next number of the seed's.
uint64_t Block::draw() {
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  return random;
}

Thread &Block::next() {
  if (options.seed)
    std::swap(ready[head], ready[head + draw() % (ready.size() - head)]);
  Thread &thread = *ready[head++];
  if (head == ready.size()) {
    ready.clear();
    head = 0;
  }
  return thread;
}

/// Goes on with another thread, or with the scheduler where none can.
void Block::leave() {
  Thread &self = *now;
  if (!error.empty() || head == ready.size()) {
    Fiber::change(self.fiber, scheduler);
    return;
  }
  now = &next();
  Fiber::change(self.fiber, now->fiber);
}

void Block::end() {
  now->ended = true;
  --live;
  for (const Meeting &meeting : warp().meetings)
    if (meeting.mask >> now->lane() & 1)
      fail(nullptr,
           fmt::format("ends while others of its warp wait for it at {}", meeting.instruction));
  leave();
}

void Block::wait(const char *instruction, const SimtSite *site) {
  now->waitsAt = instruction;
  now->site = site;
  leave();
}

void Block::wake(Thread &thread) {
  if (!thread.waitsAt)
    return;
  thread.waitsAt = nullptr;
  ready.push_back(&thread);
}

void Block::fail(const SimtSite *site, std::string &&why) {
  error = std::move(why);
  failedAt = site;
  leave();
  std::abort(); // nobody comes back to a thread of a block that has ended
}

static constexpr const char *blockBarrier = "bar.sync 0";

void Block::barrier(const SimtSite *site) {
  if (++arrived < threads.size())
    return wait(blockBarrier, site);
  if (epoch == Access::mostEpoch)
    fail(site, fmt::format("comes to the {}th barrier of its block, more than are told apart",
                           epoch + 1));
  arrived = 0;
  ++epoch;
  order();
  for (Thread &thread : threads) {
    thread.seen.fill(0);
    thread.seen[thread.lane()] = 1;
    thread.knowsOthers = false;
    if (&thread != now)
      wake(thread);
  }
}

Now Block::asCurrent(const void *address, const SimtSite *site) const {
  uint32_t run = grid->firstRun + number;
  // Shared memory is what another block had before.
  return {Access(run, epoch, now->seen[now->lane()], now->number, site),
          isShared(address) ? run : grid->firstRun,
          now->number,
          now->seen.data(),
          fences.data(),
          now->knowsOthers ? now->others.get() : nullptr,
          products.data()};
}

void Block::check(const void *address, int64_t bytes, SimtAccess kind, const SimtSite *site) {
  if (options.checks && !stacks.contains(address))
    checkAs(asCurrent(address, site), address, bytes, kind, site);
}

void Block::accessOf(uint32_t party, uint32_t clock, const void *address, int64_t bytes,
                     SimtAccess kind, const SimtSite *site) {
  if (!options.checks)
    return;
  Now as = asCurrent(address, site);
  as.access = Access(as.access.run(), epoch, std::min(clock, Access::mostClock), party, site);
  checkAs(as, address, bytes, kind, site);
}

void Block::checkAs(const Now &as, const void *address, int64_t bytes, SimtAccess kind,
                    const SimtSite *site) {
  std::string wrong;
  try {
    wrong = memory.access(address, bytes, kind, as, stamps());
  } catch (const std::bad_alloc &) {
    wrong = "makes one access more than there is memory to check them";
  }
  if (!wrong.empty())
    fail(site, std::move(wrong));
}

void Block::landed(const void *address, int64_t bytes, const SimtSite *site) {
  if (options.checks)
    memory.land(address, bytes, asCurrent(address, site));
}

void Block::landedOf(uint32_t party, uint32_t clock, uint32_t begun, const void *address,
                     int64_t bytes, const SimtSite *site) {
  if (!options.checks)
    return;
  uint32_t run = grid->firstRun + number;
  Access copy(run, begun, std::min(clock, Access::mostClock), party, site);
  memory.land(address, bytes, {copy, run, 0, nullptr, nullptr});
}

/// What each thread waits at, those that follow each other at the same told together.
std::string Block::deadlock() const {
  std::string told;
  auto state = [](const Thread &thread) {
    return thread.ended ? std::string("ended") : fmt::format("wait at {}", thread.waitsAt);
  };
  for (size_t first = 0, last; first < threads.size(); first = last) {
    const Thread &thread = threads[first];
    for (last = first; last < threads.size() && state(threads[last]) == state(thread) &&
                       (thread.ended || threads[last].site == thread.site);)
      ++last;
    told += fmt::format("{}threads {} to {} {}", told.empty() ? "" : ", ", first, last - 1,
                        state(thread));
    if (!thread.ended)
      told += fmt::format(" ({})", place(thread.site, "an unknown line"));
  }
  return told + ": no thread is left that could go on";
}

} // namespace roux::simt
