//===- HeldOutLossTest.cpp - a mean that batches cannot change ------------===//
//
// A script says how surprising each token is; however the same data go through the
// model, whole streams or one sequence at a time, in any order, means must agree to
// the bit.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/HeldOutLoss.h"

#include "tests/runtime/data/Fixture.h"

#include <algorithm>
#include <cmath>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;
using namespace roux::eval;

namespace {

double surprise(int32_t label) {
  return 1.f + static_cast<float>(label % 97) / 7.f;
}

/// A loss that is a function of the label and nothing else.
class Script : public NllProgram {
public:
  void nll(const MicroBatch &batch, std::span<double> nll) override {
    ASSERT_EQ(batch.segmentOffsets.back(), static_cast<int64_t>(batch.size()));
    for (size_t j = 0; j < batch.size(); ++j)
      nll[j] = surprise(batch.labels[j]);
    largest = std::max(largest, batch.size());
    ++batches;
  }
  int batches = 0;
  size_t largest = 0;
};

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (uint32_t i = 0; i < 60; ++i)
    all.push_back({5 + i * 7 % 60, 3 + i % 3, i % 4 ? "long" : "short", i});
  return all;
}

} // namespace

TEST(HeldOutLossTest, NoBatchShapeChangesABit) {
  Folder folder;
  TokenStore store = makeStore(folder / "tokens", samples());
  std::vector<Sample> backward = samples();
  std::ranges::reverse(backward);
  TokenStore reversed = makeStore(folder / "reversed", backward);
  auto measure = [](const TokenStore &from, uint64_t streamTokens, int batches) {
    Script script;
    LossGroups groups = heldOutLoss(script, from, streamTokens);
    EXPECT_LE(script.largest, std::max<uint64_t>(streamTokens, 64));
    EXPECT_TRUE(batches == 0 || script.batches == batches) << script.batches;
    return groups;
  };
  LossGroups alone = measure(store, 1, 60);
  EXPECT_GT(alone.all().count(), 150u);
  EXPECT_EQ(alone.bySource().size(), 2u);
  for (const LossGroups &other : {measure(store, 90, 0), measure(store, 200, 0),
                                  measure(reversed, 131, 0), measure(store, 1 << 20, 1)}) {
    EXPECT_EQ(other.all().count(), alone.all().count());
    EXPECT_EQ(other.all().mean(), alone.all().mean());
    for (size_t i = 0; i < alone.byPosition().size(); ++i)
      EXPECT_EQ(other.byPosition()[i].sum.mean(), alone.byPosition()[i].sum.mean());
    for (size_t i = 0; i < 2; ++i)
      EXPECT_EQ(other.bySource()[i].sum.mean(), alone.bySource()[i].sum.mean());
  }
}

TEST(HeldOutLossTest, IsTheMeanOverLabels) {
  Folder folder;
  TokenStore store = makeStore(folder / "tokens", samples());
  double sum = 0;
  uint64_t targets = 0;
  for (uint32_t sequence = 0; sequence < store.sequences().size(); ++sequence) {
    SequenceView view = store.view(sequence);
    for (size_t t = 1; t < view.labels.size(); ++t)
      if (view.labels[t] != noLabel) {
        sum += surprise(view.labels[t]);
        ++targets;
      }
  }
  Script script;
  LossGroups groups = heldOutLoss(script, store);
  EXPECT_EQ(groups.all().count(), targets);
  EXPECT_NEAR(groups.all().mean(), sum / static_cast<double>(targets), 1e-9);
}

TEST(HeldOutLossTest, RefusesALossThatIsNoNumber) {
  class Broken : public NllProgram {
    void nll(const MicroBatch &, std::span<double> nll) override { nll.back() = std::nan(""); }
  } broken;
  Folder folder;
  TokenStore store = makeStore(folder / "tokens", {{9, 8, "long", 1}});
  EXPECT_THROW(heldOutLoss(broken, store), std::runtime_error);
}
