//===- PairRecordTest.cpp - shapes of preferences, read as one ------------===//
//
// The shapes of TRL, UltraFeedback and LLaMA-Factory, and what is no pair.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Bytes.h"
#include "runtime/data/records/JsonRecord.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace roux::data;

namespace {

/// "role: content" of a conversation, what is trained in brackets.
std::string words(const std::vector<Message> &messages) {
  std::string text;
  for (const Message &message : messages) {
    std::string words = fmt::format("{}: {}", message.role, message.content);
    text += (text.empty() ? "" : ", ") + (message.trained ? "[" + words + "]" : words);
  }
  return text;
}

/// The two conversations of a record, or why it is none.
std::string read(const std::string &json) {
  JsonRecordReader reader(SourceKind::Pairs, Layout::Auto);
  std::string padded = json + std::string(Bytes::padding, ' ');
  try {
    Record &record = reader.read(std::string_view(padded).substr(0, json.size()));
    return words(record.messages) + " | " + words(record.rejected);
  } catch (const RecordProblem &problem) {
    return problem.what;
  }
}

TEST(PairRecord, ReadsPublishedShapes) {
  std::string expected = "user: q, [assistant: a] | user: q, [assistant: b]";
  const char *answers = R"("chosen": [{"role": "assistant", "content": "a"}], )"
                        R"("rejected": [{"role": "assistant", "content": "b"}]})";
  EXPECT_EQ(read(R"({"prompt": "q", "chosen": "a", "rejected": "b"})"), expected);
  EXPECT_EQ(read(R"({"rejected": "b", "chosen": "a", "prompt": "q", "score": 3})"), expected);
  EXPECT_EQ(read(std::string(R"({"prompt": [{"role": "user", "content": "q"}], )") + answers),
            expected);
  EXPECT_EQ(read(std::string(R"({"messages": [{"role": "user", "content": "q"}], )") + answers),
            expected);
  // Whole conversations; a prompt and messages beside them say it again.
  std::string whole =
      R"("chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], )"
      R"("rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]})";
  EXPECT_EQ(read("{" + whole), expected);
  EXPECT_EQ(read(R"({"prompt": "q", "messages": [], )" + whole), expected);
  EXPECT_EQ(
      read(
          R"({"conversations": [{"from": "human", "value": "q"}], )"
          R"("chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}})"),
      expected);
  EXPECT_EQ(read(R"({"system": "s", "prompt": "q", "chosen": "a", "rejected": "b"})"),
            "system: s, user: q, [assistant: a] | system: s, user: q, [assistant: b]");
}

TEST(PairRecord, TrainsOnlyWhatIsNotShared) {
  EXPECT_EQ(
      read(R"({"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"},)"
           R"( {"role": "user", "content": "r"}], "chosen": "a", "rejected": "b"})"),
      "user: q, assistant: x, user: r, [assistant: a] | user: q, assistant: x, user: r, "
      "[assistant: b]");
}

TEST(PairRecord, RefusesWhatIsNoPair) {
  EXPECT_EQ(
      read(R"({"prompt": "q", "chosen": "a"})"),
      "there is no 'rejected', expected 'chosen' and 'rejected', with 'prompt' or 'messages', "
      "or as whole conversations");
  EXPECT_EQ(
      read(R"({"chosen": "a", "rejected": "b"})"),
      "the answers are alone, expected 'prompt' or 'messages' beside them, or answers that are "
      "whole conversations");
  EXPECT_EQ(read(R"({"prompt": "q", "messages": [], "chosen": "a", "rejected": "b"})"),
            "the record has both 'prompt' and 'messages', which are one prompt under two names");
  EXPECT_EQ(read(R"({"prompt": "q", "chosen": "a", "rejected": "a"})"),
            "'chosen' and 'rejected' are the same, which prefers nothing");
  EXPECT_EQ(read(R"({"prompt": "q", "chosen": 1, "rejected": "a"})"),
            "'chosen' is no text and no message, expected an answer or a list of messages");
  EXPECT_EQ(read(R"({"prompt": "q", "chosen": "a", "rejected": []})"),
            "'rejected' goes on with nothing, expected an answer of the assistant");
  EXPECT_EQ(
      read(R"({"prompt": "q", "chosen": [{"role": "user", "content": "q"}], "rejected": "b"})"),
      "'chosen' is a whole conversation and 'rejected' only an answer");
  EXPECT_EQ(
      read(
          R"({"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], )"
          R"("rejected": [{"role": "user", "content": "r"}, {"role": "assistant", "content": "b"}]})"),
      "'chosen' goes on with a message of 'user', expected an answer of the assistant");
  EXPECT_EQ(read(R"({"prompt": "q", "chosen": "a", "chosen": "c", "rejected": "b"})"),
            "key 'chosen' appears twice");
  EXPECT_EQ(read(R"({"prompt": "q", "chosen": [1], "rejected": "b"})"), "message 0 is no object");
  EXPECT_EQ(read(R"({"prompt": "\ud800", "chosen": "a", "rejected": "b"})"),
            "'prompt' holds half of a surrogate pair, which is no character");
}

} // namespace
