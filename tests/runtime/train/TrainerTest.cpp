//===- TrainerTest.cpp - whatever happens, the same end -------------------===//
//
// The program is small; the trainer around it is the real one. It is stopped,
// killed at random moments, run out of disk and fed bad numbers.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Trainer.h"
#include "LinearProgram.h"
#include "runtime/train/RunLock.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace roux;
using namespace roux::train;
namespace fs = std::filesystem;

namespace {

class TrainerTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             fmt::format("roux-trainer-{}-{}", getpid(),
                         testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder);
    options.folder = folder / "run";
    options.identity = {1, 2, 3, "the recipe"};
    options.clip = 1;
    options.save = {{3, 0}, 2};
  }
  void TearDown() override { fs::remove_all(folder); }

  TrainResult train(StepProgram &program, uint64_t steps = 60) {
    DrawnSource source(steps);
    return train(program, source);
  }
  TrainResult train(StepProgram &program, StepSource &source) {
    TrainingExtent extent;
    extent.tokensBefore.resize(source.steps() + 1);
    extent.epochStarts = {0};
    Schedule schedule(0.1, {{PhaseKind::Warmup, {ExtentUnit::Share, 0.1}}, {PhaseKind::Cosine, {}}},
                      extent);
    std::FILE *log = std::fopen((folder / "log").c_str(), "a");
    TrainResult result;
    std::exception_ptr thrown;
    try {
      Progress progress(log, "test", source.steps(), 0, 0);
      result = Trainer(options, std::move(schedule), source, program, progress).run();
    } catch (...) {
      thrown = std::current_exception();
    }
    std::fclose(log);
    if (thrown)
      std::rethrow_exception(thrown);
    return result;
  }
  /// What a child process does: train to the end, slowly.
  [[noreturn]] void trainInChild(uint64_t steps);

  fs::path folder;
  TrainerOptions options;
};

/// Takes long enough for a kill to find it anywhere.
class SlowProgram : public LinearProgram {
  void update(const UpdateScalars &scalars, double factor) override {
    LinearProgram::update(scalars, factor);
    usleep(500);
  }
};

void TrainerTest::trainInChild(uint64_t steps) {
  SlowProgram program;
  try {
    train(program, steps);
  } catch (...) {
    _exit(3);
  }
  _exit(0);
}

template <typename Error>
std::string refusal(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST_F(TrainerTest, LearnsAndLogs) {
  LinearProgram program;
  TrainResult result = train(program);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.stepsMade, 60u);
  EXPECT_EQ(result.updates, 60u);
  EXPECT_EQ(result.usefulTokens, 480);
  std::vector<StepMetrics> metrics = MetricsFile::read(options.folder / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), 60u);
  EXPECT_EQ(metrics[0].rate, 0);
  EXPECT_DOUBLE_EQ(metrics[6].rate, 0.1);
  EXPECT_EQ(metrics[59].epoch, 5u);
  EXPECT_LT(metrics[59].loss, 0.7 * metrics[0].loss);
  EXPECT_DOUBLE_EQ(metrics[0].clip, 1 / metrics[0].gradientNorm);
  EXPECT_EQ(CheckpointFolder(options.folder, 0).steps(), (std::vector<uint64_t>{57, 60}));
}

TEST_F(TrainerTest, EvaluatesOnTheWay) {
  LinearProgram program, alone;
  train(alone);
  options.folder = folder / "evaluated";
  options.evaluateSteps = 20;
  options.evaluate = [](uint64_t made) {
    return Measured{{"watch/held", static_cast<double>(made)}};
  };
  train(program);
  std::vector<StepMetrics> metrics = MetricsFile::read(options.folder / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), 60u);
  for (const StepMetrics &step : metrics) {
    Measured expected;
    if ((step.step + 1) % 20 == 0)
      expected = {{"watch/held", static_cast<double>(step.step + 1)}};
    EXPECT_EQ(step.measured, expected) << step.step;
  }
  EXPECT_EQ(program.weight, alone.weight);
}

TEST_F(TrainerTest, KeepsTheBestAndEndsWhereItGetsNoBetter) {
  const std::map<uint64_t, double> losses = {{5, 3},  {10, 2},   {15, 2.5}, {20, 1.5},
                                             {25, 4}, {30, NAN}, {35, 1.6}, {40, 1}};
  options.evaluateSteps = 5;
  options.watched = "watch/held";
  options.patience = 3;
  options.save = {{7, 0}, 1};
  options.evaluate = [&](uint64_t made) {
    return Measured{{"watch/other", 0}, {"watch/held", losses.at(made)}};
  };
  LinearProgram program, again, stopped;
  TrainResult result = train(program);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.stepsMade, 35u);
  ASSERT_TRUE(result.best);
  EXPECT_EQ(result.best->step, 20u);
  EXPECT_EQ(result.best->measured, 1.5);
  EXPECT_EQ(CheckpointFolder(options.folder, 0).steps(), (std::vector<uint64_t>{20, 35}));
  // It is whole then, and a second start does nothing.
  EXPECT_TRUE(train(again).finished);
  EXPECT_EQ(again.weight, program.weight);
  // Who is stopped on the way remembers what was best.
  options.folder = folder / "stopped";
  std::atomic<bool> stop = false;
  options.stop = &stop;
  auto evaluate = options.evaluate;
  options.evaluate = [&](uint64_t made) {
    stop = made == 25;
    return evaluate(made);
  };
  EXPECT_FALSE(train(stopped).finished);
  stop = false;
  TrainResult resumed = train(stopped);
  EXPECT_EQ(resumed.firstStep, 25u);
  EXPECT_EQ(resumed.stepsMade, 35u);
  EXPECT_EQ(resumed.best->step, 20u);
  EXPECT_EQ(stopped.weight, program.weight);
}

TEST_F(TrainerTest, SavesTheBestAndTheEndWhereNothingElseIsSaved) {
  options.evaluateSteps = 10;
  options.watched = "watch/held";
  options.save = {};
  options.evaluate = [](uint64_t made) {
    return Measured{{"watch/held", std::abs(35 - static_cast<double>(made))}};
  };
  LinearProgram program;
  EXPECT_EQ(train(program).best->step, 30u);
  EXPECT_EQ(CheckpointFolder(options.folder, 0).steps(), (std::vector<uint64_t>{30, 60}));
}

TEST_F(TrainerTest, SavesAtTheEndsOfEpochs) {
  options.save = {{.epochs = 2}, 0};
  LinearProgram program;
  train(program); // ten steps are an epoch
  EXPECT_EQ(CheckpointFolder(options.folder, 0).steps(), (std::vector<uint64_t>{20, 40, 60}));
  options.folder = folder / "thirds";
  options.save = {{.epochs = 1.0 / 3}, 0};
  LinearProgram other;
  train(other, 10);
  EXPECT_EQ(CheckpointFolder(options.folder, 0).steps(), (std::vector<uint64_t>{4, 7, 10}));
}

TEST_F(TrainerTest, NothingIsDoneTwice) {
  LinearProgram program, again;
  train(program);
  TrainResult result = train(again);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.firstStep, 60u);
  EXPECT_EQ(again.weight, program.weight);
}

TEST_F(TrainerTest, StopsCleanlyAndGoesOnBitEqual) {
  LinearProgram uninterrupted, stopped, resumed;
  train(uninterrupted);
  options.folder = folder / "stopped";
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.evaluateSteps = 25;
  options.evaluate = [&](uint64_t made) {
    stop = made == 25;
    return Measured();
  };
  TrainResult first = train(stopped);
  EXPECT_FALSE(first.finished);
  EXPECT_EQ(first.stepsMade, 25u);
  stop = false;
  TrainResult second = train(resumed);
  EXPECT_EQ(second.firstStep, 25u);
  EXPECT_TRUE(second.sameRun);
  EXPECT_EQ(resumed.weight, uninterrupted.weight);
  EXPECT_EQ(resumed.second, uninterrupted.second);
}

TEST_F(TrainerTest, FiftyKillsLeaveTheSameBitsAndNoTemporary) {
  const uint64_t steps = 90;
  LinearProgram uninterrupted;
  train(uninterrupted, steps);
  options.folder = folder / "killed";
  std::mt19937 random(7);
  int kills = 0, finished = 0;
  while (kills < 50) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
      trainInChild(steps);
    usleep(1000 + random() % 60'000);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      ++kills;
      continue;
    }
    ASSERT_EQ(WEXITSTATUS(status), 0); // it was done first: the next round begins anew
    LinearProgram end;
    train(end, steps);
    EXPECT_EQ(end.weight, uninterrupted.weight);
    fs::remove_all(options.folder);
    ++finished;
  }
  LinearProgram end;
  train(end, steps);
  EXPECT_EQ(end.weight, uninterrupted.weight);
  EXPECT_EQ(end.first, uninterrupted.first);
  EXPECT_EQ(end.second, uninterrupted.second);
  std::vector<StepMetrics> metrics = MetricsFile::read(options.folder / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), steps);
  for (uint64_t step = 0; step < steps; ++step)
    EXPECT_EQ(metrics[step].step, step);
  for (const auto &entry : fs::recursive_directory_iterator(options.folder))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  RecordProperty("finished_between_kills", finished);
}

TEST_F(TrainerTest, AnotherRunIsSaid) {
  LinearProgram program, resumed;
  std::atomic<bool> stop = true;
  options.stop = &stop;
  train(program);
  options.stop = nullptr;
  options.identity.run = 9;
  EXPECT_FALSE(train(resumed).sameRun);
}

TEST_F(TrainerTest, AnotherRecipeIsRefused) {
  LinearProgram program;
  train(program);
  options.identity.recipe = 9;
  options.identity.recipeText = "another recipe";
  EXPECT_EQ(refusal<CheckpointError>([&] { train(program); }),
            (options.folder / "step-000000060.checkpoint").string() +
                ": made by another recipe: line 1 was `the recipe` and is `another recipe`");
}

TEST_F(TrainerTest, TwoAtOnceAreRefused) {
  LinearProgram program;
  RunLock lock(options.folder);
  EXPECT_NE(refusal<RunLocked>([&] { train(program); }).find("in use by process"),
            std::string::npos);
}

TEST_F(TrainerTest, BadLossNamesStepSequencesAndTensor) {
  struct Diverging : LinearProgram {
    int calls = 0;
    void addGradient(const data::MicroBatch &batch) override {
      LinearProgram::addGradient(batch);
      if (++calls < 10)
        return;
      gradient[3] = std::numeric_limits<float>::quiet_NaN();
      losses.back() = std::numeric_limits<double>::quiet_NaN();
    }
  } program;
  EXPECT_EQ(refusal<TrainingDiverged>([&] { train(program); }),
            "step 4: the loss is nan; its sequences: drawn:36, drawn:37, drawn:38, drawn:39; the "
            "first bad tensor is the gradient of 'weight': element 3 of 8 is nan; the state before "
            "the step is in " +
                (options.folder / "step-000000004.checkpoint").string());
  std::vector<std::string> skipped;
  EXPECT_EQ(CheckpointFolder(options.folder, 0).latest(skipped)->state().step, 4u);
}

TEST_F(TrainerTest, BadWeightsAreNeverSaved) {
  LinearProgram program;
  program.weight[5] = std::numeric_limits<float>::infinity();
  std::string text = refusal<TrainingDiverged>([&] { train(program); });
  EXPECT_TRUE(text.ends_with("the first bad tensor is the weight 'weight': element 5 of 8 is "
                             "infinite"))
      << text;
  EXPECT_TRUE(CheckpointFolder(options.folder, 0).steps().empty());
}

TEST_F(TrainerTest, AnUpdateThatEndsInNoNumberIsNotSaved) {
  struct Overflowing : LinearProgram {
    int updates = 0, last = 0;
    explicit Overflowing(int last) : last(last) {}
    void update(const UpdateScalars &scalars, double factor) override {
      LinearProgram::update(scalars, factor);
      if (++updates == last)
        weight[5] = std::numeric_limits<float>::quiet_NaN();
    }
  };
  // The very last one, which no later loss shows.
  Overflowing atTheEnd(60);
  std::string text = refusal<TrainingDiverged>([&] { train(atTheEnd); });
  EXPECT_TRUE(text.starts_with(fmt::format("step {}: after its update the first bad tensor is "
                                           "'weight': element 5 of 8 is nan; the last good "
                                           "checkpoint is of step ",
                                           59)))
      << text;
  std::vector<std::string> skipped;
  uint64_t good = CheckpointFolder(options.folder, 0).latest(skipped)->state().step;
  EXPECT_EQ(good, 57u);

  // One before a save that would replace the only good one.
  fs::remove_all(options.folder);
  options.save = {{.steps = 1}, 1};
  Overflowing midway(7);
  EXPECT_NE(refusal<TrainingDiverged>([&] { train(midway); }), "");
  EXPECT_EQ(CheckpointFolder(options.folder, 0).steps(), std::vector<uint64_t>{6});
}

TEST_F(TrainerTest, UnreadableDataEndAfterASave) {
  struct Failing : DrawnSource {
    using DrawnSource::DrawnSource;
    bool next(data::MicroBatch &batch) override {
      if (++calls > 9) // in the middle of step 4
        throw data::FileError("tokens.store: lost bytes");
      return DrawnSource::next(batch);
    }
    int calls = 0;
  } failing(60);
  LinearProgram program, resumed, uninterrupted;
  options.save = {};
  EXPECT_EQ(refusal<data::FileError>([&] { train(program, failing); }),
            "tokens.store: lost bytes; the state before step 4 is in " +
                (options.folder / "step-000000004.checkpoint").string());
  EXPECT_EQ(train(resumed).firstStep, 4u);
  options.folder = folder / "uninterrupted";
  train(uninterrupted);
  EXPECT_EQ(resumed.weight, uninterrupted.weight);
}

TEST_F(TrainerTest, FullDiskStopsAfterTheLastGoodSave) {
  fs::create_directories(options.folder);
  if (mount("tmpfs", options.folder.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "this system does not let us mount a small disk";
  options.save.keep = 0;
  LinearProgram program;
  std::string text = refusal<data::FileError>([&] { train(program); });
  EXPECT_NE(text.find("No space left on device"), std::string::npos) << text;
  for (const auto &entry : fs::recursive_directory_iterator(options.folder))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();

  // With room again it goes on from there, to the same end.
  ASSERT_EQ(mount("tmpfs", options.folder.c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
  LinearProgram resumed, uninterrupted;
  EXPECT_GT(train(resumed).firstStep, 0u);
  umount(options.folder.c_str());
  options.folder = folder / "uninterrupted";
  train(uninterrupted);
  EXPECT_EQ(resumed.weight, uninterrupted.weight);
}
