//===- AnswerFileTest.cpp - what a model wrote for each record, kept ------===//
//
// What is written is read, and a file with another letter anywhere is none.
//
//===----------------------------------------------------------------------===//
#include "runtime/ask/AnswerFile.h"

#include <fstream>
#include <gtest/gtest.h>

namespace roux::ask {
namespace {

namespace fs = std::filesystem;

RecordQuestions question(uint64_t key) {
  RecordQuestions asked;
  asked.key = key;
  asked.name = "d \"x\".jsonl:1";
  asked.chunk = {3, 9};
  asked.chunkText = "middle";
  asked.questions = {{"q", "general", "a prompt"}};
  return asked;
}

TEST(AnswerFile, ReadsWhatItWroteAndNothingElse) {
  fs::path file = fs::temp_directory_path() / "roux-answers.jsonl";
  std::vector<std::string> keys = {"0123456789abcdef0123456789abcdef"};
  data::AskedRecord one{{{"q", {"a\n\"b\"", "c"}, true}, {"q.choice", {"general"}, false}}, ""};
  data::AskedRecord none{{}, "no answer for 'q': it answered with status 400"};
  writeAnswers(file, lineOf(question(7), keys, "m", one) +
                         lineOf(question(0xfedcba9876543210), keys, "m", none));
  std::shared_ptr<data::AnswerTable> table = readAnswers(file);
  ASSERT_TRUE(table);
  ASSERT_EQ(table->records.size(), 2u);
  EXPECT_EQ(*table->find(7), one);
  EXPECT_EQ(*table->find(0xfedcba9876543210), none);
  EXPECT_EQ(table->find(8), nullptr);

  std::ifstream in(file, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  for (size_t at = 0; at < content.size(); ++at) {
    std::string other = content;
    other[at] ^= 1;
    std::ofstream(file, std::ios::binary) << other;
    EXPECT_FALSE(readAnswers(file)) << at;
  }
  for (size_t size = 0; size < content.size(); ++size) {
    std::ofstream(file, std::ios::binary) << content.substr(0, size);
    EXPECT_FALSE(readAnswers(file)) << size;
  }
  fs::remove(file);
  EXPECT_FALSE(readAnswers(file));
}

} // namespace
} // namespace roux::ask
