//===- EndpointTest.cpp - what is said, understood and kept ---------------===//
//
// What needs no server; tests/tools/endpoint.test has one that fails in every way.
//
//===----------------------------------------------------------------------===//
#include "runtime/endpoint/Endpoint.h"
#include "runtime/data/FileError.h"

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>

namespace roux::endpoint {

using Kind = Attempt::Kind;

TEST(ChatProtocol, SaysOneMessage) {
  EXPECT_EQ(requestOf({"say \"é\"\n", "", 12, 0, ""}, "large"),
            R"({"model": "large", "messages": [{"role": "user", "content": "say \"é\"\u000a"}], )"
            R"("max_tokens": 12, "temperature": 0})");
  EXPECT_THROW(requestOf({"\xff", "", 12, 0, ""}, "large"), std::invalid_argument);
}

TEST(ChatProtocol, KnowsWhetherAskingAgainHelps) {
  Attempt answer =
      attemptOf(200, R"({"choices": [{"message": {"content": "yes"}, "finish_reason": )"
                     R"("length"}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}})");
  EXPECT_EQ(answer.kind, Kind::Answered);
  EXPECT_EQ(answer.reply.text, "yes");
  EXPECT_TRUE(answer.reply.cut);
  EXPECT_EQ(answer.reply.promptTokens + answer.reply.answerTokens, 4u);
  EXPECT_EQ(attemptOf(200, R"({"choices": [{"message": {"content": null}}]})").kind,
            Kind::Answered);
  for (const char *broken : {"", "<html>", R"({"choices": [{"mess)", R"({"choices": []})",
                             R"({"choices": [{"message": {"content": 7}}]})", "\xff"})
    EXPECT_EQ(attemptOf(200, broken).kind, Kind::Again) << broken;
  for (long status : {408, 429, 500, 502, 503, 504})
    EXPECT_EQ(attemptOf(status, "{}").kind, Kind::Again) << status;
  for (long status : {301, 401, 403, 404})
    EXPECT_EQ(attemptOf(status, "{}").kind, Kind::Hopeless) << status;
  EXPECT_EQ(attemptOf(400, "{}").kind, Kind::Refused);
  EXPECT_EQ(attemptOf(422, "no\n").what, "it answered with status 422: \"no \"");
}

TEST(ChatProtocol, WaitsAsLongAsItIsAsked) {
  EXPECT_EQ(retryAfter("7", 0), 7);
  EXPECT_EQ(retryAfter("Thu, 01 Jan 1970 00:01:40 GMT", 90), 10);
  EXPECT_EQ(retryAfter("Thu, 01 Jan 1970 00:01:40 GMT", 200), 0);
  EXPECT_EQ(retryAfter("soon", 0), std::nullopt);
  EXPECT_EQ(retryAfter("nan", 0), std::nullopt);
}

TEST(Journal, KeepsWhatWasAnsweredAndDropsWhatWasCutOff) {
  std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("roux-journal-{}.jsonl", getpid());
  std::filesystem::remove(file);
  {
    Journal journal(file);
    journal.add("a", {"one\n\"é\"", 3, 4, false});
    journal.add("b", {"", 1, 0, true});
  }
  std::ofstream(file, std::ios::app) << R"({"key": "c", "answer": "ha)";
  {
    Journal journal(file);
    EXPECT_EQ(journal.size(), 2u);
    EXPECT_EQ(journal.tokens(), 8u);
    ASSERT_NE(journal.find("a"), nullptr);
    EXPECT_EQ(journal.find("a")->text, "one\n\"é\"");
    EXPECT_TRUE(journal.find("b")->cut);
    EXPECT_EQ(journal.find("c"), nullptr);
    journal.add("c", {"whole", 0, 0, false});
  }
  EXPECT_EQ(Journal(file).size(), 3u);
  std::ofstream(file, std::ios::app) << "not an answer\n";
  try {
    Journal journal(file);
    FAIL();
  } catch (const data::FileError &error) {
    EXPECT_NE(std::string(error.what()).find(".jsonl:4: no answer as it was kept"),
              std::string::npos);
  }
  std::filesystem::remove(file);
}

/// A letter that a disk changed in an answer is no answer.
TEST(Journal, FindsEveryChangedByte) {
  std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("roux-journal-{}.jsonl", getpid());
  std::filesystem::remove(file);
  Journal(file).add("a", {"one\n\"é\"", 3, 4, false});
  std::ifstream in(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (size_t at = 0; at + 1 < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::ofstream(file, std::ios::binary) << changed;
    EXPECT_THROW(Journal{file}, data::FileError) << at;
  }
  std::filesystem::remove(file);
}

TEST(Journal, AnAnswerDependsOnAllThatWasAsked) {
  Question question{"what", "", 12, 0, ""};
  std::string key = keyOf(question, "large");
  EXPECT_EQ(keyOf(question, "large"), key);
  EXPECT_NE(keyOf(question, "small"), key);
  EXPECT_NE(keyOf({"what", "system", 12, 0, ""}, "large"), key);
  EXPECT_NE(keyOf({"what", "", 13, 0, ""}, "large"), key);
  EXPECT_NE(keyOf({"what", "", 12, 0.5, ""}, "large"), key);
  EXPECT_NE(keyOf({"what", "", 12, 0, "second"}, "large"), key);
}

} // namespace roux::endpoint
