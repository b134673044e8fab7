//===- LostBytesTest.cpp - a mapped file that shrinks under its reader ----===//
//
// Without the watch each of these ends the test program by SIGBUS.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"
#include "runtime/data/MappedFile.h"
#include "tests/runtime/data/Fixture.h"

using namespace roux::data;

namespace {

struct LostBytesTest : testing::Test {
  LostBytesTest() { std::ofstream(path) << std::string(size, 'x'); }
  static std::string refusal() {
    try {
      refuseLostBytes();
    } catch (const FileError &error) {
      return error.what();
    }
    return "";
  }
  static constexpr size_t size = 100'000;
  test::Folder folder;
  std::filesystem::path path = folder / "mapped";
};

TEST_F(LostBytesTest, AreSaidOnceWithTheFilesName) {
  MappedFile file(path);
  EXPECT_EQ(refusal(), "");
  std::filesystem::resize_file(path, 10);
  size_t sum = 0;
  for (std::byte byte : file.bytes())
    sum += static_cast<size_t>(byte);
  EXPECT_LT(sum, size * 'x'); // zeros from some page on
  EXPECT_TRUE(refusal().starts_with(path.string() + ": lost bytes while it was read"));
  EXPECT_EQ(refusal(), "");
}

TEST_F(LostBytesTest, AreSaidWhenTheFileIsClosed) {
  {
    MappedFile file(path);
    std::filesystem::resize_file(path, 0);
    EXPECT_EQ(file.bytes()[size - 1], std::byte(0));
  }
  EXPECT_NE(refusal(), "");
}

TEST_F(LostBytesTest, AreNeverMadeIntoAFile) {
  MappedFile file(path);
  AtomicFile copy(folder / "copy", 0);
  std::filesystem::resize_file(path, 0);
  copy.write(file.bytes());
  EXPECT_THROW(copy.commit({}), FileError);
  EXPECT_FALSE(std::filesystem::exists(folder / "copy"));
}

} // namespace
