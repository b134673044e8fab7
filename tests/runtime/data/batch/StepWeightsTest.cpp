//===- StepWeightsTest.cpp ------------------------------------------------===//
//
// The weights of a step sum to 1 for the sequence mean and the token mean under every
// policy, however the step is divided; and each sequence weighs what the formula says.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/StepWeights.h"

#include "runtime/data/batch/FoldScope.h"
#include "runtime/data/batch/MicroBatch.h"
#include "tests/runtime/data/Fixture.h"

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

class StepWeightsTest : public testing::Test {
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
  WeightSummary summary(const Plan &plan, uint64_t step, const Expression &weight) {
    return summarize(StepWeights(weight, *input, plan, plan.step(step)), plan, *store);
  }
};

std::vector<BatchSpec> everyPolicy() {
  std::vector<BatchSpec> policies = {{.policy = Policy::Each, .sequences = 7},
                                     {.policy = Policy::Tokens, .tokens = 900},
                                     {.policy = Policy::Sorted, .units = 2, .sequences = 8},
                                     {.policy = Policy::Bucket, .tokens = 2000, .cycles = 2}};
  policies.back().odds = number(1) / read(Scope::Bucket, Attribute::Length);
  for (Fit fit : {Fit::Next, Fit::First, Fit::Best, Fit::Decreasing, Fit::FillNext, Fit::FillDrop})
    policies.push_back({.policy = Policy::Pack, .units = 3, .tokens = 300, .fit = fit});
  policies.push_back({.policy = Policy::Pack, .units = 3, .tokens = 300, .labels = Reach::Pack});
  for (BatchSpec &policy : policies)
    policy.overflow = Overflow::Split;
  return policies;
}

TEST_F(StepWeightsTest, MeansSumToOneUnderEveryPolicy) {
  std::vector<Sample> samples = randomSamples(400, 390);
  // So that a bucket of one length is never without targets.
  for (Sample &sample : samples)
    if (sample.tokens % 3)
      sample.targets = std::max(sample.targets, 1u);
  Expression between =
      apply(Operation::Power, {read(Scope::Sequence, Attribute::Targets), number(-0.5)}) /
      sumOver(Scope::Step, Scope::Sequence,
              apply(Operation::Power, {read(Scope::Sequence, Attribute::Targets), number(0.5)}));
  for (const BatchSpec &policy : everyPolicy()) {
    spec.batch = policy;
    std::vector<Sample> used = samples;
    if (policy.policy == Policy::Bucket)
      for (Sample &sample : used)
        sample.targets = std::max(sample.targets, 1u);
    Plan made = plan(used);
    for (uint64_t s = 0; s < made.steps(); ++s)
      for (const Expression &weight : {sequenceMean(), tokenMean(), packMean(), between})
        ASSERT_NEAR(summary(made, s, weight).sum, 1, 1e-12) << policy.text() << " step " << s;
  }
}

TEST_F(StepWeightsTest, EverySequenceCountsTheSame) {
  spec.batch = {.policy = Policy::Pack, .units = 2, .tokens = 300, .fit = Fit::First};
  Plan made = plan(randomSamples(60, 290));
  WeightSummary even = summary(made, 0, sequenceMean());
  EXPECT_NEAR(even.lightest, even.heaviest, 1e-15);
  WeightSummary uneven = summary(made, 0, tokenMean());
  EXPECT_LT(uneven.lightest * 2, uneven.heaviest);
}

/// axolotl#3196: 16 equal samples as 16 x 1 and as 1 x 16 gave 4.75 and 2.4. Here the weights of
/// every target are equal bits however the step is divided.
TEST_F(StepWeightsTest, SixteenEqualSamplesWeighTheSameInAnyPortions) {
  spec.batch = {.policy = Policy::Each, .sequences = 16};
  Plan made = plan(std::vector<Sample>(16, Sample{50, 20}));
  for (const Expression &weight : {sequenceMean(), tokenMean()}) {
    StepWeights weights(weight, *input, made, made.step(0));
    for (uint64_t portion : {uint64_t(0), uint64_t(50), uint64_t(120)}) {
      for (uint32_t ranks : {1u, 2u, 5u}) {
        double sum = 0;
        StepLayout layout = layOut(made, made.step(0), {ranks, portion});
        for (const std::vector<Portion> &rank : layout.ranks)
          for (const Portion &sequences : rank) {
            MicroBatch batch;
            materialize(made, *input, weights, sequences, batch);
            for (size_t j = 0; j < batch.size(); ++j) {
              EXPECT_EQ(batch.weights[j], batch.labels[j] == noLabel ? 0.f : 1.f / 320);
              sum += batch.weights[j];
            }
          }
        EXPECT_NEAR(sum, 1, 1e-6);
      }
    }
  }
}

TEST_F(StepWeightsTest, TokensAndRolesMayWeighDifferently) {
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  Plan made = plan({{6, 3}, {5, 5}});
  // if token.index < 4 then 1 else 2
  Expression early = apply(
      Operation::If, {apply(Operation::Less, {read(Scope::Token, Attribute::Index), number(4)}),
                      number(1), number(2)});
  WeightSummary byIndex = summary(made, 0, early);
  EXPECT_EQ(byIndex.sum, (1 + 2 + 2) + (1 + 1 + 1 + 2));
  Expression assistant =
      apply(Operation::If,
            {apply(Operation::Equal, {read(Scope::Token, Attribute::Role), text("assistant")}),
             number(1), number(0)});
  EXPECT_EQ(summary(made, 0, assistant).sum, 7);
  Expression firstTurn = apply(
      Operation::If, {apply(Operation::Equal, {read(Scope::Turn, Attribute::Index), number(1)}),
                      number(1), number(0)});
  EXPECT_EQ(summary(made, 0, firstTurn).zeroWeights, 0u);
  // sum(token.index over sequence) visits labels only.
  Expression visited = sumOver(Scope::Sequence, Scope::Token, read(Scope::Token, Attribute::Index));
  EXPECT_EQ(summary(made, 0, visited).sum, 3 * (3 + 4 + 5) + 4 * (1 + 2 + 3 + 4));
}

TEST_F(StepWeightsTest, RefusesWeightsThatAreNoNumbers) {
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  Plan made = plan({{6, 3}, {5, 5}});
  auto refusal = [&](const Expression &weight) -> std::string {
    try {
      summary(made, 0, weight);
    } catch (const PlanError &error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal(number(1) / number(0)),
            "the weight of token 3 of data:0 in step 0 is inf, expected a number");
  EXPECT_EQ(refusal(apply(Operation::Log, {number(-1)})).substr(0, 50),
            "the weight of token 3 of data:0 in step 0 is nan, ");
  EXPECT_EQ(refusal(read(Scope::Token, Attribute::Nll)),
            "token.nll is not known before training; an expression over the plan reads only what "
            "the data say");
  EXPECT_EQ(refusal(Expression()), "a step without a weight expression");
}

TEST_F(StepWeightsTest, FoldingLeavesOneNumberASequence) {
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  Plan made = plan({{6, 3}, {5, 5}});
  struct Nowhere : Environment {
    Value read(const Expression::Node &) const override { return 4.0; }
    void forEach(Scope, Scope, bool,
                 const std::function<void(const Environment &)> &) const override {}
    double draw(Scope, uint32_t) const override { return 0; }
  } four;
  EXPECT_EQ(foldScope(sequenceMean(), four, Scope::Step).nodes.size(), 5u); // step.sequences is 4
  Expression folded = foldScope(sequenceMean(), four, Scope::Sequence);
  ASSERT_EQ(folded.nodes.size(), 1u);
  EXPECT_EQ(folded.root().number, 1.0 / 16);
  Expression perToken = number(2) * read(Scope::Token, Attribute::Index);
  EXPECT_EQ(foldScope(perToken, four, Scope::Sequence).nodes.size(), 3u);
}

} // namespace
