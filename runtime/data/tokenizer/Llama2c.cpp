//===- Llama2c.cpp - reads llama2.c's tok*.bin ----------------------------===//
//
// A SentencePiece vocabulary as scores and strings, little-endian. llama2.c
// merges the pair whose result scores highest, leftmost first, so equal scores
// are equal ranks; characters without a token become bytes, which stand at 3.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/PipelineTokenizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace roux::data {

static constexpr TokenId bos = 1, eos = 2, firstByte = 3;

namespace {

/// Reads little-endian values and says where the file ends too early.
class Reader {
public:
  Reader(std::string_view bytes, std::string_view file) : bytes(bytes), file(file) {}

  bool atEnd() const { return at == bytes.size(); }

  template <typename Value>
  Value value(std::string_view what) {
    Value value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

  std::string_view take(std::size_t count, std::string_view what) {
    if (count > bytes.size() - at)
      fail(fmt::format("ends inside {}", what));
    std::string_view taken = bytes.substr(at, count);
    at += count;
    return taken;
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw TokenizerError(fmt::format("{}: byte {}: {}", file, at, what));
  }

private:
  std::string_view bytes, file;
  std::size_t at = 0;
};

} // namespace

/// Reads all tokens; returns their scores.
static std::vector<float> readTokens(Reader &reader, Vocabulary &vocabulary) {
  auto longest = reader.value<std::int32_t>("the length of the longest token");
  std::vector<float> scores;
  while (!reader.atEnd()) {
    std::string what = fmt::format("token {}", scores.size());
    float score = reader.value<float>(what);
    auto length = reader.value<std::int32_t>(what);
    if (std::isnan(score) || length < 0 || length > longest)
      reader.fail(fmt::format("{} has score {} and length {}, expected a number and a length up to "
                              "{}; is this a llama2.c tokenizer?",
                              what, score, length, longest));
    if (scores.size() > largestId)
      reader.fail("has too many tokens");
    scores.push_back(score);
    vocabulary.addDuplicate(reader.take(length, what), scores.size() - 1);
  }
  if (scores.size() < firstByte + 256)
    reader.fail(fmt::format("has {} tokens, expected at least {}", scores.size(), firstByte + 256));
  return scores;
}

/// Ranks by falling score; equal scores share a rank.
static std::vector<std::uint32_t> ranksOf(const std::vector<float> &scores) {
  std::vector<float> order = scores;
  std::sort(order.begin(), order.end(), std::greater<>());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::uint32_t> ranks;
  for (float score : scores)
    ranks.push_back(std::lower_bound(order.begin(), order.end(), score, std::greater<>()) -
                    order.begin());
  return ranks;
}

std::unique_ptr<Tokenizer> readLlama2c(std::string_view bytes, std::string_view file) {
  Reader reader(bytes, file);
  Pipeline parts;
  std::vector<std::uint32_t> ranks = ranksOf(readTokens(reader, parts.vocabulary));
  for (TokenId id = 0; id < ranks.size(); ++id)
    parts.model.spellings.insert(parts.vocabulary.spelling(id), id);
  parts.model.mergeSplits([&](TokenId id) { return ranks[id]; });
  for (int byte = 0; byte < 256; ++byte)
    parts.model.fallbackBytes[byte] = firstByte + byte;
  parts.normalizers.push_back(prependText(" "));
  parts.model.cutBefore(" ", parts.vocabulary);
  parts.surround.before = {bos};
  parts.special = {true, true, true};
  parts.decoder = decodeSpacedBytes();
  auto tokenizer = std::make_unique<PipelineTokenizer>(std::move(parts));
  tokenizer->setEnds(bos, eos);
  return tokenizer;
}

} // namespace roux::data
