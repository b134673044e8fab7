//===- LayoutTest.cpp -----------------------------------------------------===//
//
// A layout uses every sequence once, keeps to its portions, is even where that is
// possible, and leaves the plan alone.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/Layout.h"

#include "tests/runtime/data/Fixture.h"

#include <algorithm>
#include <numeric>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

class LayoutTest : public testing::Test {
protected:
  Folder folder;
  PlanSpec spec{.seed = 5, .construct = "t", .context = 1000};
  std::optional<TokenStore> store;

  Plan plan(const std::vector<Sample> &samples) {
    store.emplace(makeStore(folder / "tokens", samples));
    return makePlan(folder / "plan", *store, spec);
  }
  static std::vector<uint32_t> allSequences(const StepLayout &layout) {
    std::vector<uint32_t> all;
    for (const std::vector<Portion> &rank : layout.ranks)
      for (const Portion &portion : rank)
        all.insert(all.end(), portion.begin(), portion.end());
    std::sort(all.begin(), all.end());
    return all;
  }
};

TEST_F(LayoutTest, UsesEverySequenceOnceInPortionsThatFit) {
  spec.batch = {.policy = Policy::Each, .sequences = 64};
  Plan made = plan(randomSamples(256, 900));
  for (uint64_t s = 0; s < made.steps(); ++s) {
    PlanStep step = made.step(s);
    StepLayout layout =
        layOut(made, step, {.ranks = 3, .microBatchTokens = 700, .quadratic = 0.01});
    std::vector<uint32_t> expected(64);
    std::iota(expected.begin(), expected.end(), 0u);
    EXPECT_EQ(allSequences(layout), expected);
    for (const std::vector<Portion> &rank : layout.ranks) {
      double before = INFINITY;
      for (const Portion &portion : rank) {
        uint64_t positions = 0;
        double cost = 0;
        for (uint32_t index : portion) {
          double length = step.sequences[index].positions;
          positions += step.sequences[index].positions;
          cost += length + 0.01 * length * length;
        }
        EXPECT_TRUE(positions <= 700 || portion.size() == 1) << positions;
        EXPECT_LE(cost, before * (1 + 1e-12));
        before = cost;
      }
    }
  }
}

TEST_F(LayoutTest, IsEvenWhereSequencesAllowIt) {
  spec.batch = {.policy = Policy::Each, .sequences = 400};
  Plan made = plan(randomSamples(2000, 900));
  for (uint32_t ranks : {2u, 8u})
    for (uint64_t s = 0; s < made.steps(); ++s) {
      StepLayout layout = layOut(made, made.step(s), {.ranks = ranks, .quadratic = 0.002});
      EXPECT_LE(layout.spread(), 0.02) << layout.text();
      EXPECT_GE(layout.costliest(), layout.floor * (1 - 1e-12));
    }
}

TEST_F(LayoutTest, SaysWhatTheLongestForces) {
  spec.batch = {.policy = Policy::Each, .sequences = 4};
  Plan made = plan({{1000, 5}, {10, 5}, {10, 5}, {10, 5}});
  StepLayout layout = layOut(made, made.step(0), {.ranks = 2, .quadratic = 1});
  EXPECT_EQ(layout.costs, (std::vector<double>{1001000, 330}));
  EXPECT_EQ(layout.floor, 1001000);
  EXPECT_EQ(layout.text(), "ranks differ by 199.87%; the costliest is 0.00% above what any "
                           "division reaches (longest part: 2.00 of a rank's mean)");
}

TEST_F(LayoutTest, PacksStayWholeWhereAttentionOrLabelsCrossThem) {
  std::vector<Sample> samples(40, Sample{25, 5});
  for (auto [attend, labels] :
       {std::pair(Reach::Pack, Reach::Sequence), std::pair(Reach::Sequence, Reach::Pack)}) {
    spec.batch = {
        .policy = Policy::Pack, .units = 5, .tokens = 100, .attend = attend, .labels = labels};
    Plan made = plan(samples);
    StepLayout layout = layOut(made, made.step(0), {.ranks = 2, .microBatchTokens = 60});
    for (const std::vector<Portion> &rank : layout.ranks)
      for (const Portion &portion : rank) {
        ASSERT_EQ(portion.size(), 4u);
        EXPECT_EQ(portion[0] % 4, 0u);
        EXPECT_EQ(portion[3], portion[0] + 3);
      }
  }
}

TEST_F(LayoutTest, MoreRanksThanSequencesLeaveRanksWithoutPortions) {
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  Plan made = plan({{10, 5}, {10, 5}});
  StepLayout layout = layOut(made, made.step(0), {.ranks = 4});
  EXPECT_EQ(allSequences(layout), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(std::count_if(layout.ranks.begin(), layout.ranks.end(),
                          [](const std::vector<Portion> &rank) { return rank.empty(); }),
            2);
}

/// The plan's bytes and hash do not know the run block: laying out writes nothing.
TEST_F(LayoutTest, LeavesThePlanAlone) {
  spec.batch = {.policy = Policy::Each, .sequences = 8};
  Plan made = plan(randomSamples(64, 100));
  std::string before = bytesOf(folder / "plan");
  for (uint32_t ranks : {1u, 3u, 8u})
    layOut(made, made.step(0), {.ranks = ranks, .microBatchTokens = 50});
  EXPECT_EQ(bytesOf(folder / "plan"), before);
}

} // namespace
