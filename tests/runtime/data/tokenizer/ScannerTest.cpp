//===- ScannerTest.cpp - hand-written scanners against PCRE2 --------------===//
//
// A scanner may differ from its pattern nowhere: every code point in every
// neighbourhood that matters, and random text over the characters that decide.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Scanner.h"

#include "runtime/data/tokenizer/Regex.h"
#include "tests/runtime/data/tokenizer/ReferenceData.h"

#include <random>
#include <utf8proc.h>

namespace roux::data {

namespace {

std::string encodeCodepoint(char32_t codepoint) {
  utf8proc_uint8_t bytes[4];
  auto size = utf8proc_encode_char(codepoint, bytes);
  return std::string(reinterpret_cast<char *>(bytes), size);
}

class Scanners : public testing::TestWithParam<std::string_view> {
protected:
  void expectEqual(const std::string &text) {
    std::vector<ByteRange> expected, found;
    regex.findAll(text, expected);
    findScanner(GetParam())->scan(text, 0, found);
    ASSERT_EQ(found, expected) << testing::PrintToString(text);
  }
  Regex regex{GetParam()};
};

} // namespace

static void PrintTo(const ByteRange &range, std::ostream *out) {
  *out << range.begin << ".." << range.end;
}

TEST_P(Scanners, EveryCodePoint) {
  // PCRE2's Unicode is a version older than utf8proc's, so what it does not know yet is left out.
  Regex unassigned(R"(\p{Cn})");
  std::string text;
  for (char32_t codepoint = 0; codepoint < 0x110000; ++codepoint) {
    if (codepoint >= 0xD800 && codepoint < 0xE000)
      continue;
    std::string character = encodeCodepoint(codepoint);
    std::vector<ByteRange> unknown;
    unassigned.findAll(character, unknown);
    if (!unknown.empty())
      continue;
    text += character + "a" + character + "1" + character + " " + character + character + "\n" +
            character + "'" + character + "\n\n";
    if (text.size() > 4096) {
      expectEqual(text);
      text.clear();
    }
  }
}

TEST_P(Scanners, RandomText) {
  const std::string_view alphabet[] = {
      "a",      "s",      "S",      "T",      "r",      "E",      "v",
      "l",      "L",      "d",      "M",      "\u017F", "é",      "日",
      "1",      "12",     "٣",      "Ⅷ",      "'",      "'",      "'",
      ".",      ",",      "-",      "_",      "🙂",     "\u0301", " ",
      " ",      " ",      " ",      "\n",     "\r\n",   "\r",     "\t",
      "\u00A0", "\u3000", "\u0085", "\u180E", "\uFEFF", "\u2028", std::string_view("\0", 1)};
  std::mt19937 random(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::size_t length = random() % 12; length > 0; --length)
      text += alphabet[random() % std::size(alphabet)];
    expectEqual(text);
  }
}

TEST_P(Scanners, ReferenceTexts) {
  SKIP_WITHOUT_REFERENCE_DATA();
  for (const std::string &text : referenceTexts())
    expectEqual(text);
}

INSTANTIATE_TEST_SUITE_P(Every, Scanners, testing::ValuesIn(scannedPatterns()));

} // namespace roux::data
