//===- ShadowTest.cpp - what orders accesses, and what does not -----------===//
//
// Histories of one cell, written out: who comes, in which block, epoch and clock.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Shadow.h"

#include <gtest/gtest.h>

using namespace roux;
using namespace roux::simt;

namespace {

/// The threads of blocks whose runs begin with 10.
class History : public testing::Test {
protected:
  /// What is wrong with the access; nothing where it is right.
  std::optional<Conflict> meet(SimtAccess kind, uint32_t thread, uint32_t run = 10,
                               bool mustBeWritten = false) {
    Conflict found;
    if (cell.meet(at(thread, run), kind, mustBeWritten, found))
      return std::nullopt;
    return found;
  }
  Now at(uint32_t thread, uint32_t run) {
    return {Access(run, epoch, seen[thread][thread % 32], thread, nullptr), 10, thread,
            seen[thread], fences};
  }
  /// Of lanes `a` and `b` of one warp.
  void syncLanes(uint32_t a, uint32_t b) {
    for (int i = 0; i < 32; ++i)
      seen[a][i] = seen[b][i] = std::max(seen[a][i], seen[b][i]);
    ++seen[a][a % 32];
    ++seen[b][b % 32];
  }
  void SetUp() override {
    for (uint32_t thread = 0; thread < 64; ++thread)
      seen[thread][thread % 32] = 1;
  }

  Cell cell;
  uint32_t epoch = 0;
  uint16_t seen[64][32] = {};
  uint32_t fences[64] = {};
};

constexpr SimtAccess read = SimtAccess::Read, write = SimtAccess::Write,
                     copy = SimtAccess::AsyncWrite;

TEST_F(History, AThreadIsOrderedWithItself) {
  EXPECT_FALSE(meet(write, 3));
  EXPECT_FALSE(meet(read, 3));
  EXPECT_FALSE(meet(write, 3));
}

TEST_F(History, AWriteMeetsOtherThreads) {
  EXPECT_FALSE(meet(write, 3));
  auto found = meet(read, 40);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->why, Conflict::Unordered);
  EXPECT_EQ(found->other, write);
  EXPECT_EQ(found->access.party(), 3u);
  EXPECT_TRUE(meet(write, 4));
}

TEST_F(History, ReadersDoNotMeetEachOtherButAWriterMeetsThem) {
  for (uint32_t thread = 0; thread < 64; ++thread)
    EXPECT_FALSE(meet(read, thread));
  auto found = meet(write, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->other, read);
  EXPECT_NE(found->access.party(), 0u);
}

TEST_F(History, ABarrierOrdersABlockAndNoOther) {
  EXPECT_FALSE(meet(write, 3));
  ++epoch;
  EXPECT_FALSE(meet(read, 40));
  EXPECT_TRUE(meet(read, 40, 11));
}

TEST_F(History, BlocksOfALaunchMeetAndThoseOfAnotherDoNot) {
  EXPECT_FALSE(meet(write, 3, 9));
  EXPECT_FALSE(meet(write, 3, 10));
  EXPECT_TRUE(meet(write, 3, 11));
}

TEST_F(History, TwoReadersAreKeptThatAreFarApart) {
  EXPECT_FALSE(meet(read, 0));
  EXPECT_FALSE(meet(read, 1));
  EXPECT_FALSE(meet(read, 5, 11));
  syncLanes(0, 1); // which orders them for 1, but not the other block
  auto found = meet(write, 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access.run(), 11u);
}

TEST_F(History, AWarpsBarrierOrdersThoseWhoMeetAtIt) {
  EXPECT_FALSE(meet(write, 0));
  syncLanes(0, 1);
  EXPECT_FALSE(meet(read, 1));
  EXPECT_TRUE(meet(read, 2));
  syncLanes(1, 2); // and through others too
  EXPECT_FALSE(meet(read, 2));
  EXPECT_TRUE(meet(read, 32)) << "lane 0 of another warp";
}

TEST_F(History, ACopyInFlightIsNobodysUntilItLands) {
  EXPECT_FALSE(meet(copy, 3));
  EXPECT_EQ(meet(read, 3)->why, Conflict::InFlight);
  EXPECT_EQ(meet(copy, 3)->why, Conflict::InFlight);
  cell.land(at(3, 10));
  EXPECT_FALSE(meet(read, 3));
  EXPECT_EQ(meet(read, 4)->why, Conflict::Unordered);
}

TEST_F(History, WhatNobodyWroteIsNotReadWhereItMustBe) {
  EXPECT_FALSE(meet(read, 3));
  EXPECT_EQ(meet(read, 3, 10, true)->why, Conflict::Unwritten);
  EXPECT_FALSE(meet(write, 3));
  EXPECT_FALSE(meet(read, 3, 10, true));
}

TEST_F(History, WhatIsMultipliedWasFencedByWhoWroteIt) {
  EXPECT_FALSE(meet(write, 3));
  ++epoch;
  EXPECT_EQ(meet(SimtAccess::ProxyRead, 40)->why, Conflict::Unfenced);
  fences[40] = 2; // another's fence
  EXPECT_EQ(meet(SimtAccess::ProxyRead, 40)->why, Conflict::Unfenced);
  fences[3] = 1; // in the epoch of the write
  EXPECT_FALSE(meet(SimtAccess::ProxyRead, 40));
  EXPECT_EQ(meet(write, 3)->other, SimtAccess::Read) << "it still reads";
}

TEST_F(History, ReadsAreSettledThatAddNothing) {
  auto settled = [&](uint32_t thread, bool isShared) {
    return cell.settled(at(thread, 10), isShared);
  };
  EXPECT_FALSE(meet(write, 3));
  EXPECT_FALSE(meet(read, 3));
  EXPECT_EQ(settled(3, true), Settled::Nobodys) << "no other may read it";
  ++epoch;
  EXPECT_FALSE(meet(read, 3));
  EXPECT_EQ(settled(3, true), Settled::Nobodys) << "the second one is kept too";
  EXPECT_FALSE(meet(read, 4));
  EXPECT_EQ(settled(4, true), Settled::OfWarp);
  syncLanes(3, 4);
  EXPECT_FALSE(meet(read, 4));
  EXPECT_EQ(settled(4, true), Settled::Nobodys) << "the others come after those that are kept";
  EXPECT_FALSE(meet(read, 40));
  EXPECT_EQ(settled(40, true), Settled::OfBlock);
  EXPECT_EQ(settled(40, false), Settled::OfWarp) << "another block would be further away";
  EXPECT_EQ(meet(write, 40)->access.party(), 4u);
}

TEST(Page, IsSettledForWhoseStampItHas) {
  Page page;
  page.settle(4096 + 8, 8, 7);
  EXPECT_TRUE(page.isSettled(4096 + 8, 8, {7, 1}));
  EXPECT_TRUE(page.isSettled(4096 + 14, 2, {2, 7}));
  EXPECT_FALSE(page.isSettled(4096 + 8, 8, {2, 1}));
  EXPECT_FALSE(page.isSettled(4096 + 12, 8, {7, 1}));
  page.settle(4096 + 16, 2, 7); // of whose other half nothing is known
  EXPECT_FALSE(page.isSettled(4096 + 16, 2, {7, 1}));
  page.settle(4096 + 10, 2, 0);
  EXPECT_FALSE(page.isSettled(4096 + 8, 4, {7, 1}));
  EXPECT_TRUE(page.isSettled(4096 + 12, 4, {7, 1}));
}

TEST(Page, TellsHalvesOfFourBytesApartWhereTheyAreUsedSo) {
  Page page;
  uint16_t seen[32] = {1, 1};
  auto of = [&](uint32_t thread) {
    return Now{Access(10, 0, 1, thread, nullptr), 10, thread, seen, nullptr};
  };
  auto meet = [&](uintptr_t address, uintptr_t bytes, uint32_t thread) {
    Conflict found;
    return page.forCells(address, bytes,
                         [&](Cell &cell) { return cell.meet(of(thread), write, false, found); });
  };
  EXPECT_TRUE(meet(4096 + 8, 8, 40));
  EXPECT_TRUE(meet(4096 + 2, 2, 50));
  EXPECT_TRUE(meet(4096 + 4, 2, 51));
  EXPECT_TRUE(meet(4096 + 6, 2, 52));
  EXPECT_FALSE(meet(4096 + 6, 2, 53));
  EXPECT_FALSE(meet(4096 + 14, 2, 54)) << "what was known before halves were told apart";
}

} // namespace
