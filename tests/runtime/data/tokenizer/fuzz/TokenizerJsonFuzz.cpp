//===- TokenizerJsonFuzz.cpp - any bytes as a tokenizer.json --------------===//
//
// A file is refused with a message or gives a tokenizer whose two encodings
// agree and whose ids decode; nothing else may happen.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Formats.h"

#include <cstdlib>

using namespace roux::data;

static constexpr std::string_view texts[] = {
    "", " ", "abc  Abc 123", "<s>é日本\n\n ▁▁ it's", "\u0301x\u00A0<t> 0xAB",
};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  std::unique_ptr<Tokenizer> tokenizer;
  try {
    tokenizer = readHuggingFace({reinterpret_cast<const char *>(data), size}, "tokenizer.json");
  } catch (const TokenizerError &) {
    return 0;
  }
  for (std::string_view text : texts) {
    try {
      std::vector<TokenId> ids = tokenizer->encode(text, {.surround = true});
      Encoding encoding = tokenizer->encodeWithOffsets(text, {.surround = true});
      if (encoding.ids != ids || encoding.offsets.size() != ids.size())
        std::abort();
      for (ByteRange range : encoding.offsets)
        if (range.begin > range.end || range.end > text.size())
          std::abort();
      tokenizer->decode(ids);
    } catch (const TokenizerError &) {
    }
  }
  return 0;
}
