//===- AsyncCopies.cpp - cp.async, from begin to arrival -------------------===//
//
// To be read by other threads, a copy has to be waited for by the one that began it
// and then be met at a barrier: it counts as that thread's write when it arrives.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/AsyncCopies.h"

#include "runtime/simt/Block.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace roux::simt {

static void move(const AsyncCopy &copy) {
  std::memcpy(copy.to, copy.from, copy.given);
  std::memset(copy.to + copy.given, 0, copy.bytes - copy.given);
}

void AsyncCopies::clear() {
  copies.clear();
  group = 0;
}

void AsyncCopies::begin(char *to, const char *from, uint32_t bytes, uint32_t given,
                        const SimtSite *site) {
  Block &block = Block::running();
  uintptr_t addresses = reinterpret_cast<uintptr_t>(to);
  if (given > 0)
    addresses |= reinterpret_cast<uintptr_t>(from);
  if (addresses % bytes != 0)
    block.fail(site, fmt::format("copies {} bytes asynchronously between addresses that are not "
                                 "multiples of it",
                                 bytes));
  block.access(to, bytes, SimtAccess::AsyncWrite, site);
  if (given > 0)
    block.access(from, given, SimtAccess::Read, site);
  copies.push_back({to, from, bytes, given, group, site});
  if (block.copiesEarly())
    move(copies.back());
}

void AsyncCopies::waitFor(uint32_t pending) {
  Block &block = Block::running();
  while (!copies.empty() && copies.front().group + pending < group) {
    const AsyncCopy &copy = copies.front();
    if (!block.copiesEarly())
      move(copy);
    block.landed(copy.to, copy.bytes, copy.site);
    copies.pop_front();
  }
}

namespace {
struct CopyOperands {
  char *to;
  const char *from;
  uint32_t given; ///< where it is said
};
} // namespace

template <uint32_t bytes, bool saysHowMany>
static void beginCopy(const void *operands, void *, const SimtSite *site) {
  auto *copy = static_cast<const CopyOperands *>(operands);
  uint32_t given = saysHowMany ? std::min(copy->given, bytes) : bytes;
  Block::running().current().copies.begin(copy->to, copy->from, bytes, given, site);
}

static void commitGroup(const void *, void *, const SimtSite *) {
  Block::running().current().copies.commit();
}

static void waitForGroups(const void *operands, void *, const SimtSite *) {
  Block::running().current().copies.waitFor(*static_cast<const uint32_t *>(operands));
}

static void waitForAll(const void *, void *, const SimtSite *) {
  AsyncCopies &copies = Block::running().current().copies;
  copies.commit();
  copies.waitFor(0);
}

static constexpr SimtInstruction instructions[] = {
    {"cp.async.ca.shared.global.4", beginCopy<4, false>},
    {"cp.async.ca.shared.global.4.s", beginCopy<4, true>},
    {"cp.async.ca.shared.global.8", beginCopy<8, false>},
    {"cp.async.ca.shared.global.8.s", beginCopy<8, true>},
    {"cp.async.ca.shared.global.16", beginCopy<16, false>},
    {"cp.async.ca.shared.global.16.s", beginCopy<16, true>},
    {"cp.async.cg.shared.global.16", beginCopy<16, false>},
    {"cp.async.cg.shared.global.16.s", beginCopy<16, true>},
    {"cp.async.commit.group", commitGroup},
    {"cp.async.wait.group", waitForGroups},
    {"cp.async.wait.all", waitForAll},
};

std::span<const SimtInstruction> copyInstructions() {
  return instructions;
}

} // namespace roux::simt
