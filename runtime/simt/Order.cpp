//===- Order.cpp - what threads of a block learn of each other -------------===//
//
// See the header. Most kernels have no such barriers, so a thread has room for clocks
// of others only from the first that it learns of.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Order.h"

#include "runtime/simt/Block.h"

#include <algorithm>

namespace roux::simt {

static void join(uint16_t &to, uint16_t from) {
  to = std::max(to, from);
}

void tell(Thread &thread, Clocks &to) {
  if (thread.knowsOthers)
    for (size_t party = 0; party < to.size(); ++party)
      join(to[party], (*thread.others)[party]);
  uint32_t first = thread.warp() * lanesOfWarp;
  for (uint32_t lane = 0; lane < lanesOfWarp; ++lane)
    join(to[first + lane], thread.seen[lane]);
  uint16_t &own = thread.seen[thread.lane()];
  own = static_cast<uint16_t>(std::min<uint32_t>(own + 1u, Access::mostClock));
}

static Clocks &othersOf(Thread &thread) {
  if (!thread.others)
    thread.others = std::make_unique<Clocks>();
  if (!thread.knowsOthers)
    thread.others->fill(0);
  thread.knowsOthers = true;
  return *thread.others;
}

void learn(Thread &thread, const Clocks &from) {
  Clocks &others = othersOf(thread);
  for (size_t party = 0; party < from.size(); ++party)
    join(others[party], from[party]);
  uint32_t first = thread.warp() * lanesOfWarp;
  for (uint32_t lane = 0; lane < lanesOfWarp; ++lane)
    join(thread.seen[lane], from[first + lane]);
  Block::running().orderWarp(thread.warp());
}

void learn(Thread &thread, uint32_t party, uint32_t clock) {
  join(othersOf(thread)[party], static_cast<uint16_t>(std::min(clock, Access::mostClock)));
  Block::running().orderWarp(thread.warp());
}

} // namespace roux::simt
