//===- Shadow.cpp - who read and wrote each byte of memory -----------------===//
//
// Two readers are kept since the last write, as far apart as they come: of a race
// with any third one of the two is a party as well, or an access after it.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Shadow.h"

namespace roux::simt {

static constexpr uint32_t lanes = 32;

bool Now::isAfter(const Access &other) const {
  if (other.run() < firstRun)
    return true;
  if (other.run() != access.run())
    return false;
  if (other.epoch() < access.epoch())
    return true;
  return other.thread() / lanes == access.thread() / lanes &&
         other.clock() <= seen[other.thread() % lanes];
}

/// 0 for the same warp, more the less orders them.
static int distance(const Access &a, const Access &b) {
  return a.run() != b.run() ? 2 : a.thread() / lanes != b.thread() / lanes ? 1 : 0;
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
  if (mustBeWritten && isRead && write.run() < now.firstRun) {
    found = {Conflict::Unwritten, SimtAccess::Write, {}};
    return false;
  }
  if (!now.isAfter(write)) {
    found = {Conflict::Unordered, SimtAccess::Write, write};
    return false;
  }
  if (kind == SimtAccess::ProxyRead && write.run() == now.access.run() &&
      now.fences[write.thread()] <= write.epoch()) {
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
  (kind == SimtAccess::AsyncWrite ? flight : write) = now.access;
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
