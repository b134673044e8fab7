//===- RegexTranslation.cpp - Oniguruma's patterns for PCRE2 --------------===//
//
// The two engines agree on most of what tokenizers use and disagree in silence
// on the rest: \s, \w and \h are other sets, ^ and $ other places, && and
// nested classes other things. What differs is spelled out; what has no equal
// is an error, because a near match is a wrong id.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/CharacterClass.h"
#include "runtime/data/tokenizer/Regex.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

namespace {

/// A named set: what \x and \X stand for, as the inside of a class.
struct NamedSet {
  char name;
  std::string_view members;
  std::string_view alone = ""; ///< members that it has only outside a class
};

/// White_Space; Oniguruma's word characters, to which Latin-1's raised digits and fractions belong
/// unless they stand in a class; decimal digits; hexadecimal digits (PCRE2's \h is horizontal
/// space).
constexpr NamedSet namedSets[] = {
    {'s', R"(\x09-\x0d\x{85}\p{Z})"},
    {'w', R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})", R"(\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})"},
    {'d', R"(\p{Nd})"},
    {'h', "0-9A-Fa-f"},
};

/// Group openings that mean the same in both.
constexpr std::string_view groups[] = {"(?:", "(?=",  "(?!",   "(?<=", "(?<!",
                                       "(?>", "(?i)", "(?-i)", "(?i:", "(?-i:"};

constexpr std::string_view controlEscapes = "tnrfv0ae";

class Translator {
public:
  explicit Translator(std::string_view pattern) : pattern(pattern) {}

  std::string run() {
    while (at < pattern.size())
      translateOne();
    return std::move(out);
  }

private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw TokenizerError(
        fmt::format("regular expression '{}': {} is not supported", pattern.substr(0, 80), what));
  }

  void copy(std::size_t count) {
    out += pattern.substr(at, count);
    at += count;
  }

  void translateOne() {
    switch (pattern[at]) {
    case '\\':
      return translateEscape(false);
    case '[':
      return translateClass();
    case '(':
      return translateGroup();
    case '^':
      ++at, out += "(?m:^)"; // lines, in Oniguruma
      return;
    case '$':
      ++at, out += "(?m:$)";
      return;
    case '}':
      copy(1);
      // Ruby reads x{1,3}+ as (?:x{1,3})+, Perl as a possessive count.
      if (at < pattern.size() && pattern[at] == '+')
        refuse("'+' after a counted repeat");
      return;
    default:
      return copy(1);
    }
  }

  void translateGroup() {
    if (pattern.substr(at, 2) == "(*")
      refuse("'(*'");
    if (pattern.substr(at, 2) != "(?")
      return copy(1);
    for (std::string_view group : groups)
      if (pattern.substr(at).starts_with(group))
        return copy(group.size());
    refuse(fmt::format("the group '{}'", pattern.substr(at, 4)));
  }

  /// A property: \p{…} or \P{…}.
  void translateProperty() {
    std::size_t end = pattern.find('}', at);
    if (pattern.substr(at + 2, 1) != "{" || end == std::string_view::npos)
      refuse(fmt::format("'{}'", pattern.substr(at, 3)));
    copy(end + 1 - at);
  }

  void translateEscape(bool inClass) {
    if (at + 1 >= pattern.size())
      refuse("a '\\' at the end");
    char letter = pattern[at + 1];
    if (letter == 'p' || letter == 'P')
      return translateProperty();
    if (letter == 'x' || letter == 'u')
      return translateCodepoint();
    for (const NamedSet &set : namedSets) {
      if (letter == set.name) {
        out += inClass ? std::string(set.members) : fmt::format("[{}{}]", set.members, set.alone);
        at += 2;
        return;
      }
      if (letter == set.name - 'a' + 'A' && !inClass) {
        out += fmt::format("[^{}{}]", set.members, set.alone);
        at += 2;
        return;
      }
    }
    bool alphanumeric = std::isalnum(static_cast<unsigned char>(letter)) != 0;
    bool anchor = !inClass && (letter == 'A' || letter == 'z' || letter == 'Z');
    if (alphanumeric && !anchor && controlEscapes.find(letter) == std::string_view::npos)
      refuse(fmt::format("'\\{}'{}", letter, inClass ? " in a class" : ""));
    copy(2);
  }

  /// \x{1F600}, \x0A or \u0A0B, as \x{…}.
  void translateCodepoint() {
    bool braces = pattern.substr(at + 1, 2) == "x{";
    std::size_t begin = at + (braces ? 3 : 2);
    std::size_t end = braces ? pattern.find('}', at) : begin + (pattern[at + 1] == 'x' ? 2 : 4);
    std::string_view digits =
        end <= pattern.size() ? pattern.substr(begin, end - begin) : std::string_view();
    if (digits.empty() || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos)
      refuse(fmt::format("'{}'", pattern.substr(at, 4)));
    // \x80 and above is a byte in Oniguruma, which no pattern for text means.
    if (!braces && pattern[at + 1] == 'x' && digits[0] > '7')
      refuse(fmt::format("'{}' (a byte)", pattern.substr(at, 4)));
    out += fmt::format("\\x{{{}}}", digits);
    at = end + (braces ? 1 : 0);
  }

  void translateClass() {
    copy(1);
    if (pattern.substr(at, 1) == "^")
      copy(1);
    if (pattern.substr(at, 1) == "]")
      refuse("']' first in a class");
    while (at < pattern.size() && pattern[at] != ']') {
      if (pattern[at] == '\\')
        translateEscape(true);
      else if (pattern[at] == '[')
        refuse("'[' inside a class");
      else if (pattern.substr(at, 2) == "&&")
        refuse("'&&' inside a class");
      else
        copy(1);
    }
    if (at < pattern.size())
      copy(1);
  }

  std::string_view pattern;
  std::size_t at = 0;
  std::string out;
};

} // namespace

std::string translateRegex(std::string_view pattern) {
  return Translator(pattern).run();
}

std::string quoteRegex(std::string_view text) {
  std::string quoted;
  for (char byte : text) {
    if (std::string_view(R"(\^$.[]|()?*+{}-)").find(byte) != std::string_view::npos)
      quoted += '\\';
    quoted += byte;
  }
  return quoted;
}

} // namespace roux::data
