//===- MemoryChecks.cpp - whether a block's accesses are right -------------===//
//
// The way of an access that is right is short: the allocation of the one before,
// and a page that was met before.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/MemoryChecks.h"

#include "runtime/simt/Emulator.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::simt {

static std::string_view verb(SimtAccess kind) {
  static constexpr std::string_view verbs[] = {"reads", "writes", "copies asynchronously to",
                                               "multiplies", "copies asynchronously to"};
  return verbs[static_cast<int>(kind)];
}

std::string place(const SimtSite *site, const std::string &unknown) {
  return site && site->file ? fmt::format("{}:{}:{}", site->file, site->line, site->column)
                            : unknown;
}

MemoryChecks::MemoryChecks(Shadow &shadow)
    : shadow(shadow), sharedPages(new Page[sharedRoom / Page::bytes]) {}

void MemoryChecks::begin(const Grid &of, const char *memory, int64_t bytes) {
  grid = &of;
  shared = memory;
  sharedBytes = bytes;
  lastHit = nullptr;
  if (generation != shadow.generation()) {
    knownPages = {};
    sharedPages.reset(new Page[sharedRoom / Page::bytes]);
  }
  generation = shadow.generation();
}

bool MemoryChecks::isInBounds(const void *address, int64_t bytes) {
  if (isShared(address))
    return static_cast<const char *>(address) + bytes <= shared + sharedBytes;
  if (!grid->launch.memory || (lastHit && lastHit->holds(address, bytes)))
    return true;
  const SimtMemory::Allocation *found = grid->launch.memory->before(address);
  if (found && found->holds(address, bytes)) {
    lastHit = found;
    return true;
  }
  if (grid->launch.arguments.empty())
    return false;
  // The extent is in memory that the launcher has for itself.
  auto extent = reinterpret_cast<const char *>(grid->launch.arguments.back());
  return address >= extent && static_cast<const char *>(address) + bytes <= extent + 8;
}

/// What is at `address`, for people.
std::string MemoryChecks::named(const void *address, int64_t bytes) const {
  if (isShared(address))
    return fmt::format("{} bytes of shared memory at byte {}", bytes,
                       static_cast<const char *>(address) - shared);
  const SimtMemory *memory = grid->launch.memory;
  const SimtMemory::Allocation *found = memory ? memory->before(address) : nullptr;
  if (!found)
    return fmt::format("{} bytes at {}", bytes, address);
  return fmt::format("{} bytes of '{}' at byte {}", bytes, found->name,
                     static_cast<const char *>(address) - found->begin);
}

std::string MemoryChecks::beside(const void *address, int64_t bytes, SimtAccess kind) const {
  int64_t room = sharedBytes;
  if (!isShared(address)) {
    const SimtMemory::Allocation *found = grid->launch.memory->before(address);
    if (!found)
      return fmt::format("{} {} bytes at {}, where nothing is allocated", verb(kind), bytes,
                         address);
    room = found->bytes;
  }
  return fmt::format("{} {}, which has {}", verb(kind), named(address, bytes), room);
}

/// Who made an access of a block, for people.
static std::string nameOf(uint32_t party) {
  if (party >= firstCopies)
    return "the copy engine";
  return isThread(party) ? fmt::format("thread {}", party)
                         : fmt::format("warp {}", party - firstProducts);
}

std::string MemoryChecks::conflict(const void *address, int64_t bytes, SimtAccess kind,
                                   const Now &now, const Conflict &found) const {
  std::string what = fmt::format("{} {}, ", verb(kind), named(address, bytes));
  if (found.why == Conflict::Unwritten)
    return what + "which no thread of the block has written";
  std::string there = place(found.access.site(), "an unknown line");
  std::string who = nameOf(found.access.party());
  if (found.access.run() != now.access.run())
    who = fmt::format("block {} {}", found.access.run() - grid->firstRun, who);
  if (found.why == Conflict::InFlight)
    return what +
           fmt::format("to which {} copies asynchronously at {} and nobody has waited for it", who,
                       there);
  if (found.why == Conflict::Unfenced)
    return what + fmt::format("which {} writes at {} and nobody has fenced for {} "
                              "(fence.proxy.async)",
                              who, there,
                              kind == SimtAccess::ProxyRead ? "wgmma" : "the copy engine");
  if (found.access.party() >= firstProducts && found.access.party() < firstCopies)
    return what + fmt::format("which {} multiplies at {} and nobody has waited for it", who, there);
  return what + fmt::format("which {} {} at {} with no barrier between", who,
                            found.other == SimtAccess::Read ? "reads" : "writes", there);
}

Page &MemoryChecks::pageOf(uintptr_t address) {
  if (Page *known = knownPage(reinterpret_cast<const void *>(address)))
    return *known;
  uintptr_t number = address / Page::bytes;
  KnownPage &known = knownPages[number % knownPages.size()];
  known = {number, &shadow.page(address)};
  return *known.page;
}

/// Calls `each(page, address, bytes)` for the parts of a range that lie in one page.
template <typename Each>
static bool inPages(const void *address, int64_t bytes, const Each &each) {
  auto at = reinterpret_cast<uintptr_t>(address);
  for (uintptr_t left = static_cast<uintptr_t>(bytes); left > 0;) {
    uintptr_t part = std::min(left, Page::bytes - at % Page::bytes);
    if (!each(at, part))
      return false;
    at += part;
    left -= part;
  }
  return true;
}

bool MemoryChecks::meet(Page &page, uintptr_t address, uintptr_t bytes, SimtAccess kind,
                        const Now &now, const Stamps &stamps, bool inShared, Conflict &found) {
  Settled least = kind == SimtAccess::Read ? Settled::OfBlock : Settled::Nobodys;
  bool isRight = page.forCells(address, bytes, [&](Cell &cell) {
    if (!cell.meet(now, kind, inShared, found))
      return false;
    if (least != Settled::Nobodys)
      least = std::min(least, cell.settled(now, inShared));
    return true;
  });
  if (least != Settled::Nobodys)
    page.settle(address, bytes, least == Settled::OfBlock ? stamps.block : stamps.warp);
  else if (kind != SimtAccess::Read)
    page.settle(address, bytes, 0);
  return isRight;
}

std::string MemoryChecks::access(const void *address, int64_t bytes, SimtAccess kind,
                                 const Now &now, const Stamps &stamps) {
  if (!isInBounds(address, bytes))
    return beside(address, bytes, kind);
  bool inShared = isShared(address);
  Conflict found;
  bool isRight = inPages(address, bytes, [&](uintptr_t at, uintptr_t part) {
    Page &page = pageOf(at);
    std::unique_lock lock(page.lock, std::defer_lock);
    if (!inShared)
      lock.lock();
    return meet(page, at, part, kind, now, stamps, inShared, found);
  });
  return isRight ? std::string() : conflict(address, bytes, kind, now, found);
}

void MemoryChecks::land(const void *address, int64_t bytes, const Now &now) {
  bool inShared = isShared(address);
  inPages(address, bytes, [&](uintptr_t at, uintptr_t part) {
    Page &page = pageOf(at);
    std::unique_lock lock(page.lock, std::defer_lock);
    if (!inShared)
      lock.lock();
    page.settle(at, part, 0);
    return page.forCells(at, part, [&](Cell &cell) {
      cell.land(now);
      return true;
    });
  });
}

} // namespace roux::simt
