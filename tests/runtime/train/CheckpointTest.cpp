//===- CheckpointTest.cpp - saved whole, refused otherwise ----------------===//
//
// Every byte of a checkpoint is damaged in turn, disks are full or read-only, and
// two runs want one folder.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Temporary.h"
#include "runtime/train/CheckpointFolder.h"
#include "runtime/train/RunLock.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>
#include <sys/mount.h>
#include <unistd.h>

using namespace roux;
using namespace roux::train;
namespace fs = std::filesystem;

namespace {

class CheckpointTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             fmt::format("roux-checkpoint-{}-{}", getpid(),
                         testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder);
    state.identity = {1, 2, 3, "model: base\nlength: 2 epochs"};
    state.step = 12;
    state.updates = 14;
    state.seed = 42;
    state.usefulTokens = 1e6;
    state.kernelChoices = {{"matmul_64", "tile 12x4"}};
  }
  void TearDown() override { fs::remove_all(folder); }

  std::vector<TensorBytes> tensors() {
    return {{"weight", "f32", {2, 3}, std::as_writable_bytes(std::span(weight))},
            {"first.weight", "f32", {6}, std::as_writable_bytes(std::span(moment))}};
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto &entry : fs::directory_iterator(folder))
      found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }

  fs::path folder;
  CheckpointState state;
  std::vector<float> weight{1, 2, 3, 4, 5, 6}, moment{-1, 0, 1, 0, 0, 2};
};

std::string refusal(const std::function<void()> &action) {
  try {
    action();
  } catch (const data::FileError &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST_F(CheckpointTest, ComesBackWhole) {
  fs::path file = folder / "c";
  writeCheckpoint(file, state, tensors());
  std::vector<float> weightBefore = weight, momentBefore = moment;
  std::ranges::fill(weight, 0.f);
  std::ranges::fill(moment, 0.f);
  Checkpoint back(file);
  back.restore(tensors());
  back.checkAllUsed(tensors());
  EXPECT_EQ(weight, weightBefore);
  EXPECT_EQ(moment, momentBefore);
  EXPECT_EQ(back.state().step, 12u);
  EXPECT_EQ(back.state().updates, 14u);
  EXPECT_EQ(back.state().seed, 42u);
  EXPECT_EQ(back.state().usefulTokens, 1e6);
  EXPECT_EQ(back.state().kernelChoices, state.kernelChoices);
  EXPECT_EQ(back.state().identity.recipeText, state.identity.recipeText);
}

TEST_F(CheckpointTest, AnyDamageIsSeen) {
  fs::path file = folder / "c";
  writeCheckpoint(file, state, tensors());
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  const std::string good = text.str();
  auto opens = [&](const std::string &bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
    return refusal([&] { Checkpoint opened(file); }).empty();
  };
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    EXPECT_FALSE(opens(bad)) << "byte " << i;
  }
  for (size_t length = 0; length < good.size(); length += 7)
    EXPECT_FALSE(opens(good.substr(0, length))) << length;
  EXPECT_TRUE(opens(good));
}

TEST_F(CheckpointTest, RefusesOtherTensors) {
  fs::path file = folder / "c";
  writeCheckpoint(file, state, tensors());
  Checkpoint back(file);
  std::vector<TensorBytes> wrong = tensors();
  wrong[0].shape = {3, 2};
  EXPECT_EQ(refusal([&] { back.restore(wrong); }),
            "the checkpoint of step 12 has 'weight' as f32 [2, 3], the program as f32 [3, 2]");
  wrong[0].name = "bias";
  EXPECT_EQ(refusal([&] { back.restore(wrong); }),
            "the checkpoint of step 12 has no tensor 'bias'");
  wrong.erase(wrong.begin());
  EXPECT_EQ(refusal([&] { back.checkAllUsed(wrong); }),
            "the checkpoint of step 12 has a tensor 'weight', which the program does not");
}

TEST_F(CheckpointTest, OtherPrecisionIsConverted) {
  fs::path file = folder / "c";
  writeCheckpoint(file, state, tensors());
  std::vector<double> wide(6);
  std::vector<TensorBytes> asDouble{
      {"weight", "f64", {2, 3}, std::as_writable_bytes(std::span(wide))}};
  Checkpoint(file).restore(asDouble);
  EXPECT_EQ(wide, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  wide[2] = 0.1;
  writeCheckpoint(file, state, asDouble);
  Checkpoint(file).restore(std::vector{tensors()[0]});
  EXPECT_EQ(weight[2], 0.1f);
  asDouble[0].element = "i64";
  EXPECT_EQ(refusal([&] { Checkpoint(file).restore(asDouble); }),
            "the checkpoint of step 12 has 'weight' as f64 [2, 3], the program as i64 [2, 3]");
}

TEST_F(CheckpointTest, RefusesAnotherRecipeOrPlanWithTheDifference) {
  RunIdentity now = state.identity;
  EXPECT_TRUE(checkIdentity("c", state.identity, now));
  now.run = 9;
  EXPECT_FALSE(checkIdentity("c", state.identity, now));
  now.plan = 0xabc;
  EXPECT_EQ(refusal([&] { checkIdentity("c", state.identity, now); }),
            "c: made with plan 0000000000000002, but this one is 0000000000000abc: the data or the "
            "tokenizer changed");
  now.recipe = 9;
  now.recipeText = "model: base\nlength: 3 epochs";
  EXPECT_EQ(refusal([&] { checkIdentity("c", state.identity, now); }),
            "c: made by another recipe: line 2 was `length: 2 epochs` and is `length: 3 epochs`");
}

TEST_F(CheckpointTest, KeepsTheNewest) {
  CheckpointFolder checkpoints(folder, 2);
  for (uint64_t step : {5, 10, 15}) {
    state.step = step;
    checkpoints.save(state, tensors());
    EXPECT_TRUE(checkpoints.retain(step).empty());
  }
  EXPECT_EQ(checkpoints.steps(), (std::vector<uint64_t>{10, 15}));
  std::vector<std::string> skipped;
  EXPECT_EQ(checkpoints.latest(skipped)->state().step, 15u);
  EXPECT_TRUE(skipped.empty());
}

// What cannot be removed is said, and ends no training whose new state is saved.
TEST_F(CheckpointTest, SaysWhatCannotBeRemoved) {
  CheckpointFolder checkpoints(folder, 1);
  fs::create_directories(checkpoints.file(5) / "inside");
  for (uint64_t step : {10, 15}) {
    state.step = step;
    checkpoints.save(state, tensors());
  }
  std::vector<std::string> failures = checkpoints.retain(15);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_TRUE(failures[0].starts_with(checkpoints.file(5).string() + ": cannot remove it: "))
      << failures[0];
  std::vector<std::string> skipped;
  EXPECT_EQ(checkpoints.latest(skipped)->state().step, 15u);
  EXPECT_FALSE(fs::exists(checkpoints.file(10)));
}

TEST_F(CheckpointTest, DamagedOnesGoFirst) {
  for (uint64_t step : {5, 10, 15, 20}) {
    state.step = step;
    CheckpointFolder(folder, 0).save(state, tensors());
  }
  auto damage = [&](uint64_t step) {
    fs::resize_file(CheckpointFolder(folder, 0).file(step), 100);
  };
  damage(10);
  damage(20);
  // It resumed at 15, and saves again before the number of the damaged one.
  state.step = 17;
  CheckpointFolder resumed(folder, 2);
  resumed.save(state, tensors());
  EXPECT_TRUE(resumed.retain(17).empty());
  EXPECT_EQ(resumed.steps(), (std::vector<uint64_t>{15, 17}));
  // One that is whole and later is another's, and not counted.
  CheckpointFolder earlier(folder, 1);
  EXPECT_TRUE(earlier.retain(15).empty());
  EXPECT_EQ(earlier.steps(), (std::vector<uint64_t>{15, 17}));
}

TEST_F(CheckpointTest, FallsBackToTheOneBefore) {
  CheckpointFolder checkpoints(folder, 0);
  std::vector<std::string> skipped;
  EXPECT_FALSE(checkpoints.latest(skipped));
  for (uint64_t step : {5, 10}) {
    state.step = step;
    checkpoints.save(state, tensors());
  }
  fs::resize_file(checkpoints.file(10), 100);
  EXPECT_EQ(checkpoints.latest(skipped)->state().step, 5u);
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0], checkpoints.file(10).string() +
                            ": damaged: its checksum does not agree with its bytes");
  fs::resize_file(checkpoints.file(5), 10);
  EXPECT_NE(refusal([&] { checkpoints.latest(skipped); }).find("none of 2 checkpoints is whole"),
            std::string::npos);
}

TEST_F(CheckpointTest, SecondRunIsRefusedWithTheHoldersName) {
  {
    RunLock lock(folder);
    std::string text = refusal([&] { RunLock second(folder); });
    EXPECT_TRUE(
        text.starts_with(fmt::format("{}: in use by process {} on ", folder.string(), getpid())))
        << text;
  }
  std::ofstream(data::temporaryFor(folder / "step-000000005.checkpoint")) << "half";
  RunLock again(folder);
  EXPECT_EQ(names(), std::vector<std::string>{"lock"});
}

TEST_F(CheckpointTest, FullDiskIsAnErrorAndLeavesTheLastGoodOne) {
  fs::path small = folder / "small";
  fs::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k") != 0)
    GTEST_SKIP() << "this system does not let us mount a small disk";
  weight.resize(40'000); // 160 kB: one fits, two do not
  std::vector<TensorBytes> large{
      {"weight", "f32", {40'000}, std::as_writable_bytes(std::span(weight))}};
  CheckpointFolder checkpoints(small, 1);
  EXPECT_EQ(refusal([&] { checkRoom(small, 160'000); }), "");
  EXPECT_EQ(refusal([&] { checkRoom(small, 1'000'000); }),
            small.string() + ": a checkpoint needs 1.0 MB, but only 0.3 MB are free");
  checkpoints.save(state, large);
  state.step = 13;
  EXPECT_EQ(refusal([&] { checkpoints.save(state, large); }),
            checkpoints.file(13).string() + ": cannot write it: No space left on device");
  std::vector<std::string> skipped;
  EXPECT_EQ(checkpoints.latest(skipped)->state().step, 12u);
  for (const auto &entry : fs::directory_iterator(small))
    EXPECT_NE(entry.path().extension(), ".tmp");
  umount(small.c_str());
}

TEST_F(CheckpointTest, ReadOnlyFolderIsAnErrorBeforeStepOne) {
  fs::path fixed = folder / "fixed";
  fs::create_directories(fixed);
  if (mount("tmpfs", fixed.c_str(), "tmpfs", MS_RDONLY, "") != 0)
    GTEST_SKIP() << "this system does not let us mount a read-only disk";
  std::string text = refusal([&] { checkRoom(fixed, 1); });
  EXPECT_TRUE(text.starts_with((fixed / "probe.").string()) &&
              text.ends_with(": cannot create it: Read-only file system"))
      << text;
  EXPECT_EQ(refusal([&] { RunLock lock(fixed); }),
            (fixed / "lock").string() + ": cannot write it: Read-only file system");
  umount(fixed.c_str());
}
