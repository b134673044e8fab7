//===- Collectives.cpp - what lanes of a warp do together ------------------===//
//
// As PTX says it of each instruction. A lane that reads from one that does not take
// part gets an undefined number on a GPU, and is an error here.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Collectives.h"

#include "runtime/simt/Block.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::simt {

/// Runs a meeting to which all have come, in the last one's turn.
static void finish(Meeting &meeting) {
  Block &block = Block::running();
  meeting.together(meeting);
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane)
    if (meeting.has(lane) && lane != block.current().lane())
      block.wake(block.lane(lane));
}

static void arrive(Meeting &meeting, uint32_t lane, const void *operands, void *result,
                   const SimtSite *site) {
  meeting.arrived |= 1u << lane;
  meeting.operands[lane] = operands;
  meeting.results[lane] = result;
  meeting.sites[lane] = site;
}

void meet(const char *instruction, uint32_t mask, const void *operands, void *result,
          const SimtSite *site, void (*together)(Meeting &)) {
  Block &block = Block::running();
  uint32_t lane = block.current().lane();
  if (!(mask >> lane & 1))
    block.fail(site, fmt::format("comes to {} with a mask of lanes ({:#x}) that leaves out its own",
                                 instruction, mask));
  std::vector<Meeting> &meetings = block.warp().meetings;
  for (Meeting &meeting : meetings) {
    if (!(meeting.mask & mask))
      continue;
    if (meeting.mask != mask || meeting.together != together)
      block.fail(site,
                 fmt::format("comes to {} for the lanes {:#x} while others of them wait at {} "
                             "for the lanes {:#x}",
                             instruction, mask, meeting.instruction, meeting.mask));
    arrive(meeting, lane, operands, result, site);
    if (meeting.arrived != mask)
      return block.wait(instruction, site);
    finish(meeting);
    if (&meeting != &meetings.back())
      meeting = meetings.back();
    meetings.pop_back();
    return;
  }
  arrive(meetings.emplace_back(instruction, together, mask), lane, operands, result, site);
  if (meetings.back().arrived != mask)
    return block.wait(instruction, site);
  finish(meetings.back());
  meetings.pop_back();
}

namespace {
enum class Shuffle { Up, Down, Butterfly, Index };
struct ShuffleOperands {
  uint32_t mask, value, b, c;
};
struct ShuffleResult {
  uint32_t value;
  uint8_t isValid; ///< i1
};
} // namespace

/// The lane that `lane` reads from, and whether that is within its segment; PTX, shfl.sync.
static std::pair<uint32_t, bool> sourceOf(Shuffle kind, uint32_t lane, uint32_t b, uint32_t c) {
  uint32_t clamp = c & 31, segment = c >> 8 & 31;
  uint32_t most = (lane & segment) | (clamp & ~segment), least = lane & segment;
  b &= 31;
  switch (kind) {
  case Shuffle::Up:
    return {lane - b, static_cast<int32_t>(lane - b) >= static_cast<int32_t>(most)};
  case Shuffle::Down:
    return {lane + b, lane + b <= most};
  case Shuffle::Butterfly:
    return {lane ^ b, (lane ^ b) <= most};
  case Shuffle::Index:
    return {least | (b & ~segment), (least | (b & ~segment)) <= most};
  }
  return {lane, false};
}

template <Shuffle kind, bool says>
static void shuffleTogether(Meeting &meeting) {
  auto of = [&](unsigned lane) {
    return static_cast<const ShuffleOperands *>(meeting.operands[lane]);
  };
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane) {
    if (!meeting.has(lane))
      continue;
    auto [source, isValid] = sourceOf(kind, lane, of(lane)->b, of(lane)->c);
    if (!isValid)
      source = lane;
    if (!meeting.has(source))
      Block::running().fail(meeting.sites[lane],
                            fmt::format("ends a shfl.sync in which lane {} reads from lane {}, "
                                        "which takes no part",
                                        lane, source));
    auto *result = static_cast<ShuffleResult *>(meeting.results[lane]);
    result->value = of(source)->value;
    if (says)
      result->isValid = isValid;
  }
}

template <Shuffle kind, bool says>
static void shuffle(const void *operands, void *result, const SimtSite *site) {
  meet("shfl.sync", static_cast<const ShuffleOperands *>(operands)->mask, operands, result, site,
       shuffleTogether<kind, says>);
}

/// Each lane now comes after all that the others did before.
static void orderTogether(Meeting &meeting) {
  Block &block = Block::running();
  std::array<uint16_t, lanesOfWarp> all = {};
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane)
    if (meeting.has(lane))
      for (unsigned other = 0; other < lanesOfWarp; ++other)
        all[other] = std::max(all[other], block.lane(lane).seen[other]);
  Clocks others{};
  bool knowOthers = false;
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane)
    if (Thread &thread = block.lane(lane); meeting.has(lane) && thread.knowsOthers) {
      knowOthers = true;
      std::ranges::transform(others, *thread.others, others.begin(), std::ranges::max);
    }
  for (unsigned lane = 0; lane < lanesOfWarp; ++lane)
    if (meeting.has(lane)) {
      if (knowOthers)
        learn(block.lane(lane), others);
      block.lane(lane).seen = all;
      uint16_t &own = block.lane(lane).seen[lane];
      own = static_cast<uint16_t>(std::min<uint32_t>(own + 1u, Access::mostClock));
    }
  block.orderWarp();
}

static void warpBarrier(const void *operands, void *result, const SimtSite *site) {
  meet("bar.warp.sync", *static_cast<const uint32_t *>(operands), operands, result, site,
       orderTogether);
}

static constexpr SimtInstruction instructions[] = {
    {"bar.warp.sync", warpBarrier},
    {"shfl.sync.up.i32", shuffle<Shuffle::Up, false>},
    {"shfl.sync.up.f32", shuffle<Shuffle::Up, false>},
    {"shfl.sync.up.i32p", shuffle<Shuffle::Up, true>},
    {"shfl.sync.up.f32p", shuffle<Shuffle::Up, true>},
    {"shfl.sync.down.i32", shuffle<Shuffle::Down, false>},
    {"shfl.sync.down.f32", shuffle<Shuffle::Down, false>},
    {"shfl.sync.down.i32p", shuffle<Shuffle::Down, true>},
    {"shfl.sync.down.f32p", shuffle<Shuffle::Down, true>},
    {"shfl.sync.bfly.i32", shuffle<Shuffle::Butterfly, false>},
    {"shfl.sync.bfly.f32", shuffle<Shuffle::Butterfly, false>},
    {"shfl.sync.bfly.i32p", shuffle<Shuffle::Butterfly, true>},
    {"shfl.sync.bfly.f32p", shuffle<Shuffle::Butterfly, true>},
    {"shfl.sync.idx.i32", shuffle<Shuffle::Index, false>},
    {"shfl.sync.idx.f32", shuffle<Shuffle::Index, false>},
    {"shfl.sync.idx.i32p", shuffle<Shuffle::Index, true>},
    {"shfl.sync.idx.f32p", shuffle<Shuffle::Index, true>},
};

std::span<const SimtInstruction> warpInstructions() {
  return instructions;
}

} // namespace roux::simt
