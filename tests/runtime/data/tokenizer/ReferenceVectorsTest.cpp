//===- ReferenceVectorsTest.cpp - the ids other libraries give ------------===//
//
// 591 texts through every tokenizer that has reference encodings: the same ids,
// the same text back, offsets that lie in order and cover the text.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/data/tokenizer/ReferenceData.h"

#include <utf8proc.h>

namespace roux::data {

namespace {

struct Reference {
  const char *tokenizer;
  const char *pattern;
  const char *vectors;
  TokenId vocabulary;
  bool normalizes; ///< to NFC
};

std::ostream &operator<<(std::ostream &out, const Reference &reference) {
  return out << reference.tokenizer;
}

class ReferenceVectors : public testing::TestWithParam<Reference> {
protected:
  void SetUp() override {
    SKIP_WITHOUT_REFERENCE_DATA();
    tokenizer = loadTokenizer(reference / "tokenizers" / GetParam().tokenizer, GetParam().pattern);
    texts = referenceTexts();
    forEachRecord(reference / "tokenizers/vectors" / GetParam().vectors,
                  [&](simdjson::dom::element record) {
                    std::vector<TokenId> &ids = expected.emplace_back();
                    for (std::uint64_t id : record["ids"].get_array())
                      ids.push_back(id);
                  });
    ASSERT_EQ(texts.size(), 591u);
    ASSERT_EQ(expected.size(), texts.size());
  }

  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<std::string> texts;
  std::vector<std::vector<TokenId>> expected;
};

std::string toNfc(const std::string &text) {
  utf8proc_uint8_t *bytes = nullptr;
  auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), text.size(),
                           &bytes, utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string normal(reinterpret_cast<char *>(bytes), size);
  free(bytes);
  return normal;
}

} // namespace

TEST_P(ReferenceVectors, IdsAreEqual) {
  EXPECT_EQ(tokenizer->vocabularySize(), GetParam().vocabulary);
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(tokenizer->encode(texts[i]), expected[i]) << texts[i];
}

TEST_P(ReferenceVectors, DecodingGivesTheTextBack) {
  for (const std::string &text : texts)
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)),
              GetParam().normalizes ? toNfc(text) : text);
}

TEST_P(ReferenceVectors, OffsetsCoverTheText) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Encoding encoding = tokenizer->encodeWithOffsets(texts[i]);
    ASSERT_EQ(encoding.ids, expected[i]) << texts[i];
    ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
    std::uint32_t end = 0;
    for (ByteRange range : encoding.offsets) {
      EXPECT_LE(range.begin, range.end);
      // A composed character's bytes may all belong to each of its tokens.
      EXPECT_TRUE(range.begin == end || GetParam().normalizes) << texts[i];
      end = range.end;
    }
    EXPECT_EQ(end, texts[i].size()) << texts[i];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Every, ReferenceVectors,
    testing::Values(
        Reference{"gpt2/tokenizer.json.gz", "", "gpt2.ids.jsonl", 50257, false},
        Reference{"gpt2/gpt2.tiktoken", "gpt2", "gpt2.ids.jsonl", 50257, false},
        Reference{"dolma2-cl100k/tokenizer.json", "", "dolma2-cl100k.ids.jsonl", 100278, false},
        Reference{"gpt-neox-olmo/tokenizer.json", "", "gpt-neox-olmo.ids.jsonl", 50280, true},
        Reference{"mistral-v1/tokenizer.model.v1", "", "mistral-v1.ids.jsonl", 32000, false},
        Reference{"mistral-v1/mistral_instruct_tokenizer_240323.model.v3", "",
                  "mistral-v3.ids.jsonl", 32768, false}));

/// llama2.c's own encoding of its own text.
TEST(ReferenceVectors, Llama2c) {
  SKIP_WITHOUT_REFERENCE_DATA();
  std::filesystem::path folder = reference / "models/stories260K";
  auto tokenizer = loadTokenizer(folder / "tok512.bin");
  simdjson::dom::parser parser;
  std::vector<TokenId> expected;
  for (std::uint64_t id : parser.load(folder / "ids_stories260K.json").get_array())
    expected.push_back(id);
  std::string text = tokenizer->decode(expected, /*keepSpecial=*/false);
  EXPECT_EQ(tokenizer->encode(text, {.surround = true}), expected);
  EXPECT_EQ(readBytes(folder / "expected_greedy_200.txt").substr(0, text.size()), text);
  EXPECT_EQ(tokenizer->vocabularySize(), 512u);

  // The same vocabulary as a SentencePiece model gives the same ids.
  auto model = loadTokenizer(folder / "tok512.reconstructed.model");
  for (const std::string &reference : referenceTexts()) {
    EXPECT_EQ(tokenizer->encode(reference), model->encode(reference)) << reference;
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(reference)), reference);
  }
}

} // namespace roux::data
