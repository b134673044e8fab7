//===- JsonRecordTest.cpp - every byte of a record is JSON ----------------===//
//
// JSONTestSuite both as whole records and inside a field nobody reads, where an
// on-demand parser would not look.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/JsonRecord.h"
#include "runtime/data/records/Bytes.h"
#include "tests/Paths.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace roux::data;

namespace {

/// A record as the reader needs it: with readable bytes behind.
std::string pad(std::string text) {
  return text + std::string(Bytes::padding, ' ');
}

Record &read(JsonRecordReader &reader, const std::string &padded) {
  return reader.read(std::string_view(padded).substr(0, padded.size() - Bytes::padding));
}

std::string problemOf(SourceKind kind, const std::string &json, Layout layout = Layout::Auto) {
  JsonRecordReader reader(kind, layout);
  std::string padded = pad(json);
  try {
    read(reader, padded);
  } catch (const RecordProblem &problem) {
    return "byte " + std::to_string(problem.byte) + ": " + problem.what;
  }
  return "accepted";
}

bool accepts(std::string_view json) {
  try {
    validateJson(json);
    return true;
  } catch (const RecordProblem &) {
    return false;
  }
}

TEST(JsonRecord, AgreesWithJSONTestSuite) {
  std::filesystem::path folder = roux::referenceData() + "/parsers/JSONTestSuite/test_parsing";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << folder << " is not here";
  size_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    std::string name = entry.path().filename();
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    std::string json = text.str();
    bool whole = accepts(json);
    // As one line: a newline between values is as good as a blank.
    std::string line = json;
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::string unread = problemOf(SourceKind::Text,
                                   R"({"text": "t", "meta": {"deep": [)" + line + R"(]}, "n": 1})");
    if (name[0] == 'y') {
      EXPECT_TRUE(whole) << name;
      EXPECT_EQ(unread, "accepted") << name;
    } else if (name[0] == 'n') {
      EXPECT_FALSE(whole) << name;
      // Nothing is good inside an array, and a newline became a blank.
      bool goodInside = name == "n_structure_no_data.json" || name == "n_single_space.json" ||
                        name == "n_string_unescaped_newline.json";
      EXPECT_EQ(unread == "accepted", goodInside) << name;
    }
    ++files;
  }
  EXPECT_EQ(files, 318u);
}

TEST(JsonRecord, TellsLayoutsFromKeys) {
  JsonRecordReader chat(SourceKind::Chat, Layout::Auto);
  std::string messages =
      pad(R"({"id": 7, "messages": [{"role": "user", "content": "a\n\u00e9"}, )"
          R"({"role": "assistant", "content": [{"type": "text", "text": "b"}]}], "ok": true})");
  Record &record = read(chat, messages);
  EXPECT_EQ(record.layout, Layout::Messages);
  ASSERT_EQ(record.messages.size(), 2u);
  EXPECT_EQ(record.messages[0].content, "a\né");
  EXPECT_EQ(record.messages[1].content, "b");
  EXPECT_EQ(record.messages[0].json, R"({"role": "user", "content": "a\n\u00e9"})");
  EXPECT_EQ(record.find("id")->text, "7");
  EXPECT_EQ(record.find("ok")->kind, Field::Kind::Boolean);

  std::string shared = pad(R"({"conversations": [{"from": "human", "value": "q"}, )"
                           R"({"from": "gpt", "value": "r"}]})");
  read(chat, shared);
  EXPECT_EQ(record.layout, Layout::ShareGPT);
  EXPECT_EQ(record.messages[0].role, "user");
  EXPECT_EQ(record.messages[1].role, "assistant");

  std::string alpaca = pad(R"({"instruction": "sum", "input": "1 2", "output": "3"})");
  read(chat, alpaca);
  EXPECT_EQ(record.layout, Layout::Alpaca);
  EXPECT_EQ(record.messages[0].content, "sum\n1 2");
  EXPECT_EQ(record.messages[1].content, "3");
}

TEST(JsonRecord, ReadsCompletionsTextsAndIds) {
  JsonRecordReader completion(SourceKind::Completion, Layout::Auto);
  std::string pair = pad(R"({"prompt": "p", "completion": "c", "lang": "en"})");
  Record &asked = read(completion, pair);
  EXPECT_EQ(asked.messages[1].content, "c");
  EXPECT_EQ(asked.find("lang")->text, "en");

  JsonRecordReader text(SourceKind::Text, Layout::Auto);
  std::string document = pad(R"({"text": "long \ud83d\ude00", "meta": {"n": [1, 2e400]}})");
  Record &told = read(text, document);
  EXPECT_EQ(told.document, "long 😀");
  EXPECT_EQ(told.find("meta")->text, R"({"n": [1, 2e400]})");

  JsonRecordReader tokens(SourceKind::Tokens, Layout::Auto);
  std::string ids = pad(R"({"input_ids": [1, 5, 2], "labels": [-100, 5, 2]})");
  Record &numbered = read(tokens, ids);
  EXPECT_EQ(numbered.ids, (std::vector<int32_t>{1, 5, 2}));
  EXPECT_EQ(numbered.labels, (std::vector<int32_t>{-100, 5, 2}));
}

// Python writes what it read of broken text; a key that nobody reads does no harm.
TEST(JsonRecord, HalfOfASurrogatePairMattersWhereItIsRead) {
  JsonRecordReader reader(SourceKind::Text, Layout::Auto);
  std::string json = pad(R"({"text": "a", "meta": {"t": ["x\ud83d", "\\ud83d"]}, "b": "\udc00",
    "pair": "\ud83d\ude00", "literal": "\ufffd", "id": "\ud800"})");
  std::erase(json, '\n');
  Record &record = read(reader, json);
  EXPECT_EQ(record.find("meta")->kind, Field::Kind::Half);
  EXPECT_EQ(record.find("b")->kind, Field::Kind::Half);
  EXPECT_EQ(record.find("pair")->text, "😀");
  EXPECT_EQ(record.find("literal")->kind, Field::Kind::Text);
  EXPECT_EQ(record.read("pair"), record.find("pair"));
  EXPECT_EQ(record.read("absent"), nullptr);
  try {
    record.read("b");
    FAIL();
  } catch (const RecordError &error) {
    EXPECT_STREQ(error.what(), "'b' holds half of a surrogate pair, which is no character");
  }
  EXPECT_EQ(problemOf(SourceKind::Text, R"({"text": "\ud800"})"),
            "byte 0: 'text' is half of a surrogate pair (no character), expected a text");
  EXPECT_EQ(problemOf(SourceKind::Chat, R"({"messages": [{"role": "user", "content": "\ud800"}]})"),
            "byte 42: a string has an invalid escape");
  EXPECT_EQ(problemOf(SourceKind::Chat, R"({"messages": [], "tools": ["\ud800"]})"),
            "byte 26: 'tools' holds half of a surrogate pair, which is no character");
  EXPECT_EQ(
      problemOf(SourceKind::Chat, R"({"instruction": "a", "input": "\ud800", "output": "b"})"),
      "byte 0: 'input' holds half of a surrogate pair, which is no character");
  EXPECT_EQ(problemOf(SourceKind::Text, R"({"text": "a", "b": "\ud80g"})"),
            "byte 19: a string has an invalid escape");
}

TEST(JsonRecord, SaysWhatIsWrongAndWhere) {
  auto chat = [](const std::string &json) { return problemOf(SourceKind::Chat, json); };
  EXPECT_EQ(chat(R"({"messages": [}]})"), "byte 14: the JSON is malformed");
  EXPECT_EQ(chat(R"({"messages": [], "x": "\q"})"), "byte 22: a string has an invalid escape");
  EXPECT_EQ(chat("{\"messages\": [], \"x\": \"\xff\"}"), "byte 23: the bytes are no UTF-8");
  EXPECT_EQ(chat("{\"messages\": [], \"x\": \"a\tb\"}"),
            "byte 24: a string has a control character that is not escaped");
  EXPECT_EQ(chat(R"({"messages": [], "x": 01})"), "byte 22: '01' is no JSON value");
  EXPECT_EQ(chat(R"({"messages": []} {})"), "byte 17: something follows the JSON value");
  EXPECT_EQ(chat(R"({"messages": [], "x": "a)"), "byte 22: a string is not closed");
  EXPECT_EQ(chat(R"([{"messages": []}])"),
            "byte 0: the record is an array, expected one object a line");
  EXPECT_EQ(chat(R"({"messages": [], "x": ["a": 1]})"), "byte 26: the JSON is malformed");
  EXPECT_EQ(chat("7"), "byte 0: the record is no object");
  EXPECT_EQ(chat(R"({"text": "a"})"), "byte 0: keys are 'text', expected 'messages', or "
                                      "'conversations', or 'instruction' and 'output', or "
                                      "'prompt' and 'completion'");
  EXPECT_EQ(chat(R"({"messages": [{"role": "user"}]})"),
            "byte 14: message 0 has no content that is text");
  EXPECT_EQ(chat(R"({"messages": [{"role": "user", "content": "a", "content": "b"}]})"),
            "byte 58: message 0 has 'content' twice");
  EXPECT_EQ(chat(R"({"messages": [], "messages": []})"), "byte 0: key 'messages' appears twice");
  EXPECT_EQ(chat(R"({"instruction": "a", "output": "b", "history": [["c", "d"]]})"),
            "byte 0: the record has 'history': it would be lost; write it as messages");
  EXPECT_EQ(chat(R"({"messages": [{"role": "user", "content": [{"type": "image"}]}]})"),
            "byte 0: a message's content has a part of type 'image', expected 'text'");
  EXPECT_EQ(
      chat(R"({"messages": [{"role": "user", "content": [{"type": "text", "text": null}]}]})"),
      "byte 0: a message's content has a part without a text");
  EXPECT_EQ(problemOf(SourceKind::Tokens, R"({"ids": [1, -2]})"),
            "byte 12: 'ids' holds -2 at 1, expected a whole number from 0 to 2147483647");
  EXPECT_EQ(problemOf(SourceKind::Tokens, R"({"ids": [1], "labels": [1, 2]})"),
            "byte 0: there are 2 labels for 1 ids");
}

// What a record means does not hang on the order of its keys.
TEST(JsonRecord, RefusesWhatCouldBeReadInTwoWays) {
  std::string m = R"("messages": [{"role": "user", "content": "a"}])";
  std::string c = R"("conversations": [{"from": "human", "value": "a"}])";
  std::string both = "byte 0: the record has both 'messages' and 'conversations'; 'layout:' says "
                     "which is meant";
  for (const std::string &json : {"{" + m + ", " + c + "}", "{" + c + ", " + m + "}"}) {
    EXPECT_EQ(problemOf(SourceKind::Chat, json), both);
    EXPECT_EQ(problemOf(SourceKind::Chat, json, Layout::ShareGPT), "accepted");
  }
  EXPECT_EQ(problemOf(SourceKind::Chat, "{" + m + R"(, "conversations": null})"), "accepted");
  EXPECT_EQ(problemOf(SourceKind::Chat, "{" + m + R"(, "conversations": []})"), "accepted");
  auto tokens = [](const std::string &json) { return problemOf(SourceKind::Tokens, json); };
  EXPECT_EQ(tokens(R"({"ids": [1], "tokens": [2]})"),
            "byte 0: the record has both 'ids' and 'tokens', which are one list under two names");
  EXPECT_EQ(tokens(R"({"ids": [1], "tokens": ["a"]})"), "accepted");
  EXPECT_EQ(problemOf(SourceKind::Chat,
                      R"({"messages": [{"role": "user", "from": "b", "content": "a"}]})")
                .substr(9),
            "message 0 has both 'role' and 'from'");
  EXPECT_EQ(problemOf(SourceKind::Chat,
                      R"({"messages": [{"role": "user", "value": null, "content": "a"}]})"),
            "accepted");
}

TEST(JsonRecord, SaysWhichValueHasTheWrongType) {
  EXPECT_EQ(problemOf(SourceKind::Text, R"({"text": 5})"),
            "byte 0: 'text' is a number, expected a text");
  EXPECT_EQ(problemOf(SourceKind::Chat, R"({"messages": "a"})"),
            "byte 0: 'messages' is a text, expected a list of messages");
  EXPECT_EQ(problemOf(SourceKind::Completion, R"({"prompt": "a", "completion": [{}]})"),
            "byte 0: 'completion' is a list, expected a text");
  EXPECT_EQ(problemOf(SourceKind::Completion, R"({"prompt": [1], "completion": []})"),
            "byte 12: message 0 is no object");
  EXPECT_EQ(problemOf(SourceKind::Tokens, R"({"ids": []})"), "accepted");
  // A key that is not there is what is wrong, whatever the others hold.
  EXPECT_EQ(problemOf(SourceKind::Chat, R"({"prompt": "p", "chosen": "a", "rejected": "b"})"),
            "byte 0: keys are 'prompt', 'chosen', 'rejected', expected 'messages', or "
            "'conversations', or 'instruction' and 'output', or 'prompt' and 'completion'");
}

TEST(JsonRecord, FollowsOrRefusesKeysThatChangeWhatIsTrained) {
  auto marked = [](const std::string &mark) {
    return problemOf(SourceKind::Chat,
                     R"({"messages": [{"role": "assistant", "content": "a", )" + mark + "}]}");
  };
  EXPECT_EQ(marked(R"("weight": 0)"), "accepted");
  EXPECT_EQ(marked(R"("weight": null)"), "accepted");
  EXPECT_NE(marked(R"("weight": 0.5)").find("message 0 has 'weight': found 0.5, expected 0 or 1"),
            std::string::npos);
  EXPECT_NE(marked(R"("train": "no")").find("message 0 has 'train'"), std::string::npos);
  EXPECT_NE(marked(R"("train_detail": [{"begin": 0}])").find("'train_detail'"), std::string::npos);
  std::string messages = R"({"messages": [{"role": "user", "content": "a"}], )";
  EXPECT_NE(problemOf(SourceKind::Chat, messages + R"("images": ["a.png"]})").find("'images'"),
            std::string::npos);
  EXPECT_EQ(problemOf(SourceKind::Chat, messages + R"("images": []})"), "accepted");
  EXPECT_NE(problemOf(SourceKind::Chat,
                      R"({"system": "b", "messages": [{"role": "system", "content": "a"}]})")
                .find("has 'system' and"),
            std::string::npos);
}

TEST(JsonRecord, LeavesOutWhatMasksHide) {
  JsonRecordReader reader(SourceKind::Tokens, Layout::Auto);
  auto fill = [&](const std::string &json) -> Record & {
    static std::string padded;
    padded = pad(json);
    return read(reader, padded);
  };
  Record &record =
      fill(R"({"input_ids": [0, 0, 5, 6, 0], "attention_mask": [0, 0, 1, 1, 0], )"
           R"("labels": [-100, -100, -100, 6, -100], "position_ids": [9, 9, 0, 1, 9]})");
  EXPECT_EQ(record.ids, (std::vector<int32_t>{5, 6}));
  EXPECT_EQ(record.labels, (std::vector<int32_t>{-100, 6}));
  fill(R"({"ids": [5, 6, 7], "loss_mask": [0, 0, 1], "token_type_ids": [0, 0, 0]})");
  EXPECT_EQ(record.labels, (std::vector<int32_t>{-1, -1, 7}));
  auto tokens = [](const std::string &json) { return problemOf(SourceKind::Tokens, json); };
  EXPECT_NE(tokens(R"({"ids": [1, 2, 3], "attention_mask": [1, 0, 1]})").find("holds 0 at 1"),
            std::string::npos);
  EXPECT_NE(
      tokens(R"({"ids": [1, 2], "position_ids": [5, 6]})").find("'position_ids' holds 5 at 0"),
      std::string::npos);
  EXPECT_NE(tokens(R"({"ids": [1, 2], "segment_ids": [0, 1]})").find("'segment_ids' changes at 1"),
            std::string::npos);
  EXPECT_EQ(tokens(R"({"ids": [1, 2], "attention_mask": [1]})"),
            "byte 0: there are 1 'attention_mask' for 2 ids");
}

// Compares work, not time: what is hashed and compared for a key does not grow with their number.
TEST(JsonRecord, ReadsManyKeys) {
  std::string json = R"({"text": "a")";
  for (int key = 0; key < 200'000; ++key)
    json += ", \"k" + std::to_string(key) + "\": 1";
  EXPECT_EQ(problemOf(SourceKind::Text, json + "}"), "accepted");
  EXPECT_EQ(problemOf(SourceKind::Text, json + R"(, "text": "b"})"),
            "byte 0: key 'text' appears twice");
}

} // namespace
