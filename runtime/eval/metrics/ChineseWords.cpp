//===- ChineseWords.cpp - Chinese text cut into words, as jieba cuts it ---===//
//
// The likeliest way through all words of the dictionary; what remains as single
// characters goes through a hidden Markov model of beginnings, middles and ends.
// Sums are taken in jieba's order, because a tie decides where a word ends.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/metrics/ChineseWords.h"

#include "runtime/eval/metrics/Characters.h"

#include <algorithm>
#include <cmath>

namespace roux::eval {

static bool isHan(char32_t character) {
  return character >= 0x4E00 && character <= 0x9FD5;
}

static bool isAsciiLetterOrDigit(char32_t character) {
  return character < 0x80 && isWord(character) && character != '_';
}

/// Whether `character` is part of a block that is looked up, rather than cut off on its own.
static bool isLookedUp(char32_t character) {
  return isHan(character) || isAsciiLetterOrDigit(character) ||
         std::u32string_view(U"+#&._%-").find(character) != std::u32string_view::npos;
}

uint32_t ChineseWords::next(uint32_t node, char32_t character) const {
  uint64_t key = (uint64_t(node) << 32 | character) + 1;
  size_t mask = keys.size() - 1;
  for (size_t at = (key * 0x9E3779B97F4A7C15u >> 20) & mask;; at = (at + 1) & mask) {
    if (keys[at] == key)
      return targets[at];
    if (keys[at] == 0)
      return nowhere;
  }
}

bool ChineseWords::isWord(std::u32string_view text) const {
  uint32_t node = root;
  for (char32_t character : text)
    if (node = next(node, character); node == nowhere)
      return false;
  return counts[node] > 0;
}

/// Where the word that begins at each character ends, on the likeliest way to the block's end.
std::vector<size_t> ChineseWords::likeliestEnds(std::u32string_view block) const {
  std::vector<size_t> ends(block.size());
  std::vector<double> route(block.size() + 1);
  double logTotal = std::log(total);
  for (size_t from = block.size(); from-- > 0;) {
    bool any = false;
    auto consider = [&](size_t end, double logarithm) {
      double value = logarithm - logTotal + route[end];
      // Of equally likely ends the later one.
      if (!any || value >= route[from])
        route[from] = value, ends[from] = end;
      any = true;
    };
    uint32_t node = root;
    for (size_t at = from; at < block.size(); ++at) {
      if (node = next(node, block[at]); node == nowhere)
        break;
      if (counts[node] > 0)
        consider(at + 1, logarithms[node]);
    }
    if (!any)
      consider(from + 1, 0);
  }
  return ends;
}

void ChineseWords::cutBlock(std::u32string_view block,
                            std::vector<std::u32string_view> &words) const {
  std::vector<size_t> ends = likeliestEnds(block);
  size_t singles = 0; // where the single characters that are not put out yet begin
  auto putSingles = [&](size_t end) {
    std::u32string_view text = block.substr(singles, end - singles);
    if (text.size() > 1 && !isWord(text))
      cutUnknown(text, words);
    else
      for (size_t i = 0; i < text.size(); ++i)
        words.push_back(text.substr(i, 1));
  };
  for (size_t at = 0; at < block.size(); at = ends[at]) {
    if (ends[at] == at + 1)
      continue;
    putSingles(at);
    words.push_back(block.substr(at, ends[at] - at));
    singles = ends[at];
  }
  putSingles(block.size());
}

/// The end of `[a-zA-Z0-9]+(?:\.\d+)?%?` at `from`, or `from`.
static size_t numberOrName(std::u32string_view text, size_t from) {
  auto skip = [&](size_t at, auto inside) {
    while (at < text.size() && inside(text[at]))
      ++at;
    return at;
  };
  size_t end = skip(from, isAsciiLetterOrDigit);
  if (end == from)
    return from;
  if (end < text.size() && text[end] == '.')
    if (size_t fraction = skip(end + 1, isDigit); fraction > end + 1)
      end = fraction;
  return end < text.size() && text[end] == '%' ? end + 1 : end;
}

void ChineseWords::cutUnknown(std::u32string_view text,
                              std::vector<std::u32string_view> &words) const {
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && isHan(text[end]))
      ++end;
    if (end > at) {
      cutByModel(text.substr(at, end - at), words);
    } else if (end = numberOrName(text, at); end == at) {
      while (end < text.size() && !isHan(text[end]) && !isAsciiLetterOrDigit(text[end]))
        ++end;
      words.push_back(text.substr(at, end - at));
    } else {
      words.push_back(text.substr(at, end - at));
    }
    at = end;
  }
}

namespace {
enum State : uint8_t { Begin, End, Middle, Single };
} // namespace

void ChineseWords::cutByModel(std::u32string_view han,
                              std::vector<std::u32string_view> &words) const {
  static constexpr State before[4][2] = {
      {End, Single}, {Begin, Middle}, {Middle, Begin}, {Single, End}};
  auto emit = [&](size_t at) -> const States & { return emission[han[at] - 0x4E00]; };
  std::vector<std::array<State, 4>> from(han.size());
  States value;
  for (int state = 0; state < 4; ++state)
    value[state] = start[state] + emit(0)[state];
  for (size_t at = 1; at < han.size(); ++at) {
    States here;
    for (int state = 0; state < 4; ++state) {
      auto [one, other] = before[state];
      double first = value[one] + change[one][state] + emit(at)[state];
      double second = value[other] + change[other][state] + emit(at)[state];
      // Of equal ones Python takes the letter that comes later: B, E, M, S.
      bool takeFirst = first > second || (first == second && one > other);
      here[state] = takeFirst ? first : second;
      from[at][state] = takeFirst ? one : other;
    }
    value = here;
  }
  std::vector<State> states(han.size());
  states.back() = value[Single] >= value[End] ? Single : End;
  for (size_t at = han.size() - 1; at > 0; --at)
    states[at - 1] = from[at][states[at]];
  size_t begin = 0, done = 0;
  for (size_t at = 0; at < han.size(); ++at) {
    if (states[at] == Begin)
      begin = at;
    else if (states[at] == End)
      words.push_back(han.substr(begin, at + 1 - begin)), done = at + 1;
    else if (states[at] == Single)
      words.push_back(han.substr(at, 1)), done = at + 1;
  }
  if (done < han.size())
    words.push_back(han.substr(done));
}

std::vector<std::u32string_view> ChineseWords::cut(std::u32string_view text) const {
  std::vector<std::u32string_view> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && isLookedUp(text[end]))
      ++end;
    if (end > at) {
      cutBlock(text.substr(at, end - at), words);
    } else {
      end = at + (text.substr(at, 2) == U"\r\n" ? 2 : 1);
      words.push_back(text.substr(at, end - at));
    }
    at = end;
  }
  return words;
}

} // namespace roux::eval
