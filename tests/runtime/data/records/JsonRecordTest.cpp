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
                                      "'conversations', or 'instruction' and 'output'");
  EXPECT_EQ(chat(R"({"messages": [{"role": "user"}]})"),
            "byte 14: message 0 has no content that is text");
  EXPECT_EQ(chat(R"({"messages": [{"role": "user", "content": "a", "content": "b"}]})"),
            "byte 58: message 0 has 'content' twice");
  EXPECT_EQ(chat(R"({"messages": [], "messages": []})"), "byte 0: key 'messages' appears twice");
  EXPECT_EQ(chat(R"({"instruction": "a", "output": "b", "history": [["c", "d"]]})"),
            "byte 0: an alpaca record has 'history', which would be lost; write it as messages");
  EXPECT_EQ(chat(R"({"messages": [{"role": "user", "content": [{"type": "image"}]}]})"),
            "byte 0: a message's content has a part of type 'image', expected 'text'");
  EXPECT_EQ(problemOf(SourceKind::Tokens, R"({"ids": [1, -2]})"),
            "byte 0: keys are 'ids', expected 'ids'");
  EXPECT_EQ(problemOf(SourceKind::Tokens, R"({"ids": [1], "labels": [1, 2]})"),
            "byte 0: there are 2 labels for 1 ids");
}

} // namespace
