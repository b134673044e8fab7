//===- HeldOutLossTest.cpp - a mean that batches cannot change ------------===//
//
// A script says how surprising each token is; plans that pack, sort and split the
// same data differently must agree to the bit.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/HeldOutLoss.h"

#include "tests/runtime/data/Fixture.h"

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;
using namespace roux::eval;

namespace {

/// A loss that is a function of the label and nothing else.
class Script : public NllProgram {
public:
  void nll(const MicroBatch &batch, std::span<float> nll) override {
    for (size_t j = 0; j < batch.size(); ++j)
      nll[j] = 1.f + static_cast<float>(batch.labels[j] % 97) / 7.f;
    ++batches;
  }
  int batches = 0;
};

} // namespace

TEST(HeldOutLossTest, NoBatchShapeChangesABit) {
  Folder folder;
  std::vector<Sample> samples;
  for (uint32_t i = 0; i < 60; ++i)
    samples.push_back({5 + i * 7 % 60, 3 + i % 3, i % 4 ? "long" : "short", i});
  TokenStore store = makeStore(folder / "tokens", samples);
  PlanInput input(store);
  Expression weight = tokenMean();
  auto measure = [&](const BatchSpec &batch, uint64_t microBatch) {
    PlanSpec spec{.seed = 5, .construct = "t", .batch = batch, .context = 400};
    Plan plan = makePlan(folder / "plan", store, spec);
    LoaderOptions options;
    options.run.microBatchTokens = microBatch;
    Script script;
    return heldOutLoss(script, plan, input, weight, options);
  };
  LossGroups alone = measure({.policy = Policy::Each, .sequences = 1}, 0);
  EXPECT_GT(alone.all().count(), 150u);
  EXPECT_EQ(alone.bySource().size(), 2u);
  for (const LossGroups &other : {measure({.policy = Policy::Pack, .units = 2, .tokens = 90}, 0),
                                  measure({.policy = Policy::Pack, .tokens = 200}, 40),
                                  measure({.policy = Policy::Each, .sequences = 13}, 70)}) {
    EXPECT_EQ(other.all().count(), alone.all().count());
    EXPECT_EQ(other.all().mean(), alone.all().mean());
    for (size_t i = 0; i < alone.byPosition().size(); ++i)
      EXPECT_EQ(other.byPosition()[i].sum.mean(), alone.byPosition()[i].sum.mean());
    for (size_t i = 0; i < 2; ++i)
      EXPECT_EQ(other.bySource()[i].sum.mean(), alone.bySource()[i].sum.mean());
  }
}
