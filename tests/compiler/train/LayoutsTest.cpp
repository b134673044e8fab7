//===- LayoutsTest.cpp - one plan, three ways to compute it ---------------===//
//
// A plan says what a step is. Whether its sequences go through the compiled model
// one at a time, sorted by length or as packs is how, and after twenty updates the
// losses must still agree.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/frontend/SplitWeight.h"
#include "compiler/pipeline/CompileStep.h"
#include "compiler/plan/TrainingData.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/train/CompiledStep.h"
#include "runtime/train/Trainer.h"
#include "tests/Paths.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>
#include <unistd.h>

using namespace roux;
using data::PlanStep, data::Portion;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t steps = 20;

/// In which portions a step is computed.
using Layout = std::function<std::vector<Portion>(const PlanStep &)>;

std::vector<Portion> alone(const PlanStep &step) {
  std::vector<Portion> portions(step.sequences.size());
  for (uint32_t i = 0; i < portions.size(); ++i)
    portions[i] = {i};
  return portions;
}

std::vector<Portion> sorted(const PlanStep &step) {
  constexpr size_t together = 3;
  Portion order(step.sequences.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {},
                    [&](uint32_t i) { return std::pair(step.sequences[i].positions, i); });
  std::vector<Portion> portions;
  for (size_t i = 0; i < order.size(); i += together)
    portions.emplace_back(order.begin() + i, order.begin() + std::min(order.size(), i + together));
  return portions;
}

std::vector<Portion> packed(const PlanStep &step) {
  std::vector<Portion> portions;
  uint32_t next = 0;
  for (const data::PlannedPack &pack : step.packs) {
    Portion &portion = portions.emplace_back(step.of(pack).size());
    std::iota(portion.begin(), portion.end(), next);
    next += portion.size();
  }
  return portions;
}

class LayoutSource : public train::StepSource {
public:
  LayoutSource(const TrainingData &data, const Expression &weight, Layout layout)
      : plan(data.plan), input(data.store), weight(weight), layout(std::move(layout)) {}

  uint64_t steps() const override { return ::steps; }
  uint64_t epoch(uint64_t step) const override { return plan.step(step).counts.epoch; }
  void start(uint64_t firstStep) override { step = firstStep, portion = 0; }
  bool next(data::MicroBatch &batch) override {
    PlanStep planned = plan.step(step);
    std::vector<Portion> portions = layout(planned);
    data::StepWeights weights(weight, input, plan, planned, splitWeight(weight).inputs);
    data::materialize(plan, input, weights, portions[portion], batch);
    batch.portion = portion;
    batch.portions = static_cast<uint32_t>(portions.size());
    if (++portion == portions.size())
      ++step, portion = 0;
    return true;
  }
  std::string names(uint64_t, const Portion &) const override { return "planned"; }

private:
  const data::Plan &plan;
  data::PlanInput input;
  const Expression &weight;
  Layout layout;
  uint64_t step = 0;
  uint32_t portion = 0;
};

constexpr const char *recipeText = R"(seed 3
tokenizer words = bpe(all, vocab: 300)
model small = new(llama, tokenizer: words, layers: 2, dim: 32, heads: 4, kv_heads: 2, ffn: 64, context: 128) {
  template: plain
}
data all = chat("chats.jsonl")
data sft = all | shuffle
train t {
  model: small
  data: sft
  target: role == assistant
  weight: 1 / (sequence.targets * step.sequences)
  batch: 2 * pack(128 tokens, fit: best, overflow: drop, last: drop)
  optimizer: adamw(lr: 3e-3, decay: 0.1)
  length: 20 steps
}
)";

class LayoutsTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / fmt::format("roux-layouts-{}", getpid());
    fs::create_directories(folder);
    std::ofstream chats(folder / "chats.jsonl");
    for (int i = 0; i < 120; ++i)
      chats << fmt::format(
          "{{\"messages\": [{{\"role\": \"user\", \"content\": \"What is {0}?\"}}, "
          "{{\"role\": \"assistant\", \"content\": \"It is {1}.\"}}]}}\n",
          i, std::string(1 + i * 7 % 40, static_cast<char>('a' + i % 20)));
    chats.close();
    recipe = check(sources, sources.add((folder / "r.recipe").string(), recipeText), diagnostics);
    ASSERT_TRUE(recipe) << diagnostics.text();
  }
  void TearDown() override { fs::remove_all(folder); }

  std::vector<double> losses(const TrainingData &data, const std::string &name, Layout layout) {
    const CheckedDefinition &train = *recipe->find("t");
    StepSource source;
    source.config = data.model.config;
    source.update.decay = 0.1;
    source.weight = splitWeight(train["weight"].expression);
    train::ModelProgram program(*compileStep(source, kernelsOfProcess()), data.model.config,
                                std::make_shared<CPUDevice>(2));
    program.setParameters(model::freshWeights(data.model.config, 0.05, data::SeedTree(1)));
    train::CompiledStep step(program);
    LayoutSource steps(data, train["weight"].expression, std::move(layout));
    train::TrainerOptions options;
    options.folder = folder / name;
    options.clip = 1;
    train::Schedule schedule(3e-3, {{train::PhaseKind::Constant, {}}}, train::extentOf(data.plan));
    std::FILE *log = std::fopen((folder / "log").c_str(), "a");
    {
      train::Progress progress(log, name, ::steps, 0, 0);
      train::Trainer(options, schedule, steps, step, progress).run();
    }
    std::fclose(log);
    std::vector<double> found;
    for (const train::StepMetrics &each : train::MetricsFile::read(folder / name / "metrics.jsonl"))
      found.push_back(each.loss);
    return found;
  }

  fs::path folder;
  SourceManager sources;
  Diagnostics diagnostics{sources};
  std::optional<CheckedRecipe> recipe;
};

TEST_F(LayoutsTest, OnePlanHasEqualLossesForTwentySteps) {
  DataBuilder builder(sources, *recipe, folder / "out");
  TrainingData data = builder.build(*recipe->find("t"));
  ASSERT_EQ(data.plan.steps(), steps);
  ASSERT_GT(data.plan.step(0).sequences.size(), 3u);
  std::vector<double> one = losses(data, "alone", alone);
  ASSERT_EQ(one.size(), steps);
  EXPECT_LT(one.back(), one.front() - 0.5);
  for (const auto &[name, layout] : {std::pair<std::string, Layout>("sorted", sorted),
                                     std::pair<std::string, Layout>("packed", packed)}) {
    std::vector<double> other = losses(data, name, layout);
    ASSERT_EQ(other.size(), steps);
    double far = 0;
    for (uint64_t step = 0; step < steps; ++step) {
      EXPECT_NEAR(other[step], one[step], 1e-5) << name << ", step " << step;
      far = std::max(far, std::abs(other[step] - one[step]));
    }
    RecordProperty(name + "_largest_difference", fmt::format("{:.2e}", far));
  }
}

} // namespace
