//===- BatchLoaderTest.cpp ------------------------------------------------===//
//
// The five columns, and that loading ahead changes nothing about them.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/BatchLoader.h"

#include "tests/runtime/data/Fixture.h"

#include <bit>
#include <numeric>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

class BatchLoaderTest : public testing::Test {
protected:
  Folder folder;
  PlanSpec spec{.seed = 5, .construct = "t", .context = 400};
  std::optional<TokenStore> store;
  std::optional<PlanInput> input;

  Plan plan(const std::vector<Sample> &samples) {
    store.emplace(makeStore(folder / "tokens", samples));
    input.emplace(*store);
    return makePlan(folder / "plan", *store, spec);
  }
  MicroBatch wholeStep(const Plan &plan, uint64_t index) {
    StepWeights weights(tokenMean(), *input, plan, plan.step(index));
    Portion all(plan.step(index).sequences.size());
    std::iota(all.begin(), all.end(), 0u);
    MicroBatch batch;
    materialize(plan, *input, weights, all, batch);
    return batch;
  }
  /// Everything a loader delivers, as text.
  std::string deliveries(const Plan &plan, LoaderOptions options) {
    BatchLoader loader(plan, *input, weight, options);
    std::string out;
    MicroBatch batch;
    while (loader.next(batch)) {
      out += std::to_string(batch.step) + "/" + std::to_string(batch.portion) + "of" +
             std::to_string(batch.portions);
      for (size_t j = 0; j < batch.size(); ++j)
        out += " " + std::to_string(batch.tokens[j]) + "," + std::to_string(batch.labels[j]) + "," +
               std::to_string(std::bit_cast<uint32_t>(batch.weights[j])) + "," +
               std::to_string(batch.positions[j]) + "," + std::to_string(batch.segments[j]);
      out += "\n";
    }
    EXPECT_FALSE(loader.next(batch)); // the end stays the end
    return out;
  }
  Expression weight = sequenceMean();
};

TEST_F(BatchLoaderTest, LabelsAndWeightsStandAtTheInputThatPredicts) {
  spec.batch = {.policy = Policy::Pack, .tokens = 9};
  Plan made = plan({{4, 2}, {5, 4}});
  MicroBatch batch = wholeStep(made, 0);
  EXPECT_EQ(batch.tokens, (std::vector<int32_t>{0, 1, 2, 3, 1000, 1001, 1002, 1003, 1004}));
  EXPECT_EQ(batch.labels, (std::vector<int32_t>{-1, 2, 3, -1, 1001, 1002, 1003, 1004, -1}));
  EXPECT_EQ(batch.positions, (std::vector<int32_t>{0, 1, 2, 3, 0, 1, 2, 3, 4}));
  EXPECT_EQ(batch.segments, (std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(batch.segmentOffsets, (std::vector<int64_t>{0, 4, 9}));
  EXPECT_EQ(batch.targets, 6u);
  for (size_t j = 0; j < batch.size(); ++j)
    EXPECT_EQ(batch.weights[j], batch.labels[j] == noLabel ? 0.f : float(1.0 / 6));
}

TEST_F(BatchLoaderTest, AttentionAndLabelsMayCrossAPack) {
  spec.batch = {.policy = Policy::Pack, .tokens = 9, .attend = Reach::Pack, .labels = Reach::Pack};
  Plan made = plan({{4, 2}, {5, 5}});
  MicroBatch batch = wholeStep(made, 0);
  EXPECT_EQ(batch.labels, (std::vector<int32_t>{-1, 2, 3, 1000, 1001, 1002, 1003, 1004, -1}));
  EXPECT_EQ(batch.positions, (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(batch.segmentOffsets, (std::vector<int64_t>{0, 9}));
  EXPECT_EQ(batch.targets, 7u);
}

TEST_F(BatchLoaderTest, ALastTokenThatIsOnlyALabelIsNoRow) {
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  Plan made = plan({{4, 4, "data", 0, false}, {3, 3, "data", 1, false}});
  MicroBatch batch = wholeStep(made, 0);
  EXPECT_EQ(batch.tokens, (std::vector<int32_t>{0, 1, 2, 1000, 1001}));
  EXPECT_EQ(batch.labels, (std::vector<int32_t>{1, 2, 3, 1001, 1002}));
}

TEST_F(BatchLoaderTest, AHoleIsClosedAndItsSeamIsNoTarget) {
  spec.context = 6;
  spec.batch = {.policy = Policy::Each, .sequences = 1, .overflow = Overflow::CutMiddle};
  Plan made = plan({{10, 10}});
  MicroBatch batch = wholeStep(made, 0);
  EXPECT_EQ(batch.tokens, (std::vector<int32_t>{0, 1, 2, 7, 8, 9}));
  EXPECT_EQ(batch.labels, (std::vector<int32_t>{1, 2, -1, 8, 9, -1}));
  EXPECT_EQ(batch.positions, (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST_F(BatchLoaderTest, PackingKeepsBentPositions) {
  spec.batch = {.policy = Policy::Pack, .tokens = 40};
  spec.position = {.at = PositionRule::Sites::Sentence, .span = 300};
  Plan made = plan({{20, 2}, {20, 4}});
  MicroBatch batch = wholeStep(made, 0);
  EXPECT_EQ(batch.positions[0], 0);
  EXPECT_EQ(batch.positions[20], 0);
  EXPECT_GT(batch.positions[19] + batch.positions[39], 38);
  EXPECT_LT(std::max(batch.positions[19], batch.positions[39]), 300);
}

TEST_F(BatchLoaderTest, ThreadsAndLookaheadChangeNothing) {
  spec.batch = {.policy = Policy::Pack, .units = 4, .tokens = 400, .fit = Fit::Decreasing};
  spec.length = {PlanLength::Unit::Epochs, 2};
  Plan made = plan(randomSamples(300, 390));
  LoaderOptions options{.run = {.ranks = 2, .microBatchTokens = 500}, .rank = 1};
  std::string alone = deliveries(made, options);
  for (uint32_t threads : {2u, 8u})
    for (uint32_t ahead : {1u, 3u, 16u}) {
      options.threads = threads;
      options.ahead = ahead;
      EXPECT_EQ(deliveries(made, options), alone);
    }
  // A resumed run reads what the uninterrupted one would have read.
  options.firstStep = 3;
  std::string resumed = deliveries(made, options);
  EXPECT_EQ(alone.substr(alone.size() - resumed.size()), resumed);
  EXPECT_EQ(resumed.substr(0, 2), "3/");
}

TEST_F(BatchLoaderTest, RanksTogetherReadTheStepOnce) {
  spec.batch = {.policy = Policy::Each, .sequences = 16};
  Plan made = plan(randomSamples(64, 200));
  uint64_t targets = 0;
  for (uint32_t rank = 0; rank < 3; ++rank) {
    BatchLoader loader(made, *input, weight,
                       {.run = {.ranks = 3, .microBatchTokens = 300}, .rank = rank});
    MicroBatch batch;
    while (loader.next(batch))
      targets += batch.targets;
  }
  uint64_t planned = 0;
  for (uint64_t s = 0; s < made.steps(); ++s)
    planned += made.step(s).counts.targets;
  EXPECT_EQ(targets, planned);
}

TEST_F(BatchLoaderTest, ErrorsArriveAtTheirPlace) {
  spec.batch = {.policy = Policy::Each, .sequences = 1};
  Plan made = plan({{6, 3}, {6, 3}, {7, 3}, {6, 3}});
  // 1 / (sequence.tokens - 7) is infinite in step 2.
  weight =
      number(1) / apply(Operation::Subtract, {read(Scope::Sequence, Attribute::Tokens), number(7)});
  BatchLoader loader(made, *input, weight, {.threads = 3});
  MicroBatch batch;
  EXPECT_TRUE(loader.next(batch));
  EXPECT_TRUE(loader.next(batch));
  for (int again = 0; again < 2; ++again)
    try {
      loader.next(batch);
      FAIL() << "no error";
    } catch (const PlanError &error) {
      EXPECT_STREQ(error.what(),
                   "the weight of token 4 of data:2 in step 2 is inf, expected a number");
    }
}

TEST_F(BatchLoaderTest, StopsWhileWorkIsWaiting) {
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  Plan made = plan(withTargets(randomSamples(200, 300)));
  for (int round = 0; round < 20; ++round) {
    BatchLoader loader(made, *input, weight, {.threads = 4, .ahead = 2});
    MicroBatch batch;
    for (int i = 0; i < round % 4; ++i)
      loader.next(batch);
  }
}

} // namespace
