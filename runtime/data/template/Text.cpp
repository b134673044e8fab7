//===- Text.cpp - runs of origins, and where strings are cut ---------------===//
//
// The container itself: runs are kept minimal, so that a rendering of a long
// chat has a few runs a message whatever its length.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Text.h"

#include "runtime/data/template/Meter.h"

#include <algorithm>
#include <cstring>

namespace roux::data {

/// About what a text takes besides its bytes, most of which are short.
static constexpr size_t objectBytes = 96;

Text::Text(std::string text, Origin origin) : bytes(std::move(text)) {
  meter::bytes(bytes.size());
  if (!bytes.empty())
    runs.push_back({bytes.size(), origin});
}

Origin Text::originAt(size_t byte) const {
  auto run = std::upper_bound(runs.begin(), runs.end(), byte,
                              [](size_t at, const Run &run) { return at < run.end; });
  return run == runs.end() ? Origin{} : run->origin;
}

void Text::append(std::string_view tail, Origin origin) {
  if (tail.empty())
    return;
  bool goesOn = !runs.empty() && runs.back().origin == origin;
  // Where runs are many, what they grow by is there twice while it is copied.
  meter::bytes(tail.size() + (goesOn ? 0 : runs.empty() ? objectBytes : 2 * sizeof(Run)));
  meter::step();
  bytes.append(tail);
  if (goesOn)
    runs.back().end = bytes.size();
  else
    runs.push_back({bytes.size(), origin});
}

void Text::append(const Text &source, size_t begin, size_t end) {
  auto run = std::upper_bound(source.runs.begin(), source.runs.end(), begin,
                              [](size_t at, const Run &run) { return at < run.end; });
  for (; begin < end; ++run) {
    size_t stop = std::min(end, run->end);
    append(std::string_view(source.bytes).substr(begin, stop - begin), run->origin);
    begin = stop;
  }
}

Text Text::slice(size_t begin, size_t end) const {
  meter::bytes(sizeof(Text)); // pieces of nothing are as many as others
  Text piece;
  piece.append(*this, begin, end);
  return piece;
}

Origin Text::commonOrigin() const {
  Origin common;
  for (const Run &run : runs) {
    if (run.origin.message < 0)
      continue;
    if (common.message >= 0 && common.message != run.origin.message)
      return {};
    common = {run.origin.message, run.origin.generated};
  }
  return common;
}

void Text::markGenerated() {
  // Scaffolding belongs to the message before it, and before the first content to the one after.
  int32_t message = -1;
  for (const Run &run : runs)
    if (run.origin.message >= 0) {
      message = run.origin.message;
      break;
    }
  for (Run &run : runs) {
    if (run.origin.message >= 0)
      message = run.origin.message;
    run.origin = {message, true, run.origin.turn};
  }
}

void Text::setTurn(int32_t turn) {
  for (Run &run : runs)
    if (run.origin.turn < 0)
      run.origin.turn = turn;
}

/// Bytes of the character at `offset`. A byte that begins none is one of its own, so that whoever
/// counts and whoever visits characters agree, whatever the bytes are.
static size_t lengthOfCharacter(std::string_view text, size_t offset) {
  auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  unsigned char lead = byte(offset);
  size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (offset + length > text.size())
    return 1;
  for (size_t i = 1; i < length; ++i)
    if ((byte(offset + i) & 0xC0) != 0x80)
      return 1;
  return length;
}

size_t countCodePoints(std::string_view text) {
  meter::scan(text.size());
  size_t count = 0;
  for (size_t offset = 0; offset < text.size(); offset += lengthOfCharacter(text, offset))
    ++count;
  return count;
}

size_t offsetOfCodePoint(std::string_view text, size_t index) {
  meter::scan(text.size());
  size_t offset = 0;
  while (offset < text.size() && index-- > 0)
    offset += lengthOfCharacter(text, offset);
  return offset;
}

char32_t nextCodePoint(std::string_view text, size_t &offset) {
  size_t length = lengthOfCharacter(text, offset);
  char32_t point = static_cast<unsigned char>(text[offset]);
  if (length > 1)
    point &= 0x7F >> length;
  for (size_t i = 1; i < length; ++i)
    point = point << 6 | (static_cast<unsigned char>(text[offset + i]) & 0x3F);
  offset += length;
  return point;
}

size_t findText(std::string_view text, std::string_view part, size_t from) {
  if (from > text.size())
    return text.npos;
  // memmem is linear whatever it looks for, which std::string's find is not.
  const void *found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  size_t at = found ? static_cast<const char *>(found) - text.data() : text.npos;
  meter::scan((found ? at : text.size()) - from + part.size());
  return at;
}

std::string encodeCodePoint(char32_t point) {
  if (point < 0x80)
    return {static_cast<char>(point)};
  std::string bytes;
  if (point < 0x800) {
    bytes += static_cast<char>(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      bytes += static_cast<char>(0xE0 | point >> 12);
    } else {
      bytes += static_cast<char>(0xF0 | point >> 18);
      bytes += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    }
    bytes += static_cast<char>(0x80 | (point >> 6 & 0x3F));
  }
  bytes += static_cast<char>(0x80 | (point & 0x3F));
  return bytes;
}

} // namespace roux::data
