//===- PlanSourceTest.cpp - a plan's steps, from any of them --------------===//
//
// Starting at step n gives what an uninterrupted run gives from there; lengths in
// tokens and epochs are the plan's.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/StepSource.h"

#include "tests/runtime/data/Fixture.h"

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;
using namespace roux::train;

namespace {

std::vector<std::vector<int32_t>> tokensFrom(PlanSource &source, uint64_t step) {
  std::vector<std::vector<int32_t>> all;
  source.start(step);
  for (MicroBatch batch; source.next(batch);)
    all.push_back(batch.tokens);
  return all;
}

} // namespace

TEST(PlanSourceTest, StartsAnywhereAndKnowsItsLength) {
  Folder folder;
  std::vector<Sample> samples;
  for (uint32_t i = 0; i < 20; ++i)
    samples.push_back({4 + i, 2, "chats", i});
  TokenStore store = makeStore(folder / "tokens", samples);
  PlanInput input(store);
  PlanSpec spec{.seed = 5,
                .construct = "t",
                .batch = {.policy = Policy::Each, .sequences = 4},
                .length = {PlanLength::Unit::Epochs, 2},
                .context = 400};
  Plan plan = makePlan(folder / "plan", store, spec);
  Expression weight = tokenMean();
  PlanSource source(plan, input, weight, {});

  ASSERT_EQ(source.steps(), 10u);
  std::vector<std::vector<int32_t>> whole = tokensFrom(source, 0), rest = tokensFrom(source, 7);
  ASSERT_EQ(whole.size(), 10u);
  EXPECT_EQ(rest, (std::vector<std::vector<int32_t>>(whole.begin() + 7, whole.end())));
  EXPECT_EQ(source.names(0, {0, 2}), "chats:0, chats:2");
  EXPECT_EQ(source.epoch(4), 0u);
  EXPECT_EQ(source.epoch(5), 1u);

  TrainingExtent extent = extentOf(plan);
  EXPECT_EQ(extent.steps(), 10u);
  EXPECT_EQ(extent.epochStarts, (std::vector<uint64_t>{0, 5}));
  EXPECT_EQ(extent.tokensBefore.back(), 2 * (20 * 4 + 190));
  EXPECT_EQ(extent.tokensBefore[1], whole[0].size());
}
