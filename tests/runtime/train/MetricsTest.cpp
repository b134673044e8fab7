//===- MetricsTest.cpp - logs that others read ----------------------------===//
//
// TensorBoard 2.21 reads these event files and purges the steps of a restart; here
// their bytes are taken apart by the format's own rules.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/FileError.h"
#include "runtime/train/Crc32c.h"
#include "runtime/train/EventFile.h"
#include "runtime/train/Progress.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <unistd.h>

using namespace roux;
using namespace roux::train;
namespace fs = std::filesystem;

namespace {

class MetricsTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             fmt::format("roux-metrics-{}-{}", getpid(),
                         testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder;
};

std::string bytesOf(const fs::path &file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

StepMetrics at(uint64_t step, double loss = 1) {
  StepMetrics metrics;
  metrics.step = step;
  metrics.loss = loss;
  metrics.tokens = 1000;
  metrics.seconds = 0.5;
  return metrics;
}

} // namespace

TEST_F(MetricsTest, Crc32cOfTheStandardsExamples) {
  // RFC 3720, B.4.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
}

TEST_F(MetricsTest, AStepAppearsOnceHoweverOftenItWasMade) {
  fs::path file = folder / "metrics.jsonl";
  {
    MetricsFile out(file, 0);
    for (uint64_t step = 0; step < 5; ++step)
      out.write(at(step, 9));
  }
  std::ofstream(file, std::ios::app) << "{\"step\": 5, \"lo"; // killed while writing
  {
    MetricsFile out(file, 3);
    out.write(at(3));
  }
  std::vector<StepMetrics> all = MetricsFile::read(file);
  ASSERT_EQ(all.size(), 4u);
  for (uint64_t step = 0; step < 4; ++step)
    EXPECT_EQ(all[step].step, step);
  EXPECT_EQ(all[2].loss, 9);
  EXPECT_EQ(all[3].loss, 1);
  EXPECT_EQ(all[3].tokens, 1000u);
}

// What could not be read would be missing from the file that is written next. Folders fail to be
// read.
TEST_F(MetricsTest, AReadThatFailsIsNoEnd) {
  EXPECT_THROW(MetricsFile::read(folder), data::FileError);
}

TEST_F(MetricsTest, NoNumberIsNull) {
  fs::path file = folder / "metrics.jsonl";
  MetricsFile(file, 0).write(at(0, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_NE(bytesOf(file).find("\"loss\": null"), std::string::npos);
  EXPECT_TRUE(std::isnan(MetricsFile::read(file).at(0).loss));
}

TEST_F(MetricsTest, WhatWasMeasuredStandsInItsStepsLine) {
  fs::path file = folder / "metrics.jsonl";
  StepMetrics evaluated = at(1);
  evaluated.measured = {{"report/unseen", 2.5}, {"report/a\"b", 3}};
  {
    MetricsFile out(file, 0);
    out.write(at(0));
    out.write(evaluated);
  }
  std::vector<StepMetrics> all = MetricsFile::read(file);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].measured.empty());
  EXPECT_EQ(all[1].measured, evaluated.measured);
}

TEST_F(MetricsTest, EventRecordsHaveTheirSums) {
  EventFile(folder / "events", 7).write(12, 1.5, {{"loss", 2.5}});
  std::string bytes = bytesOf(fs::directory_iterator(folder / "events")->path());
  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = 0;
    uint32_t sums[2];
    std::memcpy(&length, bytes.data() + at, 8);
    std::memcpy(&sums[0], bytes.data() + at + 8, 4);
    std::memcpy(&sums[1], bytes.data() + at + 12 + length, 4);
    EXPECT_EQ(sums[0], maskedCrc32c({bytes.data() + at, 8}));
    records.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(sums[1], maskedCrc32c(records.back()));
    at += 16 + length;
  }
  ASSERT_EQ(records.size(), 3u);
  EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
  EXPECT_TRUE(records[1].ends_with(std::string("\x10\x07\x3a\x02\x08\x01")));
  std::string expected(
      "\x09\0\0\0\0\0\0\xf8\x3f\x10\x0c\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\x20\x40", 26);
  EXPECT_EQ(records[2], expected);
}

TEST_F(MetricsTest, ProgressLine) {
  ProgressState state{120, 400, 2.34567, 12'345, 0.413, 1.23e9, 720};
  EXPECT_EQ(progressText(state, 200),
            "step 120/400  loss 2.3457  12.3k tokens/s  12 min left  41% of peak  1.23 GB");
  EXPECT_EQ(progressText(state, 50), "step 120/400  loss 2.3457  12.3k tokens/s  1.23 GB");
  EXPECT_EQ(progressText({1, 2, 3, 0, 0, 0, 0}, 200), "step 1/2  loss 3.0000  0 tokens/s");
  state.measured = {{"report/unseen", 2.5}};
  EXPECT_EQ(progressText(state, 70),
            "step 120/400  loss 2.3457  report/unseen 2.5000  12.3k tokens/s");
}

TEST_F(MetricsTest, Durations) {
  EXPECT_EQ(durationText(59.4), "59 s");
  EXPECT_EQ(durationText(61), "1 min");
  EXPECT_EQ(durationText(3 * 3600 + 20 * 60), "3 h 20 min");
  EXPECT_EQ(durationText(100'000), "1 d 3 h");
  EXPECT_EQ(bytesText(999), "999 B");
  EXPECT_EQ(countText(4'560'000), "4.56M");
}

TEST_F(MetricsTest, PlainLinesWhereThereIsNoTerminal) {
  fs::path file = folder / "log";
  std::FILE *out = std::fopen(file.c_str(), "w");
  {
    Progress progress(out, "aligned", 1000, 0, 0);
    for (uint64_t step = 0; step < 1000; ++step) // more than one line only for the first and last
      progress.show(at(step));
    progress.say("saved");
  }
  std::fclose(out);
  EXPECT_EQ(bytesOf(file), "aligned: step 1/1000  loss 1.0000  2.00k tokens/s  8 min left\n"
                           "aligned: step 1000/1000  loss 1.0000  2.00k tokens/s\n"
                           "aligned: saved\n");
}

TEST_F(MetricsTest, ResidentMemoryIsKnown) {
  EXPECT_GT(residentBytes(), 1e6);
}
