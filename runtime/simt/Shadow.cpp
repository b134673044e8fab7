//===- Shadow.cpp - who read and wrote each byte of memory -----------------===//
//
// Two readers are kept since the last write, as far apart as they come: of a race
// with any third one of the two is a party as well, or an access after it.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Shadow.h"

namespace roux::simt {

static constexpr uint32_t lanes = 32;

/// Whether the thread has learnt of an access of its block, at a barrier of the block or elsewhere.
bool Now::knows(const Access &other) const {
  uint32_t party = other.party();
  if (others && other.clock() <= (*others)[party])
    return true;
  if (isThread(party) && party / lanes == thread / lanes)
    return other.clock() <= seen[party % lanes];
  // Products go on reading behind a barrier that nobody waited for them before.
  bool isProduct = party >= firstProducts && party < firstCopies;
  return isProduct && products && other.clock() <= products[party - firstProducts];
}

bool Now::isAfter(const Access &other) const {
  if (other.run() < firstRun)
    return true;
  if (other.run() != access.run())
    return false;
  bool isMet = other.epoch() < access.epoch() &&
               (other.party() < firstProducts || other.party() >= firstCopies);
  return isMet || (!isThread(other.party()) && other.party() == access.party()) || knows(other);
}

/// Of those that are told apart: a warp, its products.
static uint32_t groupOf(const Access &access) {
  return isThread(access.party()) ? access.party() / lanes : access.party();
}

/// 0 for the same warp, more the less orders them.
static int distance(const Access &a, const Access &b) {
  return a.run() != b.run() ? 2 : groupOf(a) != groupOf(b) ? 1 : 0;
}

void Cell::noteRead(const Now &now) {
  for (Access &read : reads)
    if (now.isAfter(read)) {
      read = now.access;
      return;
    }
  if (distance(reads[0], now.access) > distance(reads[0], reads[1]))
    reads[1] = now.access;
}

bool Cell::meet(const Now &now, SimtAccess kind, bool mustBeWritten, Conflict &found) {
  if (flight.run() >= now.firstRun) {
    found = {Conflict::InFlight, SimtAccess::AsyncWrite, flight};
    return false;
  }
  bool isRead = kind == SimtAccess::Read || kind == SimtAccess::ProxyRead;
  bool isCopy = kind == SimtAccess::AsyncWrite || kind == SimtAccess::ProxyWrite;
  bool isByProxy = kind == SimtAccess::ProxyRead || kind == SimtAccess::ProxyWrite;
  if (mustBeWritten && isRead && write.run() < now.firstRun) {
    found = {Conflict::Unwritten, SimtAccess::Write, {}};
    return false;
  }
  if (!now.isAfter(write)) {
    found = {Conflict::Unordered, SimtAccess::Write, write};
    return false;
  }
  if (isByProxy && write.run() == now.access.run() && isThread(write.party()) &&
      now.fences[write.party()] <= write.epoch()) {
    found = {Conflict::Unfenced, SimtAccess::Write, write};
    return false;
  }
  if (isRead) {
    noteRead(now);
    return true;
  }
  for (Access &read : reads) {
    if (!now.isAfter(read)) {
      found = {Conflict::Unordered, SimtAccess::Read, read};
      return false;
    }
    read = {};
  }
  (isCopy ? flight : write) = now.access;
  return true;
}

void Cell::land(const Now &now) {
  flight = {};
  write = now.access;
}

Settled Cell::settled(const Now &now, bool isShared) const {
  if (write.run() == now.access.run() && write.epoch() == now.access.epoch())
    return Settled::Nobodys; // lanes may know of it, or not
  for (const Access &read : reads)
    if (now.isAfter(read) && !read.isAlike(now.access))
      return Settled::Nobodys; // the next one takes its place
  // Whoever writes now meets one of two that are so far apart.
  bool isFar = distance(reads[0], reads[1]) == (isShared ? 1 : 2);
  return isFar ? Settled::OfBlock : Settled::OfWarp;
}

void Page::split() {
  std::unique_ptr<Cell[]> finer(new Cell[bytes >> 1]);
  for (uintptr_t i = 0; i < bytes >> 1; ++i)
    finer[i] = cells[i / 2];
  cells = std::move(finer);
  shift = 1;
}

Page &Shadow::page(uintptr_t address) {
  std::lock_guard lock(mutex);
  std::unique_ptr<Page> &page = pages[address / Page::bytes];
  if (!page)
    page = std::make_unique<Page>();
  return *page;
}

void Shadow::trim() {
  if (pages.size() > mostPages)
    clear();
}

void Shadow::clear() {
  pages.clear();
  ++forgotten;
}

} // namespace roux::simt
