// A run's record is read back as it was written, or not at all.
#include "runtime/train/RunRecord.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace roux::train;

namespace {

const RunRecord whole{.train = "read",
                      .recipe = "a \"b\".recipe",
                      .files = {{"a.recipe", "seed 1\n\ttext é\n"}, {"b.recipe", ""}},
                      .settings = {{"peak", "1e-3"}},
                      .flags = {{"dtype", "f32"}},
                      .command = {"roux", "run", "a.recipe"},
                      .folder = "/somewhere",
                      .machine = machineText(2),
                      .version = "0.1",
                      .seed = UINT64_MAX,
                      .dtype = "f32",
                      .started = utcText(),
                      .seconds = 1.25,
                      .steps = 30,
                      .ended = "stopped",
                      .isFinished = true,
                      .results = {{"report/unseen", 3.5}}};

std::filesystem::path file() {
  return std::filesystem::path(testing::TempDir()) / "run.json";
}

TEST(RunRecordTest, IsReadAsWritten) {
  writeRecord(file(), whole);
  std::optional<RunRecord> read = readRecord(file());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, whole);
}

TEST(RunRecordTest, IsNoneWhereAByteIsAnother) {
  writeRecord(file(), whole);
  std::ostringstream stream;
  stream << std::ifstream(file()).rdbuf();
  std::string text = stream.str();
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] ^= 1;
    std::ofstream(file()) << changed;
    EXPECT_FALSE(readRecord(file())) << at;
  }
  std::ofstream(file()) << text.substr(0, text.size() / 2);
  EXPECT_FALSE(readRecord(file()));
  EXPECT_FALSE(readRecord(file().string() + ".none"));
}

} // namespace
