//===- MetricTest.cpp - scores equal the published functions' -------------===//
//
// official.jsonl was written by LongBench's own functions over the packages they
// use; what a generated text does not reach stands here, one case a trap.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/metrics/Metric.h"
#include "runtime/eval/metrics/ChineseWords.h"
#include "tests/Paths.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <simdjson.h>
#include <vector>

namespace roux::eval {

static double score(std::string_view metric, std::string_view prediction,
                    std::string_view reference, std::vector<std::string> classes = {},
                    Edition edition = Edition::Official) {
  return metricNamed(metric)->score({prediction, reference, classes, edition});
}

TEST(Metric, EqualsTheOfficialFunctions) {
  simdjson::dom::parser parser;
  std::map<std::string, size_t> pairs;
  for (simdjson::dom::element record :
       parser.load_many(sourceFolder() + "/tests/runtime/eval/metrics/official.jsonl")) {
    std::string name{std::string_view(record["metric"])};
    std::vector<std::string> classes;
    for (simdjson::dom::element each : simdjson::dom::array(record["classes"]))
      classes.emplace_back(std::string_view(each));
    EXPECT_EQ(score(name, record["pred"], record["ref"], classes), double(record["score"]))
        << simdjson::minify(record);
    ++pairs[name];
  }
  EXPECT_EQ(pairs.size(), allMetrics().size());
  for (const auto &[name, count] : pairs)
    EXPECT_GE(count, 100u) << name;
}

TEST(Metric, RougeIsThePackages) {
  EXPECT_EQ(score("rouge", "the the the cat", "the cat"), 0.999999995);
  EXPECT_EQ(score("rouge", "a b c d", "d c b a"), 0.24999999500000009);
  EXPECT_DOUBLE_EQ(score("rouge", "a b. ", "a b."), 0.7999999952);
  EXPECT_EQ(score("rouge", "a b.", "a b."), 0.999999995);
  EXPECT_EQ(score("rouge", "The Cat", "the cat"), 0);
  EXPECT_EQ(score("rouge", "", "a"), 0);
  EXPECT_EQ(score("rouge", ".", "a"), 0);
  EXPECT_EQ(score("rouge", "   ", "a b"), 0);
}

/// `count` different words, `separator` between them.
static std::string words(size_t count, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += fmt::format("{}w{}", i == 0 ? "" : separator, i);
  return text;
}

TEST(Metric, RougeEndsWherePythonsRecursionEnds) {
  std::string most = words(990, " "), more = words(991, " ");
  EXPECT_GT(score("rouge", most, most), 0.99);
  EXPECT_EQ(score("rouge", more, more), 0);
  EXPECT_GT(score("rouge", more, more, {}, Edition::Clean), 0.99);
  // The Chinese metric asks one call further down. jieba cuts these words off one by one.
  std::string mostChinese = words(989, "，"), moreChinese = words(495, "，");
  EXPECT_GT(score("rouge_zh", moreChinese, moreChinese), 0.99); // 989 pieces: words and commas
  EXPECT_EQ(score("rouge_zh", mostChinese, mostChinese), 0);
  // A sentence of its own for each word has no long way to go.
  std::string apart = words(991, ". ");
  EXPECT_GT(score("rouge", apart, apart), 0.99);
}

TEST(Metric, ClassesAreWalkedWhileTheyShrink) {
  std::vector<std::string> classes = {"Human", "Human being", "Human being group", "City"};
  EXPECT_EQ(score("classification", "Human being group", "Human being group", classes), 0.5);
  EXPECT_EQ(
      score("classification", "Human being group", "Human being group", classes, Edition::Clean),
      1);
}

TEST(Metric, FrequentCharactersBeginNoMatch) {
  std::string gold, prediction;
  for (size_t i = 0; gold.size() < 360; ++i)
    gold += fmt::format("{}v", static_cast<char>('a' + i % 20));
  for (char each : gold)
    prediction += each == 'v' ? 'V' : each;
  EXPECT_EQ(score("code_sim", prediction, gold), 0);
  EXPECT_GT(score("code_sim", prediction, gold, {}, Edition::Clean), 0.49);
}

TEST(Metric, WhatIsEmptyOrNoNumberCounts) {
  EXPECT_EQ(score("code_sim", "", ""), 1);
  EXPECT_EQ(score("code_sim", "# only a comment", ""), 1);
  EXPECT_EQ(score("code_sim", "x", ""), 0);
  EXPECT_EQ(score("code_sim", "aaaaaaa1", "bbbbbbb1"), 0.12); // 12.5 to the even side
  EXPECT_EQ(score("count", "٣ 3", "٣"), 0.5);
  EXPECT_EQ(score("retrieval_zh", "段落４", "段落４"), 1);
  EXPECT_THROW(score("retrieval", "3", "no paragraph"), MetricError);
}

TEST(Metric, NamesItsVersion) {
  EXPECT_EQ(versioned(*metricNamed("qa_f1"), Edition::Official), "qa_f1@longbench-2e00731");
  EXPECT_EQ(versioned(*metricNamed("rouge_zh"), Edition::Clean),
            "rouge_zh@pltrdy-1.0.1+jieba-0.42.1+clean");
  EXPECT_EQ(metricNamed("bleu"), nullptr);
}

TEST(ChineseWords, NothingIsLost) {
  std::u32string text = U"他说：“明天 abc-1.5% 会下雨。”\r\n\t龘靐𠮷\0x"
                        U"结婚的和尚未结婚的";
  std::u32string joined;
  for (std::u32string_view word : ChineseWords::installed().cut(text))
    joined += word;
  EXPECT_EQ(joined, text);
}

TEST(ChineseWords, ADictionaryThatCannotBeReadIsNamed) {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("roux-jieba-{}", getpid());
  std::filesystem::create_directories(folder / "finalseg");
  EXPECT_THROW(ChineseWords{folder}, DictionaryError);
  std::ofstream(folder / "dict.txt") << "我 3 r\n我们 many r\n";
  try {
    ChineseWords words(folder);
    FAIL();
  } catch (const DictionaryError &error) {
    EXPECT_TRUE(std::string(error.what()).ends_with("dict.txt:2: expected a word and its count"));
  }
  std::ofstream(folder / "dict.txt") << "我 3 r\n";
  std::ofstream(folder / "finalseg/prob_start.py") << "P={'B': -0.2, 'E'";
  EXPECT_THROW(ChineseWords{folder}, DictionaryError);
  std::filesystem::remove_all(folder);
}

} // namespace roux::eval
