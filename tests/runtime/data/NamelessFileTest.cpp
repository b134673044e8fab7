//===- NamelessFileTest.cpp - bytes that wait on disk ---------------------===//
//
// They come back as they were written, from the disk and from what is not there yet,
// and no folder has a trace of them.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/NamelessFile.h"
#include "runtime/data/AtomicFile.h"
#include "tests/runtime/data/Fixture.h"

#include <cstdlib>
#include <cstring>

using namespace roux::data;

namespace {

struct NamelessFileTest : testing::Test {
  std::filesystem::path folder() { return (files / "x").parent_path(); }
  test::Folder files;
};

TEST_F(NamelessFileTest, GivesBackWhatWasWritten) {
  NamelessFile file("table", folder());
  constexpr uint64_t values = 30'001; // some of them are still on their way to the disk
  for (uint64_t i = 0; i < values; ++i) {
    file.add(i * i);
    if (i % 1000 == 0)
      EXPECT_EQ(file.at<uint64_t>(i / 2), i / 2 * (i / 2));
  }
  EXPECT_EQ(file.size(), values * 8);
  for (uint64_t i = 0; i < values; ++i)
    ASSERT_EQ(file.at<uint64_t>(i), i * i);
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
  AtomicFile target(files / "target", 8);
  NamelessFile moved = std::move(file);
  moved.copyTo(target);
  std::vector<std::byte> header(8);
  target.commit(header);
  std::string bytes = test::bytesOf(files / "target");
  ASSERT_EQ(bytes.size(), 8 + values * 8);
  uint64_t last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - 8, 8);
  EXPECT_EQ(last, (values - 1) * (values - 1));
}

// A folder that is not there yet, or cannot be written, is not needed.
TEST_F(NamelessFileTest, GoesElsewhereWhereTheFolderGivesNone) {
  NamelessFile file("table", files / "absent");
  file.add(7);
  EXPECT_EQ(file.at<int>(0), 7);
}

TEST_F(NamelessFileTest, SaysWhatItWasFor) {
  std::string before = std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "";
  setenv("TMPDIR", "/absent", 1);
  try {
    NamelessFile file("F: cannot keep its table");
    ADD_FAILURE() << "no disk to write to";
  } catch (const FileError &error) {
    EXPECT_STREQ(error.what(),
                 "F: cannot keep its table: a temporary file: No such file or directory");
  }
  before.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before.c_str(), 1);
}

} // namespace
