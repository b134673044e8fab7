//===- FamilyVectorsTest.cpp - small tokenizers of every shape ------------===//
//
// vectors.jsonl holds tokenizers shaped like published families, and one for
// each feature, with what Hugging Face's library makes of difficult texts;
// make_vectors.py wrote it.
//
//===----------------------------------------------------------------------===//
#include "tests/Paths.h"
#include "tests/runtime/data/tokenizer/ReferenceData.h"
#include "tests/runtime/data/tokenizer/TemporaryFile.h"

namespace roux::data {

static std::vector<TokenId> idsOf(simdjson::dom::element list) {
  std::vector<TokenId> ids;
  for (std::uint64_t id : list.get_array())
    ids.push_back(id);
  return ids;
}

static void expectCase(const Tokenizer &tokenizer, simdjson::dom::element record) {
  std::string_view text = record["text"];
  EncodeOptions options{.surround = record["surround"]};
  std::vector<TokenId> expected = idsOf(record["ids"]);
  EXPECT_EQ(tokenizer.encode(text, options), expected) << testing::PrintToString(text);
  EXPECT_EQ(tokenizer.encodeWithOffsets(text, options).ids, expected);
  std::string_view decoded;
  if (record["decoded"].get(decoded) == simdjson::SUCCESS)
    EXPECT_EQ(tokenizer.decode(expected), decoded) << testing::PrintToString(text);
}

TEST(FamilyVectors, IdsAndTextAreThoseOfTheLibrary) {
  std::size_t tokenizers = 0;
  forEachRecord(std::filesystem::path(sourceFolder()) /
                    "tests/runtime/data/tokenizer/vectors.jsonl",
                [&](simdjson::dom::element record) {
                  SCOPED_TRACE(std::string_view(record["name"]));
                  TemporaryFile file("tokenizer.json", simdjson::minify(record["tokenizer"]));
                  auto tokenizer = loadTokenizer(file.path());
                  for (simdjson::dom::element entry : record["cases"].get_array())
                    expectCase(*tokenizer, entry);
                  ++tokenizers;
                });
  EXPECT_EQ(tokenizers, 32u);
}

} // namespace roux::data
