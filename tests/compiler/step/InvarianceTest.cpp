//===- InvarianceTest.cpp - what must not change a step -------------------===//
//
// Order, packing and micro-batches are how, never what: the same loss and the
// same gradients come out. And documents in one micro-batch do not know of each
// other.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/ModelRunner.h"
#include "tests/compiler/step/SmallModels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

void addTo(Parameters &sum, const Parameters &more) {
  for (const auto &[name, array] : more) {
    auto [place, isNew] = sum.try_emplace(name, array);
    if (!isNew)
      for (size_t i = 0; i < array.values.size(); ++i)
        place->second.values[i] += array.values[i];
  }
}

class Invariance : public ::testing::TestWithParam<model::ModelConfig> {
protected:
  ModelRunner runner{GetParam(), randomParameters(GetParam(), 7)};
};

TEST_P(Invariance, PackingOrderAndMicroBatches) {
  auto sequences = someSequences(3);
  Parameters whole = runner.gradients(columnsOf(sequences, {0, 1, 2, 3, 4}));
  const std::vector<std::vector<int>> layouts[] = {
      {{0}, {1}, {2}, {3}, {4}}, {{4, 2, 0, 3, 1}}, {{2, 4}, {0, 3, 1}}, {{1, 3, 0, 4, 2}}};
  for (const auto &layout : layouts) {
    Parameters sum;
    for (const std::vector<int> &micro : layout)
      addTo(sum, runner.gradients(columnsOf(sequences, micro)));
    for (const auto &[name, array] : whole)
      EXPECT_LT(relativeError(sum[name], array), 1e-12) << name;
  }
}

TEST_P(Invariance, DocumentsDoNotSeeEachOther) {
  auto sequences = someSequences(3), changed = sequences;
  for (int64_t &id : changed[0])
    id = (id + 5) % 23;
  Columns before = columnsOf(sequences, {0, 2, 3}), after = columnsOf(changed, {0, 2, 3});
  size_t first = sequences[0].size() - 1; // rows of the others
  auto sameFrom = [&](const Array &a, const Array &b) {
    size_t width = a.values.size() / a.rows();
    return std::equal(a.values.begin() + first * width, a.values.end(),
                      b.values.begin() + first * width);
  };
  for (const char *entry : {"logits", "nll"})
    EXPECT_TRUE(sameFrom(runner.run(entry, before)[0], runner.run(entry, after)[0])) << entry;
  auto inputGradient = [&](const Columns &columns) {
    Array gradient;
    runner.gradients(
        columns, [&](mlir::Operation *op, llvm::ArrayRef<Array> operands, llvm::ArrayRef<Array>) {
          if (mlir::isa<EmbeddingGradOp>(op))
            gradient = operands[0];
        });
    return gradient;
  };
  Array a = inputGradient(before), b = inputGradient(after);
  EXPECT_TRUE(sameFrom(a, b));
  EXPECT_NE(a.values, b.values) << "the changed document has other gradients";
}

TEST_P(Invariance, NoTargetsAddExactlyZero) {
  Columns columns;
  columns.append(someSequences(3)[2], 1, [](size_t) { return false; });
  for (const auto &[name, array] : runner.gradients(columns))
    for (double value : array.values)
      ASSERT_EQ(value, 0) << name;
}

TEST_P(Invariance, RecomputedAndSavedActivationsAreTheSame) {
  ModelRunner saving(GetParam(), runner.parameters, nullptr, Activations::save);
  Columns columns = columnsOf(someSequences(3), {0, 1, 2});
  Parameters recomputed = runner.gradients(columns), saved = saving.gradients(columns);
  for (const auto &[name, array] : recomputed)
    EXPECT_EQ(array.values, saved[name].values) << name;
}

TEST_P(Invariance, EveryParameterMatchesFiniteDifferences) {
  Columns columns = columnsOf(someSequences(3), {0, 1, 3});
  Parameters gradients = runner.gradients(columns);
  std::mt19937 generator(5);
  for (auto &[name, array] : runner.parameters)
    for (int sample = 0; sample < 4; ++sample) {
      size_t i = generator() % array.values.size();
      double kept = array.values[i], width = 1e-5;
      array.values[i] = kept + width;
      double above = runner.run("train", columns)[0].values[0];
      array.values[i] = kept - width;
      double below = runner.run("train", columns)[0].values[0];
      array.values[i] = kept;
      double found = gradients[name].values[i];
      EXPECT_NEAR(found, (above - below) / (2 * width), 1e-8 * (1 + std::fabs(found)))
          << name << " at " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Every, Invariance, ::testing::Values(smallLlama(), smallGpt2()),
                         [](const auto &info) { return info.param.type; });

} // namespace
