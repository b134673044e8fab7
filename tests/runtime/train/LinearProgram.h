//===- LinearProgram.h - a step small enough to check by hand -------------===//
//
// Eight weights predict a number from a token's bits; loss, gradient and update are
// written out. Slow enough that a kill finds it in the middle of something.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/StepProgram.h"
#include "runtime/train/StepSource.h"

#include "runtime/data/SeedTree.h"

#include <array>
#include <bit>
#include <cmath>

namespace roux::train {

/// Two micro-batches a step, drawn from the seed tree.
class DrawnSource : public StepSource {
public:
  explicit DrawnSource(uint64_t steps) : count(steps) {}
  uint64_t steps() const override { return count; }
  uint64_t epoch(uint64_t step) const override { return step / 10; }
  double epochsMade(uint64_t stepsMade) const override {
    return static_cast<double>(stepsMade) / 10;
  }
  void start(uint64_t firstStep) override { position = 2 * firstStep; }
  bool next(data::MicroBatch &batch) override {
    if (position == 2 * count)
      return false;
    batch = {};
    batch.step = position / 2;
    batch.portion = position % 2;
    batch.portions = 2;
    for (uint64_t i = 0; i < 4; ++i) {
      data::SeedTree draw = data::SeedTree(5) / position / i;
      uint64_t token = draw.below(256);
      batch.tokens.push_back(static_cast<int32_t>(token));
      batch.labels.push_back(std::popcount(token));
      batch.weights.push_back(0.125f);
      batch.sequences.push_back(static_cast<uint32_t>(4 * batch.portion + i));
    }
    batch.targets = 4;
    ++position;
    return true;
  }
  std::string names(uint64_t step, const data::Portion &sequences) const override {
    std::string text;
    for (uint32_t index : sequences)
      text += (text.empty() ? "drawn:" : ", drawn:") + std::to_string(8 * step + index);
    return text;
  }

private:
  uint64_t count, position = 0;
};

class LinearProgram : public StepProgram {
public:
  void beginStep() override {
    gradient.fill(0);
    losses.clear();
  }
  void addGradient(const data::MicroBatch &batch) override {
    double loss = 0;
    for (size_t row = 0; row < batch.size(); ++row) {
      float error = -static_cast<float>(batch.labels[row]);
      for (size_t i = 0; i < weight.size(); ++i)
        error += (batch.tokens[row] >> i & 1) * weight[i];
      loss += batch.weights[row] * error * error;
      for (size_t i = 0; i < weight.size(); ++i)
        gradient[i] += 2 * batch.weights[row] * error * (batch.tokens[row] >> i & 1);
    }
    losses.push_back(loss);
  }
  StepNumbers numbers() override {
    double square = 0;
    for (float each : gradient)
      square += double(each) * each;
    return {losses, std::vector<std::vector<double>>(losses.size()), std::sqrt(square)};
  }
  void update(const UpdateScalars &scalars, double factor) override {
    for (size_t i = 0; i < weight.size(); ++i) {
      double g = gradient[i] * factor;
      first[i] = static_cast<float>(0.9 * first[i] + 0.1 * g);
      second[i] = static_cast<float>(0.999 * second[i] + 0.001 * g * g);
      weight[i] -= static_cast<float>(scalars.rate * (first[i] / scalars.firstCorrection) /
                                      (std::sqrt(second[i] / scalars.secondCorrection) + 1e-8));
    }
  }
  std::vector<TensorBytes> tensors() override {
    return {view("weight", weight), view("first.weight", first), view("second.weight", second)};
  }
  void tensorsChanged() override {}
  std::vector<TensorBytes> gradients() override { return {view("weight", gradient)}; }

  using Values = std::array<float, 8>;
  Values weight{}, first{}, second{}, gradient{};
  std::vector<double> losses; ///< of the step's micro-batches

private:
  static TensorBytes view(std::string name, Values &values) {
    return {std::move(name), "f32", {8}, std::as_writable_bytes(std::span(values))};
  }
};

} // namespace roux::train
