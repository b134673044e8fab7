//===- GoldenTest.cpp - what is stored, to the byte ------------------------===//
//
// Whoever changes what a file holds and not its format number makes files of yesterday be
// read as what they are not. So the bytes of one of each kind are kept here, named by
// their number; what that build wrote, this one reads.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Plan.h"
#include "tests/Paths.h"
#include "tests/runtime/data/Fixture.h"
#include "tests/runtime/golden/Artefacts.h"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <regex>
#include <sys/stat.h>
#include <xxhash.h>

using namespace roux;
namespace fs = std::filesystem;

namespace {

/// The number of `Number`'s width at `offset`.
template <typename Number>
std::string numberAt(const std::string &bytes, size_t offset) {
  Number number = 0;
  if (offset + sizeof number <= bytes.size())
    std::memcpy(&number, bytes.data() + offset, sizeof number);
  return std::to_string(number);
}

/// What stands where `pattern` has its group.
std::string numberIn(const std::string &bytes, const char *pattern) {
  std::smatch found;
  return std::regex_search(bytes, found, std::regex(pattern)) ? found[1].str() : "none";
}

struct GoldenTest : testing::Test {
  data::test::Folder folder;

  /// `bytes` say which format they are of, and are those that are kept under its number.
  void expectKept(const std::string &kind, const std::string &number, const std::string &bytes) {
    std::string name = kind + "-" + number;
    fs::path kept = fs::path(sourceFolder()) / "tests/runtime/golden/bytes" / name;
    if (fs::exists(kept) && golden::bytesOf(kept) == bytes)
      return;
    fs::path made = fs::temp_directory_path() / name;
    std::ofstream(made, std::ios::binary) << bytes;
    FAIL() << "a " << kind << " of format " << number
           << (fs::exists(kept)
                   ? " has other bytes than before. If that is meant, raise the number; "
                   : " is not kept yet. Keep it: ")
           << "the new bytes are in " << made << ", the old ones in " << kept;
  }
  fs::path kept(const char *name) const {
    return fs::path(sourceFolder()) / "tests/runtime/golden/bytes" / name;
  }
};

TEST_F(GoldenTest, TokenStore) {
  golden::makeStore(folder / "store");
  std::string bytes = golden::bytesOf(folder / "store");
  std::string number = numberAt<uint32_t>(bytes, 8);
  expectKept("store", number, bytes);
  EXPECT_NO_THROW(data::TokenStore(kept(("store-" + number).c_str())).verify(golden::vocabulary));
}

TEST_F(GoldenTest, Plan) {
  golden::makeStore(folder / "store");
  data::TokenStore store(folder / "store");
  std::string all;
  for (const data::PlanSpec &spec : golden::specs()) {
    writePlan(folder / "plan", data::PlanInput(store), spec);
    all += golden::bytesOf(folder / "plan");
    EXPECT_NO_THROW(data::Plan(folder / "plan").verify(store));
  }
  expectKept("plan", numberAt<uint32_t>(all, 8), all);
}

TEST_F(GoldenTest, Checkpoint) {
  golden::makeCheckpoint(folder / "checkpoint");
  std::string bytes = golden::bytesOf(folder / "checkpoint");
  std::string number = numberAt<uint64_t>(bytes, 8);
  expectKept("checkpoint", number, bytes);
  golden::Tensors tensors, before;
  tensors.weight.assign(6, 0);
  train::Checkpoint(kept(("checkpoint-" + number).c_str())).restore(tensors.bytes());
  EXPECT_EQ(tensors.weight, before.weight);
}

TEST_F(GoldenTest, Program) {
  std::string bytes = golden::makeProgram().save(), number = numberAt<uint32_t>(bytes, 8);
  expectKept("program", number, bytes);
  EXPECT_EQ(Program::load(bytes, "golden").save(), bytes);
}

TEST_F(GoldenTest, Scores) {
  golden::makeScores(folder / "scores");
  std::string bytes = golden::bytesOf(folder / "scores");
  expectKept("scores", bytes.substr(6, 2), bytes);
  EXPECT_EQ(score::readScores(folder / "scores")->records.size(), 2u);
}

TEST_F(GoldenTest, EvalResult) {
  std::string bytes = golden::makeResult();
  expectKept("eval", numberIn(bytes, R"re("format": (\d+))re"), bytes);
}

TEST_F(GoldenTest, Journal) {
  golden::makeJournal(folder / "journal");
  std::string bytes = golden::bytesOf(folder / "journal");
  expectKept("journal", numberIn(bytes, R"re("format": (\d+))re"), bytes);
}

TEST_F(GoldenTest, Sums) {
  golden::makeSums(folder / "sums");
  std::string bytes = golden::bytesOf(folder / "sums");
  expectKept("sums", numberIn(bytes, R"(^roux sums (\d+)\n)"), bytes);
}

/// States of files differ from machine to machine, so the form of a line is pinned, and its sum,
/// which the format's number is the seed of.
TEST_F(GoldenTest, KnownFiles) {
  std::ofstream(folder / "file") << "content";
  timespec past[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder / "file").c_str(), past, 0), 0);
  sleep(3); // beyond the tick of any clock
  data::KnownFiles(folder / "known").contentHash(folder / "file");
  std::string line = golden::bytesOf(folder / "known");
  std::smatch parts;
  ASSERT_TRUE(std::regex_match(
      line, parts,
      std::regex(
          R"re(([0-9a-f]{16})( ([0-9a-f]{16}) \d+:\d+:7:1000\.0{9}:\d+\.\d{9} content)\n)re")))
      << line;
  std::string fact = parts[2];
  EXPECT_EQ(parts[1], fmt::format("{:016x}", XXH3_64bits_withSeed(fact.data(), fact.size(), 1)));
  EXPECT_EQ(parts[3], fmt::format("{:016x}", XXH3_64bits("content", 7)));
}

} // namespace
