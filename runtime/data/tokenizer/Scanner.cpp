//===- Scanner.cpp - the well-known split patterns by hand ----------------===//
//
// Each function is one alternative of the patterns, in the patterns' order; a
// function returns where its match ends, or its argument where it has none.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Scanner.h"

#include "runtime/data/tokenizer/CharacterClass.h"

namespace roux::data {

namespace {

/// A text and the classes of its characters.
class Cursor {
public:
  explicit Cursor(std::string_view text) : text(text), classes(characterClasses()) {}

  struct Step {
    std::uint8_t classes;
    std::size_t end;
  };
  /// The character at `begin`. The end of the text has every class, so that it is never "other".
  Step at(std::size_t begin) const {
    if (begin >= text.size())
      return {0xFF, begin};
    std::uint8_t byte = text[begin];
    if (byte < 0x80)
      return {classes[byte], begin + 1};
    Character character = characterAt(text, begin);
    return {classes[character.codepoint], begin + character.length};
  }

  bool ends(std::size_t position) const { return position >= text.size(); }
  bool isLetter(std::size_t at) const { return !ends(at) && (this->at(at).classes & letterClass); }
  bool isOther(std::size_t at) const {
    return !(this->at(at).classes & (letterClass | numberClass | spaceClass));
  }

  /// The end of the run of characters in `wanted` from `position` on, of at most `limit`
  /// characters.
  std::size_t run(std::size_t position, std::uint8_t wanted, std::size_t limit = SIZE_MAX) const {
    for (; !ends(position) && limit > 0; --limit) {
      Step step = at(position);
      if (!(step.classes & wanted))
        break;
      position = step.end;
    }
    return position;
  }
  /// [^\s\p{L}\p{N}]*
  std::size_t runOfOther(std::size_t position) const {
    while (isOther(position))
      position = at(position).end;
    return position;
  }

  std::string_view text;

private:
  const std::uint8_t *classes;
};

} // namespace

/// 's|'t|'re|'ve|'m|'ll|'d
static std::size_t contraction(const Cursor &cursor, std::size_t begin, bool ignoreCase) {
  std::string_view rest = cursor.text.substr(begin + 1, 2);
  if (rest.empty())
    return begin;
  auto letter = [&](std::size_t i) -> char {
    char byte = i < rest.size() ? rest[i] : 0;
    return ignoreCase && byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
  };
  switch (letter(0)) {
  case 's':
  case 't':
  case 'm':
  case 'd':
    return begin + 2;
  case 'r':
  case 'v':
    return letter(1) == 'e' ? begin + 3 : begin;
  case 'l':
    return letter(1) == 'l' ? begin + 3 : begin;
  default:
    // The long s folds to s.
    return ignoreCase && rest == "\u017F" ? begin + 3 : begin;
  }
}

/// \s+(?!\S)|\s+ : the last space of a run belongs to the word after it.
static std::size_t spaces(const Cursor &cursor, std::size_t begin, std::size_t end) {
  if (cursor.ends(end))
    return end;
  std::size_t last = previousCharacter(cursor.text, end);
  return last > begin ? last : end;
}

/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
static std::size_t gpt2Word(const Cursor &cursor, std::size_t begin) {
  if (cursor.text[begin] == '\'')
    if (std::size_t end = contraction(cursor, begin, false); end != begin)
      return end;
  std::size_t body = begin + (cursor.text[begin] == ' ');
  if (!cursor.ends(body)) {
    Cursor::Step first = cursor.at(body);
    if (first.classes & letterClass)
      return cursor.run(first.end, letterClass);
    if (first.classes & numberClass)
      return cursor.run(first.end, numberClass);
    if (!(first.classes & spaceClass))
      return cursor.runOfOther(first.end);
  }
  return spaces(cursor, begin, cursor.run(begin, spaceClass));
}

/// Which white space ends the text in one piece: none but what \s+(?!\S) takes, or all of it
/// (\s+\z).
enum class Tail { lines, whole };

/// \s*[\r\n]+|\s+(?!\S)|\s+
static std::size_t linesOrSpaces(const Cursor &cursor, std::size_t begin, Tail tail) {
  std::size_t end = cursor.run(begin, spaceClass);
  if (tail == Tail::whole && cursor.ends(end))
    return end;
  std::size_t newline = cursor.text.substr(begin, end - begin).find_last_of("\r\n");
  if (newline != std::string_view::npos)
    return begin + newline + 1;
  return spaces(cursor, begin, end);
}

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,N}| ?[^\s\p{L}\p{N}]+[\r\n]*
/// |\s*[\r\n]+|\s+(?!\S)|\s+
template <std::size_t digits, Tail tail>
static std::size_t gpt4Word(const Cursor &cursor, std::size_t begin) {
  if (cursor.text[begin] == '\'')
    if (std::size_t end = contraction(cursor, begin, true); end != begin)
      return end;
  Cursor::Step first = cursor.at(begin);
  if (first.classes & letterClass)
    return cursor.run(first.end, letterClass);
  if (first.classes & numberClass)
    return cursor.run(first.end, numberClass, digits - 1);
  if (!(first.classes & newlineClass) && cursor.isLetter(first.end))
    return cursor.run(first.end, letterClass);
  std::size_t body = begin + (cursor.text[begin] == ' ');
  if (!cursor.ends(body) && cursor.isOther(body))
    return cursor.run(cursor.runOfOther(body), newlineClass);
  return linesOrSpaces(cursor, begin, tail);
}

template <std::size_t (*word)(const Cursor &, std::size_t)>
static void scan(std::string_view text, std::uint32_t base, std::vector<ByteRange> &words) {
  Cursor cursor(text);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = word(cursor, begin);
    words.push_back({std::uint32_t(base + begin), std::uint32_t(base + end)});
    begin = end;
  }
}

const std::string_view gpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const std::string_view cl100kPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]+|\s+(?!\S)|\s+)";

static const Scanner scanners[] = {
    {gpt2Pattern, scan<gpt2Word>},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", scan<gpt2Word>},
    {cl100kPattern, scan<gpt4Word<3, Tail::whole>>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     scan<gpt4Word<3, Tail::lines>>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     scan<gpt4Word<1, Tail::lines>>},
};

const Scanner *findScanner(std::string_view pattern) {
  for (const Scanner &scanner : scanners)
    if (scanner.pattern == pattern)
      return &scanner;
  return nullptr;
}

std::vector<std::string_view> scannedPatterns() {
  std::vector<std::string_view> patterns;
  for (const Scanner &scanner : scanners)
    patterns.push_back(scanner.pattern);
  return patterns;
}

} // namespace roux::data
