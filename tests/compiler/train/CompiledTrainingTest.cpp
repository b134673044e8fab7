//===- CompiledTrainingTest.cpp - the trainer over compiled kernels -------===//
//
// What holds for eight weights written out by hand must hold for a compiled model:
// it learns, a stopped run goes on to the same bits, and a device that has memory of
// its own makes no other ones.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/train/CompiledStep.h"
#include "runtime/train/Trainer.h"
#include "tests/Paths.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace roux;
using train::CompiledStep, train::ModelProgram, train::TensorBytes, train::TrainerOptions,
    train::StepMetrics;
namespace fs = std::filesystem;

namespace {

/// Two sequences a micro-batch, two micro-batches a step; each token is one more than the last.
class CountingSource : public train::StepSource {
public:
  explicit CountingSource(uint64_t steps) : count(steps) {}
  uint64_t steps() const override { return count; }
  uint64_t epoch(uint64_t) const override { return 0; }
  void start(uint64_t firstStep) override { position = 2 * firstStep; }
  bool next(data::MicroBatch &batch) override {
    batch = {};
    batch.step = position / 2;
    batch.portion = position % 2;
    batch.portions = 2;
    batch.segmentOffsets = {0};
    for (int32_t segment = 0; segment < 2; ++segment) {
      data::SeedTree draw = data::SeedTree(3) / position / static_cast<uint64_t>(segment);
      int32_t first = static_cast<int32_t>(draw.below(32));
      int32_t length = 5 + static_cast<int32_t>(draw.below(9, 1));
      for (int32_t i = 0; i < length; ++i) {
        batch.tokens.push_back((first + i) % 32);
        batch.labels.push_back(i + 1 < length ? (first + i + 1) % 32 : data::noLabel);
        batch.positions.push_back(i);
        batch.segments.push_back(segment);
        batch.targets += i + 1 < length;
      }
      batch.segmentOffsets.push_back(static_cast<int64_t>(batch.tokens.size()));
    }
    ++position;
    return true;
  }
  std::string names(uint64_t, const data::Portion &) const override { return "counted"; }

private:
  uint64_t count, position = 0;
};

model::ModelConfig tinyConfig() {
  return model::parseConfig(
      R"({"model_type": "llama", "hidden_size": 32, "intermediate_size": 64,
      "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
      "vocab_size": 32, "max_position_embeddings": 64, "rms_norm_eps": 1e-5})",
      "tiny");
}

/// The processor, under memory that the host has to ask for: what is not written shows.
class Elsewhere : public CPUDevice {
public:
  using CPUDevice::CPUDevice;
  bool sharesMemory() const override { return false; }
  bool keepsBuffersApart() const override { return true; }
  std::shared_ptr<std::byte> allocate(size_t bytes, const std::string &what, Fill fill) override {
    std::shared_ptr<std::byte> memory = CPUDevice::allocate(bytes, what, fill);
    if (fill == Fill::Nothing)
      std::memset(memory.get(), 0xff, bytes);
    return memory;
  }
};

class CompiledTrainingTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / fmt::format("roux-compiled-training-{}", getpid());
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::unique_ptr<ModelProgram>
  compiled(const model::ModelConfig &config,
           std::shared_ptr<Device> device = std::make_shared<CPUDevice>(2)) {
    roux::StepSource source;
    source.config = config;
    source.weight.formula.nodes = {{.number = 0.025}};
    std::optional<Program> program = roux::compileStep(source, kernelsOfProcess());
    EXPECT_TRUE(program);
    return std::make_unique<ModelProgram>(std::move(*program), config, std::move(device));
  }
  std::vector<std::byte> runTo(ModelProgram &program, const fs::path &where, uint64_t stopAt) {
    CountingSource source(30);
    CompiledStep step(program);
    TrainerOptions options;
    options.folder = where;
    options.clip = 1;
    std::atomic<bool> stop = false;
    options.stop = &stop;
    options.evaluateSteps = 1;
    options.evaluate = [&](uint64_t made) {
      stop = made == stopAt;
      return train::Measured();
    };
    train::TrainingExtent extent;
    extent.tokensBefore.resize(31);
    extent.epochStarts = {0};
    std::FILE *log = std::fopen((folder / "log").c_str(), "a");
    {
      train::Progress progress(log, "test", 30, 0, 0);
      train::Schedule schedule(1e-2, {{train::PhaseKind::Constant, {}}}, extent);
      train::Trainer(options, schedule, source, step, progress).run();
    }
    std::fclose(log);
    std::vector<std::byte> bytes;
    for (const TensorBytes &tensor : step.tensors())
      bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
    return bytes;
  }
  fs::path folder;
};

} // namespace

TEST_F(CompiledTrainingTest, LearnsAndGoesOnBitEqual) {
  model::ModelConfig config = tinyConfig();
  model::Weights start = model::freshWeights(config, 0.05, data::SeedTree(1));
  std::unique_ptr<ModelProgram> whole = compiled(config), first = compiled(config);
  whole->setParameters(start);
  std::vector<std::byte> uninterrupted = runTo(*whole, folder / "whole", 0);
  std::vector<StepMetrics> metrics = train::MetricsFile::read(folder / "whole" / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), 30u);
  EXPECT_LT(metrics.back().loss, 0.6 * metrics.front().loss);

  first->setParameters(start);
  runTo(*first, folder / "parts", 13);
  std::unique_ptr<ModelProgram> second = compiled(config); // all zeros: the checkpoint has it all
  EXPECT_EQ(runTo(*second, folder / "parts", 0), uninterrupted);
}

TEST_F(CompiledTrainingTest, IsTheSameWhereMemoryIsElsewhere) {
  model::ModelConfig config = tinyConfig();
  model::Weights start = model::freshWeights(config, 0.05, data::SeedTree(1));
  std::unique_ptr<ModelProgram> here = compiled(config),
                                there = compiled(config, std::make_shared<Elsewhere>(2));
  here->setParameters(start);
  there->setParameters(start);
  std::vector<std::byte> expected = runTo(*here, folder / "here", 0);
  runTo(*there, folder / "there", 13);
  there = compiled(config, std::make_shared<Elsewhere>(2));
  EXPECT_EQ(runTo(*there, folder / "there", 0), expected);
}

/// Who reads waits for the device: once a step, for all that the micro-batches came to.
TEST_F(CompiledTrainingTest, ReadsAStepsNumbersTogether) {
  struct Reading : CPUDevice {
    using CPUDevice::CPUDevice;
    void download(std::span<std::byte> to, const std::byte *from) override {
      ++reads;
      CPUDevice::download(to, from);
    }
    int reads = 0;
  };
  auto device = std::make_shared<Reading>(2);
  model::ModelConfig config = tinyConfig();
  std::unique_ptr<ModelProgram> program = compiled(config, device), alone = compiled(config);
  for (ModelProgram *each : {program.get(), alone.get()})
    each->setParameters(model::freshWeights(config, 0.05, data::SeedTree(1)));
  CompiledStep step(*program);
  CountingSource source(2);
  std::vector<double> losses;
  step.beginStep();
  for (int i = 0; i < 4; ++i) {
    data::MicroBatch batch;
    source.next(batch);
    if (i == 2) // as one without targets does, it asks for nothing
      batch.targets = 0;
    step.addGradient(batch);
    losses.push_back(batch.targets ? alone->addGradient(train::columnsOf(batch)) : 0);
  }
  EXPECT_EQ(device->reads, 0);
  train::StepNumbers numbers = step.numbers();
  EXPECT_EQ(device->reads, 1);
  EXPECT_EQ(numbers.losses, losses);
  EXPECT_EQ(numbers.gradientNorm, alone->gradientNorm());
  // What a step that was given up has left is not the next one's.
  data::MicroBatch batch;
  CountingSource(1).next(batch);
  step.addGradient(batch);
  step.beginStep();
  EXPECT_TRUE(step.numbers().losses.empty());
}

/// What the trainer asks between the gradients and the update, in the kernels' own precision.
TEST_F(CompiledTrainingTest, TakesNormAndFactorWhereTheGradientsAre) {
  model::ModelConfig config = tinyConfig();
  model::Weights start = model::freshWeights(config, 0.05, data::SeedTree(1));
  std::unique_ptr<ModelProgram> scaled = compiled(config), given = compiled(config);
  CountingSource source(1);
  data::MicroBatch batch;
  source.next(batch);
  for (ModelProgram *program : {scaled.get(), given.get()}) {
    program->setParameters(start);
    program->addGradient(train::columnsOf(batch));
  }
  double squares = 0;
  for (auto &[name, tensor] : given->gradients())
    for (float &value :
         std::span(reinterpret_cast<float *>(tensor.bytes.data()), tensor.bytes.size() / 4)) {
      squares += double(value) * value;
      value *= 0.25; // exact
    }
  given->gradientsChanged();
  EXPECT_NEAR(scaled->gradientNorm() / std::sqrt(squares), 1, 1e-6);
  EXPECT_NEAR(given->gradientNorm() / std::sqrt(squares), 0.25, 1e-6);
  scaled->update(1e-2, 0.1, 0.001, 0.25);
  given->update(1e-2, 0.1, 0.001);
  CompiledStep first(*scaled), second(*given);
  std::vector<TensorBytes> expected = second.tensors(), found = first.tensors();
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(std::ranges::equal(found[i].bytes, expected[i].bytes)) << found[i].name;
}
