//===- TextOperations.cpp - Python's string operations, origins kept -------===//
//
// Templates are written against Python's str. Each operation here gives the
// characters Python gives, and every byte keeps the origin it had.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Meter.h"
#include "runtime/data/template/Text.h"

#include <algorithm>
#include <utf8proc.h>

namespace roux::data {

bool isSpace(char32_t point) {
  return (point >= 9 && point <= 13) || (point >= 28 && point <= 32) || point == 0x85 ||
         point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
         point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F ||
         point == 0x3000;
}

bool isLetter(char32_t point) {
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool isDigit(char32_t point) {
  // Besides the decimal ones: raised, lowered and encircled, which are digits to Unicode.
  static constexpr std::pair<char32_t, char32_t> others[] = {
      {0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},
      {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
      {0x2474, 0x247C},   {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
      {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},   {0x278A, 0x2792},
      {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};
  return utf8proc_category(static_cast<utf8proc_int32_t>(point)) == UTF8PROC_CATEGORY_ND ||
         std::any_of(std::begin(others), std::end(others), [&](const auto &range) {
           return point >= range.first && point <= range.second;
         });
}

/// Offset of the character that ends at `end`.
static size_t previousCharacter(std::string_view text, size_t end) {
  do
    --end;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

/// The character that ends at `end`; `begin` is where it begins.
static char32_t characterBefore(std::string_view text, size_t end, size_t &begin) {
  begin = previousCharacter(text, end);
  size_t at = begin;
  return nextCodePoint(text, at);
}

Text escaped(Text text) {
  for (auto [from, to] :
       {std::pair{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"'", "&#39;"}, {"\"", "&#34;"}})
    text = replace(text, from, Text(to));
  return text;
}

Text strip(const Text &text, bool left, bool right, const std::string *characters) {
  std::u32string set;
  if (characters)
    for (size_t at = 0; at < characters->size();)
      set += nextCodePoint(*characters, at);
  auto goes = [&](char32_t point) {
    meter::scan(set.size() * sizeof(char32_t));
    return characters ? set.find(point) != std::u32string::npos : isSpace(point);
  };
  size_t begin = 0, end = text.size();
  while (left && begin < end) {
    size_t next = begin;
    if (!goes(nextCodePoint(text.view(), next)))
      break;
    begin = next;
  }
  for (size_t previous; right && end > begin; end = previous)
    if (!goes(characterBefore(text.view(), end, previous)))
      break;
  return text.slice(begin, end);
}

Text replace(const Text &text, std::string_view from, const Text &to, int64_t limit) {
  Text result;
  size_t begin = 0;
  if (from.empty()) { // Python puts `to` before every character and at the end
    while (limit-- != 0) {
      result.append(to);
      if (begin == text.size())
        return result;
      size_t next = begin;
      nextCodePoint(text.view(), next);
      result.append(text, begin, next);
      begin = next;
    }
  } else {
    for (size_t found;
         limit-- != 0 && (found = findText(text.view(), from, begin)) != text.str().npos;
         begin = found + from.size()) {
      result.append(text, begin, found);
      result.append(to);
    }
  }
  result.append(text, begin, text.size());
  return result;
}

/// The words between runs of white space; after `limit` cuts the rest is one piece.
static std::vector<Text> splitWords(const Text &text, int64_t limit) {
  std::vector<Text> words;
  size_t begin = 0, end = 0;
  auto skip = [&](size_t at, bool spaces) {
    for (size_t next = at; at < text.size(); at = next)
      if (isSpace(nextCodePoint(text.view(), next)) != spaces)
        break;
    return at;
  };
  meter::scan(text.size());
  while ((begin = skip(end, true)) < text.size()) {
    if (limit-- == 0) {
      words.push_back(strip(text.slice(begin, text.size()), false, true));
      return words;
    }
    end = skip(begin, false);
    words.push_back(text.slice(begin, end));
  }
  return words;
}

std::vector<Text> split(const Text &text, const std::string *separator, int64_t limit) {
  if (!separator)
    return splitWords(text, limit);
  std::vector<Text> pieces;
  size_t begin = 0;
  for (size_t found;
       limit-- != 0 && (found = findText(text.view(), *separator, begin)) != text.str().npos;
       begin = found + separator->size())
    pieces.push_back(text.slice(begin, found));
  pieces.push_back(text.slice(begin, text.size()));
  return pieces;
}

std::vector<Text> splitFromRight(const Text &text, const std::string *separator, int64_t limit) {
  std::vector<Text> pieces = split(text, separator, -1);
  if (limit < 0 || pieces.size() <= static_cast<size_t>(limit) + 1)
    return pieces;
  // Joined again from the left: the pieces that a split from the right leaves whole.
  size_t tail = pieces.size() - limit;
  Text head;
  if (separator) {
    for (size_t i = 0; i < tail; ++i) {
      if (i)
        head.append(Text(*separator));
      head.append(pieces[i]);
    }
  } else {
    size_t end = strip(text, false, true).size();
    for (size_t i = pieces.size(); i-- > tail;) {
      end -= pieces[i].size();
      for (size_t at; end > 0 && isSpace(characterBefore(text.view(), end, at)); end = at)
        ;
    }
    head = text.slice(0, end);
  }
  std::vector<Text> result{head};
  result.insert(result.end(), pieces.begin() + tail, pieces.end());
  return result;
}

std::vector<Text> splitLines(const Text &text, bool keepEnds) {
  std::vector<Text> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    char32_t point = nextCodePoint(text.view(), at);
    bool breaks = (point >= 10 && point <= 13) || (point >= 28 && point <= 30) || point == 0x85 ||
                  point == 0x2028 || point == 0x2029;
    if (!breaks)
      continue;
    if (point == '\r' && at < text.size() && text.str()[at] == '\n')
      ++at;
    lines.push_back(text.slice(begin, keepEnds ? at : end));
    begin = at;
  }
  if (begin < text.size())
    lines.push_back(text.slice(begin, text.size()));
  return lines;
}

Text mapCodePoints(const Text &text, const std::function<char32_t(char32_t, bool)> &change) {
  Text result;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    char32_t point = nextCodePoint(text.view(), at);
    char32_t changed = change(point, begin == 0);
    if (changed == point)
      result.append(text, begin, at);
    else
      result.append(encodeCodePoint(changed), text.originAt(begin));
  }
  return result;
}

Text upper(const Text &text) {
  return mapCodePoints(text, [](char32_t point, bool) { return utf8proc_toupper(point); });
}

Text lower(const Text &text) {
  return mapCodePoints(text, [](char32_t point, bool) { return utf8proc_tolower(point); });
}

Text title(const Text &text) {
  bool inWord = false;
  return mapCodePoints(text, [&](char32_t point, bool) -> char32_t {
    bool small = inWord;
    inWord = utf8proc_toupper(point) != utf8proc_tolower(point);
    return small ? utf8proc_tolower(point) : utf8proc_totitle(point);
  });
}

Text capitalize(const Text &text) {
  return mapCodePoints(text, [](char32_t point, bool first) {
    return first ? utf8proc_totitle(point) : utf8proc_tolower(point);
  });
}

} // namespace roux::data
