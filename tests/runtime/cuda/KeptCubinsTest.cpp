//===- KeptCubinsTest.cpp - a GPU's code, assembled on many threads, once -===//
#include "runtime/cuda/KeptCubins.h"

#include "runtime/Seal.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>
#include <unistd.h>

using namespace roux;
using namespace roux::cuda;
namespace fs = std::filesystem;

namespace {

/// Makes of a module its text behind its target's name.
struct StandIn : PTXAssembler {
  std::string name() const override { return called; }
  std::string assemble(const std::string &ptx, const std::string &architecture) override {
    std::unique_lock alone(guard);
    begun.push_back(ptx);
    arrived.notify_all();
    wasAlone |= !arrived.wait_for(alone, std::chrono::seconds(20), [&] {
      return begun.size() >= awaited && (first.empty() || std::ranges::count(begun, first));
    });
    if (ptx.starts_with("bad"))
      throw CudaError("exit status 255\nline 3; error");
    return architecture + " " + ptx;
  }

  std::string called = "ptxas 13.0.88";
  size_t awaited = 0; ///< returns only when so many have begun
  std::string first;  ///< and this one has
  bool wasAlone = false;
  std::vector<std::string> begun;
  std::mutex guard;
  std::condition_variable arrived;
};

struct KeptCubinsTest : testing::Test {
  KeptCubinsTest() { fs::remove_all(folder); }
  ~KeptCubinsTest() override { fs::remove_all(folder); }

  /// How many were made of what it takes to have these right.
  size_t made(const std::string &architecture = "sm_90a") {
    KeptCubins kept(assembler, folder.string(), architecture);
    std::vector<std::string> expected;
    for (const PTXFunction &function : functions)
      expected.push_back(architecture + " " + function.module);
    EXPECT_EQ(kept.of(functions), expected);
    EXPECT_EQ(kept.made(), assembler.begun.size());
    return std::exchange(assembler.begun, {}).size();
  }
  fs::path fileOf(size_t at) {
    return KeptCubins(assembler, folder.string(), "sm_90a").pathOf(functions[at]);
  }

  StandIn assembler;
  std::vector<PTXFunction> functions = {{"a", "short"}, {"b", "the longest"}, {"c", "longer"}};
  fs::path folder = fs::temp_directory_path() / ("roux-cubins-test-" + std::to_string(getpid()));
};

TEST_F(KeptCubinsTest, AreMadeOnce) {
  EXPECT_EQ(made(), 3u);
  EXPECT_EQ(made(), 0u);
  functions[1].module += " one";
  EXPECT_EQ(made(), 1u) << "one function of another program";
  EXPECT_EQ(made("sm_80"), 3u) << "another GPU's";
  assembler.called = "ptxas 13.1.2";
  EXPECT_EQ(made(), 3u) << "another version's";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 10);
}

TEST_F(KeptCubinsTest, AreMadeAgainWhereDamaged) {
  EXPECT_EQ(made(), 3u);
  std::ifstream file(fileOf(0), std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] ^= 1;
    std::ofstream(fileOf(0), std::ios::binary) << changed;
    EXPECT_EQ(made(), 1u) << "byte " << at;
    std::ofstream(fileOf(0), std::ios::binary) << bytes.substr(0, at);
    EXPECT_EQ(made(), 1u) << at << " bytes";
  }
  EXPECT_EQ(made(), 0u);
}

TEST_F(KeptCubinsTest, AreMadeAgainWhereAnothersAreInTheirPlace) {
  EXPECT_EQ(made(), 3u);
  fs::copy_file(fileOf(1), fileOf(0), fs::copy_options::overwrite_existing);
  EXPECT_EQ(made(), 1u) << "another function's, which is whole";
  std::ofstream(fileOf(0), std::ios::binary) << sealed("something else");
  EXPECT_EQ(made(), 1u);
  EXPECT_EQ(made(), 0u);
}

TEST_F(KeptCubinsTest, BeginWithTheLongest) {
  // More than threads, so that it would not begin where it was among the last.
  for (size_t i = 0; i < 2 * std::thread::hardware_concurrency() + 2; ++i)
    functions.push_back({"short", "short " + std::to_string(i)});
  functions.push_back({"long", assembler.first = "by far the longest of them"});
  made();
  EXPECT_FALSE(assembler.wasAlone);
}

TEST_F(KeptCubinsTest, AreMadeAtTheSameTime) {
  // As many threads as processors make them: on one there is no other to meet. The gate has two.
  if (std::thread::hardware_concurrency() < 2)
    GTEST_SKIP() << "one processor makes one at a time";
  assembler.awaited = 2;
  EXPECT_EQ(made(), 3u);
  EXPECT_FALSE(assembler.wasAlone);
}

TEST_F(KeptCubinsTest, NameTheFunctionThatIsNotTaken) {
  functions[2].module = "bad";
  KeptCubins kept(assembler, folder.string(), "sm_90a");
  try {
    kept.of(functions);
    FAIL();
  } catch (const CudaError &error) {
    EXPECT_STREQ(error.what(), "ptxas 13.0.88 does not take 'c' for sm_90a: exit status 255\n"
                               "line 3; error");
  }
  EXPECT_FALSE(fs::exists(fileOf(2)));
}

TEST_F(KeptCubinsTest, NameTheFirstOfThoseThatAreNotTaken) {
  for (size_t i = 0; i < functions.size(); ++i)
    functions[i].module = "bad" + std::string(i, ' '); // 'c' is the longest, with which they begin
  for (int again = 0; again < 300; ++again) {
    std::string said;
    assembler.begun.clear();
    assembler.awaited =
        std::min(2u, std::thread::hardware_concurrency()); // both are refused at once
    try {
      KeptCubins(assembler, folder.string(), "sm_90a").of(functions);
    } catch (const CudaError &error) {
      said = error.what();
    }
    ASSERT_NE(said.find("does not take 'c'"), said.npos) << said;
  }
}

TEST_F(KeptCubinsTest, NeedNoFolder) {
  folder = "/proc/nothing/here";
  EXPECT_EQ(made(), 3u);
  folder = "";
  EXPECT_EQ(made(), 3u);
  EXPECT_EQ(made(), 3u);
}

} // namespace
