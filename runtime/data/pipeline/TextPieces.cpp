//===- TextPieces.cpp - pieces of a text, counted in tokens ---------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/TextPieces.h"

namespace roux::data {

static bool isInsideCharacter(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

ByteRange bytesOf(const Encoding &encoding, std::string_view text, size_t begin, size_t end) {
  ByteRange found{0, 0};
  bool isFirst = true;
  for (size_t token = begin; token < end && token < encoding.offsets.size(); ++token) {
    const ByteRange &bytes = encoding.offsets[token];
    if (bytes.begin == bytes.end)
      continue;
    if (isFirst)
      found = bytes;
    isFirst = false;
    found.end = std::max(found.end, bytes.end);
  }
  while (isInsideCharacter(text, found.begin))
    ++found.begin;
  while (found.end > found.begin && isInsideCharacter(text, found.end))
    --found.end;
  return found.begin < found.end ? found : ByteRange{0, 0};
}

std::string shortened(const Tokenizer &tokenizer, std::string_view text, uint64_t tokens,
                      Side side) {
  Encoding encoding = tokenizer.encodeWithOffsets(text);
  size_t all = encoding.ids.size();
  if (all <= tokens)
    return std::string(text);
  auto part = [&](size_t begin, size_t end) {
    ByteRange bytes = bytesOf(encoding, text, begin, end);
    return std::string(text.substr(bytes.begin, bytes.end - bytes.begin));
  };
  switch (side) {
  case Side::Right:
    return part(0, tokens);
  case Side::Left:
    return part(all - tokens, all);
  case Side::Middle:
    return part(0, (tokens + 1) / 2) + part(all - tokens / 2, all);
  }
  return std::string(text);
}

} // namespace roux::data
