//===- TrainBytePairTest.cpp - `tokenizer t = bpe(data, vocab: …)` --------===//
//
// A trained vocabulary has the size asked for, speaks every text, is the same
// each time, and leaves no part of the data out in silence.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/TrainBytePair.h"
#include "runtime/data/tokenizer/WriteBytePair.h"

#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace roux::data {

static TextSource sourceOf(std::vector<std::string> texts) {
  return [texts = std::move(texts), next = std::size_t(0)](std::string &text) mutable {
    if (next == texts.size())
      return false;
    text = texts[next++];
    return true;
  };
}

static const std::vector<std::string> texts = {
    "the cat sat on the mat\nand the dog sat on the cat\n\n", "",
    "one two three four five six seven eight nine ten", "äöü äöü 日本語 日本語 123 123"};

TEST(TrainBytePair, SpeaksEveryText) {
  std::string model = trainBytePair(sourceOf(texts), 320);
  auto tokenizer = tokenizerOfModel(model, "trained");
  EXPECT_EQ(tokenizer->vocabularySize(), 320u);
  for (const std::string &text : texts)
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  std::string unseen = "Ω unseen  \t\r\n \U0001F642";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(unseen)), unseen);
  EXPECT_LT(tokenizer->encode("the cat sat").size(), 9u);
  EXPECT_TRUE(tokenizer->bos() && tokenizer->eos());
}

TEST(TrainBytePair, IsTheSameEachTime) {
  std::string model = trainBytePair(sourceOf(texts), 320);
  EXPECT_EQ(trainBytePair(sourceOf(texts), 320), model);
  EXPECT_NE(trainBytePair(sourceOf({texts[0], texts[0]}), 280), model);
}

/// SentencePiece, which made the vocabulary, against tokenizer.json read by Hugging Face's rules.
TEST(TrainBytePair, WrittenForOthersItGivesTheSameIds) {
  std::string model = trainBytePair(sourceOf(texts), 380);
  auto trained = tokenizerOfModel(model, "trained");
  EXPECT_FALSE(bytePairJson(*trained, model.substr(0, model.size() / 2)));
  std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("roux-written-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tokenizer.json") << bytePairJson(*trained, model).value();
  std::ofstream(folder / "tokenizer_config.json") << tokenizerConfigJson(*trained);
  auto written = loadTokenizer(folder);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(written->bos(), trained->bos());
  EXPECT_EQ(written->eos(), trained->eos());
  EXPECT_EQ(written->encode("on the mat", {.surround = true}),
            trained->encode("on the mat", {.surround = true}));
  std::mt19937 random(5);
  const std::string pieces[] = {"the ", "cat", " ",   "  ", "\n", "\t",   "mat", "ä",  "日",
                                "本",   "1",   "123", "▁",  "☃",  "</s>", "on",  "<0", "x"};
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int count = random() % 12; count > 0; --count)
      text += pieces[random() % std::size(pieces)];
    ASSERT_EQ(written->encode(text), trained->encode(text)) << "'" << text << "'";
    // Behind a special token inside a text Hugging Face's decoder leaves the space that marks a
    // word.
    if (text.find("</s>") == text.npos)
      ASSERT_EQ(written->decode(written->encode(text)), trained->decode(trained->encode(text)))
          << "'" << text << "'";
  }
}

TEST(TrainBytePair, LongLinesAreNotSkipped) {
  std::string text;
  while (text.size() < 200'000)
    text += "zebra ";
  auto tokenizer = tokenizerOfModel(trainBytePair(sourceOf({text}), 270), "trained");
  EXPECT_EQ(tokenizer->encode("zebra zebra").size(), 2u);
}

TEST(TrainBytePair, Refusals) {
  auto message = [](const TextSource &source, TokenId size) -> std::string {
    try {
      trainBytePair(source, size);
    } catch (const TokenizerError &error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(message(sourceOf(texts), 100), "vocab: found 100, expected 260 to 16777215");
  EXPECT_EQ(message(sourceOf({}), 300), "there is no text to train a tokenizer on");
  EXPECT_EQ(message(sourceOf({"", "\n\n"}), 300), "there is no text to train a tokenizer on");
  EXPECT_EQ(message(sourceOf({"a\xFF"}), 300), "text is not UTF-8: byte 0xFF at offset 1");
  EXPECT_EQ(message(sourceOf({"fine", "a\xFF"}), 300), "text is not UTF-8: byte 0xFF at offset 1");
  std::string tooMany = message(sourceOf(texts), 5000);
  EXPECT_TRUE(
      tooMany.starts_with("a tokenizer of 5000 tokens cannot be trained: Vocabulary size too "
                          "high (5000). Please set it to a value <= "))
      << tooMany;
}

} // namespace roux::data
