//===- RecallTest.cpp - keys and values in a long text --------------------===//
//
// A script that reads finds every value; one that answers with the first value it sees
// finds one of each text.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Recall.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace roux::eval {
namespace {

/// One id a word, given at its first use.
struct Words {
  std::vector<std::string> words;
  std::map<std::string, int32_t> numbers;

  std::vector<int32_t> encode(const std::string &text) {
    std::vector<int32_t> ids;
    std::istringstream in(text);
    for (std::string word; in >> word;) {
      auto [place, isNew] = numbers.try_emplace(word, static_cast<int32_t>(words.size()));
      if (isNew)
        words.push_back(word);
      ids.push_back(place->second);
    }
    return ids;
  }
  std::string decode(std::span<const int32_t> ids) const {
    std::string text;
    for (int32_t id : ids)
      text += (text.empty() ? "" : " ") + words.at(static_cast<size_t>(id));
    return text;
  }
};

constexpr uint32_t vocabularySize = 2000;

/// Says one word: the one behind "KEY is" in the document, or behind the first "is".
class Reader : public LanguageModel {
public:
  Reader(Words &words, bool reads) : words(words), reads(reads) {}
  uint32_t vocabulary() const override { return vocabularySize; }
  uint64_t context() const override { return 1000; }
  void prefill(std::span<const std::vector<int32_t>> prompts, std::span<float> logits) override {
    std::ranges::fill(logits, 0.0f);
    for (size_t row = 0; row < prompts.size(); ++row)
      logits[row * vocabularySize + static_cast<size_t>(find(prompts[row]))] = 1;
  }
  void decode(std::span<const uint32_t>, std::span<const int32_t>, std::span<float>) override {
    ADD_FAILURE() << "one word is all that is asked for";
  }

private:
  int32_t find(const std::vector<int32_t> &prompt) const {
    std::string thing = words.words[static_cast<size_t>(prompt.back())];
    thing.pop_back(); // its question mark
    const std::string &colour = words.words[static_cast<size_t>(prompt[prompt.size() - 2])];
    for (size_t i = 2; i + 1 < prompt.size(); ++i)
      if (words.words[static_cast<size_t>(prompt[i])] == "is" &&
          (!reads || (words.words[static_cast<size_t>(prompt[i - 1])] == thing &&
                      words.words[static_cast<size_t>(prompt[i - 2])] == colour)))
        return prompt[i + 1];
    return 0;
  }

  Words &words;
  bool reads;
};

struct Harness {
  Words words;
  NeedleText text;
  RecallOptions options{{200, 600}, 6, 3, 1};
  std::string haystack;
  Harness() {
    text.encode = [this](const std::string &each) { return words.encode(each); };
    text.decode = [this](std::span<const int32_t> ids) { return words.decode(ids); };
    text.prompt = [this](const std::string &document, const std::string &asked) {
      return words.encode(document + " " + asked);
    };
    for (int i = 0; i < 100; ++i)
      haystack += "Some words go here. And others come after them. ";
  }
  std::vector<NeedleCell> run(bool reads) {
    Reader model(words, reads);
    return runRecall(model, haystack, options, text, {});
  }
};

TEST(Recall, OneThatReadsFindsEveryValue) {
  Harness harness;
  std::vector<NeedleCell> cells = harness.run(true);
  ASSERT_EQ(cells.size(), 12u);
  for (const NeedleCell &cell : cells) {
    EXPECT_EQ(cell.score, 1) << cell.length << " " << cell.depth << ": " << cell.answer;
    EXPECT_LE(cell.promptTokens, cell.length - 1);
    EXPECT_GE(cell.promptTokens, cell.length - 3);
  }
  EXPECT_DOUBLE_EQ(cells[2].depth, 2.5 / 6);
}

TEST(Recall, OneThatGuessesFindsOneOfEachText) {
  Harness harness;
  double found = 0;
  for (const NeedleCell &cell : harness.run(false))
    found += cell.score;
  EXPECT_EQ(found, 2);
}

TEST(Recall, PairsAreDifferentAndFollowFromTheSeed) {
  std::set<std::string> keys, values;
  for (const KeyValue &pair : drawPairs(1, mostPairs)) {
    keys.insert(pair.key);
    values.insert(pair.value);
  }
  EXPECT_EQ(keys.size(), mostPairs);
  EXPECT_GT(values.size(), mostPairs - 3);
  EXPECT_EQ(drawPairs(1, 5)[4].sentence(), drawPairs(1, 9)[4].sentence());
  EXPECT_NE(drawPairs(1, 5)[4].sentence(), drawPairs(2, 5)[4].sentence());
}

TEST(Recall, RefusesWhatDoesNotFit) {
  Harness harness;
  auto says = [&](RecallOptions options, uint64_t haystack) -> std::string {
    try {
      checkRecall(1000, haystack, options, harness.text);
    } catch (const NeedleError &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(says({{2000}, 6, 3, 1}, 9000),
            "a recall test of 2000 tokens does not fit the model's context of 1000");
  EXPECT_EQ(says({{50}, 6, 3, 1}, 9000), "a recall test of 50 tokens leaves no haystack: pairs, "
                                         "question and answer take 57");
  EXPECT_EQ(says({{600}, 6, 3, 1}, 100),
            "a recall test of 600 tokens needs a haystack of 543; found 100");
  EXPECT_EQ(says({{600}, 401, 3, 1}, 9000), "found 401 pairs, expected at most 400");
  EXPECT_EQ(says({{600}, 6, 3, 1}, 9000), "");
}

} // namespace
} // namespace roux::eval
