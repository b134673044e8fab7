//===- Text.h - text that remembers which message it came from ------------===//
//
// Training on "what the assistant said" needs to know, for every byte that a
// chat template rendered, whose content it was. Searching the rendering for the
// content finds the wrong place as soon as a text repeats, so every string of
// the template engine carries its origin through concatenation, slicing,
// trimming, replacing and the filters.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// Where a byte came from.
struct Origin {
  int32_t message = -1;   ///< index of the message whose content it is; -1: the template's own text
  bool generated = false; ///< rendered inside `{% generation %}`
  int32_t turn = -1;      ///< the message in whose round of a loop it was written; -1: in none
  bool operator==(const Origin &) const = default;
};

/// A UTF-8 string and the origin of each of its bytes, as runs.
class Text {
public:
  struct Run {
    size_t end; ///< one past the run's last byte
    Origin origin;
  };

  Text() = default;
  Text(std::string bytes, Origin origin = {});

  const std::string &str() const { return bytes; }
  std::string_view view() const { return bytes; }
  size_t size() const { return bytes.size(); }
  bool empty() const { return bytes.empty(); }
  const std::vector<Run> &origins() const { return runs; }
  Origin originAt(size_t byte) const;

  void append(const Text &tail) { append(tail, 0, tail.size()); }
  void append(const Text &source, size_t begin, size_t end);
  void append(std::string_view tail, Origin origin);
  Text slice(size_t begin, size_t end) const;
  /// Every byte becomes part of a `{% generation %}` block; the template's own bytes in it belong
  /// to the message around them.
  void markGenerated();
  /// Bytes that were written in no message's turn were written in `turn`.
  void setTurn(int32_t turn);
  /// If all bytes that have an origin have the same one, that; else the template's own.
  Origin commonOrigin() const;

  /// It went through `safe` or `escape`: what is added to it by '+' is escaped, as Jinja does even
  /// where nothing else is.
  bool isMarkup = false;

private:
  std::string bytes;
  std::vector<Run> runs; ///< ends strictly increase; the last is bytes.size()
};

/// Number of code points; Python's len() of a string.
size_t countCodePoints(std::string_view text);
/// Byte offset of code point `index`, or text.size() past the end.
size_t offsetOfCodePoint(std::string_view text, size_t index);
/// The code point at `offset`, which is moved past it. A byte that begins none counts as itself.
char32_t nextCodePoint(std::string_view text, size_t &offset);
std::string encodeCodePoint(char32_t point);
/// Where `part` stands in `text`, from byte `from` on; npos if nowhere.
size_t findText(std::string_view text, std::string_view part, size_t from = 0);
/// What Python's str.isspace(), isalpha() and isdigit() say of one character.
bool isSpace(char32_t point);
bool isLetter(char32_t point);
bool isDigit(char32_t point);

/// With HTML's entities for & < > ' and ".
Text escaped(Text text);
/// Python's strip: without `characters`, white space. `left` and `right` say which ends.
Text strip(const Text &text, bool left, bool right, const std::string *characters = nullptr);
/// At most `limit` replacements; negative: all.
Text replace(const Text &text, std::string_view from, const Text &to, int64_t limit = -1);
/// Python's split: without `separator`, at runs of white space. `limit` negative: all.
std::vector<Text> split(const Text &text, const std::string *separator, int64_t limit);
std::vector<Text> splitFromRight(const Text &text, const std::string *separator, int64_t limit);
std::vector<Text> splitLines(const Text &text, bool keepEnds);
/// Each code point replaced by what `change` makes of it; origins stay.
Text mapCodePoints(const Text &text, const std::function<char32_t(char32_t, bool first)> &change);
Text upper(const Text &text);
Text lower(const Text &text);
/// Every word with a capital, the rest small.
Text title(const Text &text);
/// The first character as a capital, the rest small.
Text capitalize(const Text &text);

} // namespace roux::data
