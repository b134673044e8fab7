// SentencePiece models, tiktoken ranks and llama2.c vocabularies, changed here and there: a file is
// refused with a message, or gives a tokenizer whose two encodings agree and whose ids decode.
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/TrainBytePair.h"
#include "tests/runtime/fuzz/Edits.h"

#include <memory>

using namespace roux;
using namespace roux::data;

static std::string sentencePiece() {
  int left = 40;
  return trainBytePair(
      [&](std::string &text) {
        text =
            fmt::format("the cat {} sat on the mat, then the hat; größe 日本 {}", left, left * 7);
        return left-- > 0;
      },
      300);
}

static std::string base64(std::string_view bytes) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i)
      out += at + i > bytes.size() ? '=' : letters[bits >> (18 - 6 * i) & 63];
  }
  return out;
}

static std::string tiktoken() {
  std::string lines;
  int rank = 0;
  auto add = [&](std::string_view token) {
    lines += fmt::format("{} {}\n", base64(token), rank++);
  };
  for (int byte = 0; byte < 256; ++byte)
    add(std::string(1, static_cast<char>(byte)));
  for (const char *token : {"th", "the", " t", " the", "at", " c", " cat"})
    add(token);
  return lines;
}

static std::string llama2c() {
  std::string bytes;
  auto put = [&](auto value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
  };
  put(int32_t(8));
  auto add = [&](std::string_view token, float score) {
    put(score), put(static_cast<int32_t>(token.size()));
    bytes += token;
  };
  for (const char *token : {"<unk>", "\n<s>\n", "\n</s>\n"})
    add(token, 0);
  for (int byte = 0; byte < 256; ++byte)
    add(fmt::format("<0x{:02X}>", byte), 0);
  float score = 0;
  for (const char *token : {" t", "he", " the", "at", " ", "t", "h", "e", "a"})
    add(token, score -= 1);
  return bytes;
}

static std::unique_ptr<Tokenizer> read(size_t which, const std::string &bytes) {
  static constexpr const char *patterns[] = {"gpt2", "cl100k", "o200k"};
  if (which == 0)
    return readSentencePiece(bytes, "tokenizer.model");
  if (which == 1)
    return readLlama2c(bytes, "tok.bin");
  return readTiktoken(bytes, "ranks", patterns[which - 2]);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string made[] = {sentencePiece(), llama2c(), tiktoken()};
  if (size == 0)
    return 0;
  size_t which = data[0] % 5;
  std::unique_ptr<Tokenizer> tokenizer;
  try {
    tokenizer = read(which, fuzz::edited(made[std::min<size_t>(which, 2)], data + 1, size - 1));
  } catch (const TokenizerError &) {
    return 0;
  }
  for (std::string_view text : {"", " ", "the  cat 123", "<s>größe 日本\n\n it's", "\u0301x\u00A0"})
    try {
      std::vector<TokenId> ids = tokenizer->encode(text, {.surround = true});
      Encoding encoding = tokenizer->encodeWithOffsets(text, {.surround = true});
      if (encoding.ids != ids || encoding.offsets.size() != ids.size())
        std::abort();
      for (ByteRange range : encoding.offsets)
        if (range.begin > range.end || range.end > text.size())
          std::abort();
      for (TokenId id : ids)
        if (id >= tokenizer->vocabularySize())
          std::abort();
      tokenizer->decode(ids);
    } catch (const TokenizerError &) {
    }
  return 0;
}
