//===- KnownFilesTest.cpp - what is found out once and what again ---------===//
//
// Files are made to look settled, since what was just written is never remembered.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/KnownFiles.h"
#include "runtime/data/FileState.h"
#include "runtime/data/Sums.h"
#include "tests/runtime/data/Fixture.h"

#include <thread>

using namespace roux::data;

namespace {

struct KnownFilesTest : testing::Test {
  KnownFilesTest() {
    std::ofstream(file) << "content";
    std::this_thread::sleep_for(std::chrono::milliseconds(2100)); // beyond the tick of any clock
  }
  /// How often `check` is called by a process that begins now.
  int checks(const char *what = "store of 5 ids") {
    int count = 0;
    KnownFiles(memory).verify(file, what, [&] { ++count; });
    return count;
  }
  test::Folder folder;
  std::filesystem::path file = folder / "file", memory = folder / "known-files";
};

TEST_F(KnownFilesTest, AreLookedAtOnce) {
  EXPECT_EQ(checks(), 1);
  EXPECT_EQ(checks(), 0);
  EXPECT_EQ(checks("store of 6 ids"), 1);

  // Another content, also of the same length and date, is another file.
  auto written = std::filesystem::last_write_time(file);
  std::ofstream(file) << "CONTENT";
  std::filesystem::last_write_time(file, written);
  EXPECT_EQ(checks(), 1);
}

TEST_F(KnownFilesTest, WhatJustChangedIsNotRemembered) {
  // The machine may be too busy to look in time.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::ofstream(file) << "new" << attempt;
    EXPECT_EQ(checks(), 1);
    if (stateOf(file).settled)
      continue;
    EXPECT_EQ(checks(), 1);
    return;
  }
  FAIL() << "never in time";
}

// What was waited for is remembered at once, and the next change is seen.
TEST_F(KnownFilesTest, WhatIsSettledIsRemembered) {
  std::ofstream(file) << "settled";
  settle(file);
  if (!stateOf(file).settled)
    GTEST_SKIP() << "a disk with a coarse clock";
  EXPECT_FALSE(KnownFiles(memory).knows(file, "store of 5 ids"));
  EXPECT_EQ(checks(), 1);
  EXPECT_TRUE(KnownFiles(memory).knows(file, "store of 5 ids"));
  EXPECT_EQ(checks(), 0);
  std::ofstream(file) << "SETTLED";
  EXPECT_FALSE(KnownFiles(memory).knows(file, "store of 5 ids"));
  EXPECT_EQ(checks(), 1);
}

TEST_F(KnownFilesTest, AFailedCheckIsNotRemembered) {
  KnownFiles known(memory);
  auto fail = [] { throw FileError("damaged"); };
  EXPECT_THROW(known.verify(file, "plan", fail), FileError);
  EXPECT_THROW(known.verify(file, "plan", fail), FileError);
}

TEST_F(KnownFilesTest, ADamagedMemoryIsForgotten) {
  EXPECT_EQ(checks(), 1);
  std::string whole = test::bytesOf(memory);
  for (size_t at = 0; at + 1 < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::ofstream(memory, std::ios::binary) << changed;
    EXPECT_EQ(checks(), 1) << at;
  }
}

TEST_F(KnownFilesTest, HashesFollowTheContent) {
  KnownFiles known(memory);
  uint64_t before = known.contentHash(file);
  EXPECT_EQ(before, contentHash(file));
  std::filesystem::copy_file(file, folder / "copy");
  EXPECT_EQ(known.contentHash(folder / "copy"), before);
  std::ofstream(file) << "Content";
  EXPECT_NE(known.contentHash(file), before);
  EXPECT_THROW(known.contentHash(folder / "nothing"), FileError);
}

TEST_F(KnownFilesTest, SumsNameWhatChanged) {
  KnownFiles known(memory);
  std::filesystem::path list = folder / "list";
  writeSums(list, {{"file", contentHash(file)}, {"other", 7}});
  std::ofstream(folder / "other") << "other";
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(changedSince(list, folder / "", known), Paths{folder / "other"});
  std::string whole = test::bytesOf(list);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::ofstream(list, std::ios::binary) << changed;
    EXPECT_THROW(changedSince(list, folder / "", known), FileError) << at;
  }
  std::filesystem::remove(list);
  EXPECT_THROW(changedSince(list, folder / "", known), FileError);
}

} // namespace
