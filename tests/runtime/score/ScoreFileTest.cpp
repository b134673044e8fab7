//===- ScoreFileTest.cpp - scores that a killed process leaves -------------===//
//
// Wherever the file ends or a byte of it is another, what is whole is kept, the rest is
// found again, and the file ends as one that was never harmed.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/data/Fixture.h"
#include "tests/runtime/golden/Artefacts.h"

using namespace roux;
using namespace roux::score;

namespace {

struct ScoreFileTest : testing::Test {
  ScoreFileTest() { golden::makeScores(path), whole = golden::bytesOf(path); }

  /// The file's bytes after `left` was found there and the scores that lack were asked for.
  std::string wentOn(const std::string &left) {
    std::ofstream(path, std::ios::binary) << left;
    if (!readScores(path)) {
      ScoreFile file(path, 2);
      if (!file.has(1))
        file.append({1, {0.5, 2}, {{0, 3}, {4, 9}}, {1, 2, 3}});
      if (!file.has(2))
        file.append({2, {0.25}, {}, {}});
    }
    return golden::bytesOf(path);
  }

  data::test::Folder folder;
  std::filesystem::path path = folder / "scores";
  std::string whole;
};

TEST_F(ScoreFileTest, GoesOnWhereverItWasCutOff) {
  for (size_t size = 0; size <= whole.size(); ++size)
    EXPECT_EQ(wentOn(whole.substr(0, size)), whole) << size;
}

/// A folder of runs that comes from elsewhere may hold a link to any file of the user.
TEST_F(ScoreFileTest, WritesThroughNoLink) {
  std::filesystem::path mine = folder / "mine", link = folder / "link";
  std::ofstream(mine) << "mine";
  std::filesystem::create_symlink(mine, link);
  EXPECT_THROW(ScoreFile(link, 2), data::FileError);
  EXPECT_EQ(golden::bytesOf(mine), "mine");
}

TEST_F(ScoreFileTest, FindsEveryChangedByte) {
  constexpr size_t kind = 8; // the bytes that say what file it is
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    if (at < kind)
      EXPECT_THROW(wentOn(changed), data::FileError) << at;
    else
      EXPECT_EQ(wentOn(changed), whole) << at;
  }
}

// Zeros are a header of no records, which all that follows agrees with.
TEST_F(ScoreFileTest, FindsZerosAndBytesThatWereAdded) {
  constexpr size_t kind = 8;
  for (size_t begin = kind; begin < whole.size(); begin += 4)
    for (size_t end = begin + 8; end <= whole.size(); end += 8) {
      std::string changed = whole;
      std::fill(changed.begin() + begin, changed.begin() + end, '\0');
      EXPECT_EQ(wentOn(changed), whole) << begin << " to " << end;
    }
  for (size_t more : {1, 8, 40})
    EXPECT_EQ(wentOn(whole + std::string(more, 'x')), whole) << more;
}

} // namespace
