//===- PairMetricsTest.cpp - how far a model prefers what was chosen ------===//
//
// Means over the pairs of a step, whatever micro-batches they came in.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/PairMetrics.h"

#include <gtest/gtest.h>

using namespace roux;
using namespace roux::train;

/// Pairs whose answers have as many targets as `targets` says.
static data::MicroBatch batchOf(std::initializer_list<int> targets) {
  data::MicroBatch batch;
  batch.arePairs = true;
  batch.segmentOffsets = {0};
  for (int count : targets) {
    batch.labels.push_back(data::noLabel); // of the prompt
    batch.labels.insert(batch.labels.end(), static_cast<size_t>(count), 7);
    batch.segmentOffsets.push_back(static_cast<int64_t>(batch.labels.size()));
  }
  return batch;
}

TEST(PairMetricsTest, MeasuresFromTheReference) {
  data::MicroBatch batch = batchOf({2, 3, 1, 1});
  batch.references = {-4, -5, -1, -1};
  PairMetrics metrics;
  metrics.await(batch);
  metrics.add(std::vector<double>{-3, -6, -2, -1}); // moved by +1 and -1, by -1 and 0
  Measured measured;
  metrics.give(measured);
  EXPECT_EQ(measured, (Measured{{"pairs.margin", 0.5}, {"pairs.accuracy", 0.5}}));
}

TEST(PairMetricsTest, WithoutOneByTheMeanOfAnAnswersTargets) {
  PairMetrics metrics;
  metrics.await(batchOf({2, 4}));
  metrics.await({}); // no pairs
  metrics.await(batchOf({1, 1}));
  metrics.add(std::vector<double>{-3, -8}); // -1.5 and -2
  metrics.add({});
  metrics.add(std::vector<double>{-1, -1}); // neither is preferred
  Measured measured;
  metrics.give(measured);
  EXPECT_EQ(measured, (Measured{{"pairs.margin", 0.25}, {"pairs.accuracy", 0.5}}));
}

TEST(PairMetricsTest, SaysNothingWithoutPairs) {
  Measured measured;
  PairMetrics().give(measured);
  EXPECT_TRUE(measured.empty());
}

TEST(PairMetricsTest, TellsLossesOfEvaluationsFromTheRest) {
  EXPECT_TRUE(isLoss("report/unseen"));
  EXPECT_FALSE(isLoss("report/unseen.margin"));
  EXPECT_FALSE(isLoss("pairs.margin"));
  EXPECT_TRUE(isEvaluated({{"pairs.margin", 1}, {"report/unseen", 2}}));
  EXPECT_FALSE(isEvaluated({{"pairs.margin", 1}}));
}
