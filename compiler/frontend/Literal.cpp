//===- Literal.cpp - what a number or a text says -------------------------===//
//
// One table of suffixes and one of units; other spellings are refused with the
// right one named, because `10K` and `10Ki` differ by 240 and a guess would be
// silent.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Literal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace roux {

using ast::Suffix;
using ast::Unit;

namespace {
struct SuffixRow {
  std::string_view text;
  Suffix suffix;
  double factor;
};
struct UnitRow {
  std::string_view text;
  Unit unit;
};
struct Habit {
  std::string_view written;
  std::string_view meant;
};
} // namespace

static constexpr SuffixRow suffixes[] = {
    {"Ki", Suffix::Ki, 0x1p10},   {"Mi", Suffix::Mi, 0x1p20},   {"Gi", Suffix::Gi, 0x1p30},
    {"k", Suffix::k, 1e3},        {"M", Suffix::M, 1e6},        {"B", Suffix::B, 1e9},
    {"%", Suffix::Percent, 0.01}, {"KiB", Suffix::KiB, 0x1p10}, {"MiB", Suffix::MiB, 0x1p20},
    {"GiB", Suffix::GiB, 0x1p30}, {"TiB", Suffix::TiB, 0x1p40}, {"KB", Suffix::KB, 1e3},
    {"MB", Suffix::MB, 1e6},      {"GB", Suffix::GB, 1e9},      {"TB", Suffix::TB, 1e12},
};

static constexpr UnitRow units[] = {
    {"tokens", Unit::Tokens}, {"sequences", Unit::Sequences}, {"records", Unit::Records},
    {"steps", Unit::Steps},   {"epochs", Unit::Epochs},       {"min", Unit::Minutes},
    {"h", Unit::Hours},
};

/// Spellings of other places and what they are here.
static constexpr Habit suffixHabits[] = {
    {"K", "'k' (1000) or 'Ki' (1024)"},
    {"ki", "'Ki'"},
    {"m", "'M' (10^6), 'Mi' (2^20) or ' min'"},
    {"mi", "'Mi'"},
    {"g", "'B' (10^9) or 'Gi' (2^30)"},
    {"G", "'B' (10^9) or 'Gi' (2^30)"},
    {"gi", "'Gi'"},
    {"b", "'B'"},
    {"bn", "'B'"},
    {"T", "'e12'"},
    {"kB", "'KB' (1000) or 'KiB' (1024)"},
    {"kb", "'KB' (1000) or 'KiB' (1024)"},
    {"mb", "'MB' (10^6) or 'MiB' (2^20)"},
    {"gb", "'GB' (10^9) or 'GiB' (2^30)"},
    {"tb", "'TB' (10^12) or 'TiB' (2^40)"},
};

static constexpr Habit unitHabits[] = {
    {"token", "tokens"},
    {"sequence", "sequences"},
    {"record", "records"},
    {"step", "steps"},
    {"epoch", "epochs"},
    {"minutes", "min"},
    {"minute", "min"},
    {"hours", "h"},
    {"hour", "h"},
    {"hr", "h"},
    {"hrs", "h"},
    {"examples", "sequences"},
    {"example", "sequences"},
    {"samples", "sequences"},
    {"conversations", "sequences"},
    {"chats", "sequences"},
    {"seqs", "sequences"},
    {"rows", "records"},
    {"lines", "records"},
    {"documents", "records"},
    {"docs", "records"},
    {"iterations", "steps"},
    {"iters", "steps"},
    {"updates", "steps"},
    {"batches", "steps"},
    {"toks", "tokens"},
    {"tok", "tokens"},
    {"ep", "epochs"},
    {"passes", "epochs"},
};

std::string_view ast::spelling(Suffix suffix) {
  for (const SuffixRow &row : suffixes)
    if (row.suffix == suffix)
      return row.text;
  return "";
}

std::string_view ast::spelling(Unit unit) {
  for (const UnitRow &row : units)
    if (row.unit == unit)
      return row.text;
  return "";
}

Unit unitNamed(std::string_view word) {
  for (const UnitRow &row : units)
    if (row.text == word)
      return row.unit;
  return Unit::None;
}

std::string nearestUnit(std::string_view word) {
  for (const Habit &habit : unitHabits)
    if (habit.written == word)
      return fmt::format("; did you mean '{}'?", habit.meant);
  bool isSuffix = std::ranges::any_of(
      suffixes, [&](const SuffixRow &row) { return !row.text.empty() && row.text == word; });
  if (isSuffix)
    return fmt::format("; '{}' touches its number, without a space", word);
  std::array<std::string_view, std::size(units)> names;
  for (size_t i = 0; i < names.size(); ++i)
    names[i] = units[i].text;
  return didYouMean(word, names);
}

/// What to write instead of the unknown `suffix` of `digits`, as "; …" or "".
static std::string suffixHint(std::string_view digits, std::string_view suffix) {
  for (const Habit &habit : suffixHabits)
    if (habit.written == suffix)
      return fmt::format("; did you mean {}?", habit.meant);
  if (unitNamed(suffix) != Unit::None)
    return fmt::format("; a unit follows after a space: '{} {}'", digits, suffix);
  for (const Habit &habit : unitHabits)
    if (habit.written == suffix)
      return fmt::format("; a unit follows after a space: '{} {}'", digits, habit.meant);
  return "; suffixes are Ki Mi Gi, k M B, %, and for bytes KB MB GB TB, KiB MiB GiB TiB";
}

/// How much of a Number token is its digits, point and exponent.
static size_t digitsOf(std::string_view spelled) {
  auto digit = [&](size_t i) {
    return i < spelled.size() && spelled[i] >= '0' && spelled[i] <= '9';
  };
  size_t end = 0;
  while (digit(end) || (end < spelled.size() && (spelled[end] == '_' || spelled[end] == '.')))
    ++end;
  if (end < spelled.size() && (spelled[end] | 32) == 'e') {
    size_t exponent = end + 1;
    exponent += exponent < spelled.size() && (spelled[exponent] == '+' || spelled[exponent] == '-');
    if (digit(exponent))
      for (end = exponent; digit(end) || (end < spelled.size() && spelled[end] == '_');)
        ++end;
  }
  return end;
}

ast::Number *readNumber(std::string_view spelled, SourceRange range, ast::File &into,
                        Diagnostics &diagnostics) {
  std::string_view digits = spelled.substr(0, digitsOf(spelled));
  std::string_view suffix = spelled.substr(digits.size());
  ast::Number number;
  number.isInteger = digits.find_first_of(".eE") == std::string_view::npos;
  std::string plain(digits);
  std::erase(plain, '_');
  bool fits =
      std::from_chars(plain.data(), plain.data() + plain.size(), number.value).ec == std::errc();
  number.scaled = number.value;
  if (!suffix.empty()) {
    const SuffixRow *row = std::find_if(std::begin(suffixes), std::end(suffixes),
                                        [&](const SuffixRow &r) { return r.text == suffix; });
    if (row == std::end(suffixes)) {
      auto at = static_cast<uint32_t>(range.begin + digits.size());
      diagnostics.error(Code::Number, {range.file, at, range.end},
                        fmt::format("unknown suffix '{}'{}", suffix.substr(0, 40),
                                    suffixHint(digits.substr(0, 40), suffix)));
      return nullptr;
    }
    number.suffix = row->suffix;
    // 3 / 100 is the nearest double to 0.03; 3 * 0.01 is not.
    number.scaled =
        row->suffix == Suffix::Percent ? number.value / 100 : number.value * row->factor;
  }
  if (!fits || !std::isfinite(number.scaled)) {
    diagnostics.error(Code::Number, range, "this number is outside the range of a double");
    return nullptr;
  }
  if (number.isInteger && number.scaled > 0x1p53) {
    diagnostics.error(Code::Number, range,
                      "whole numbers above 9007199254740992 (2^53) cannot be held exactly");
    return nullptr;
  }
  return into.make(number);
}

/// What `\c` stands for; 0 when it is no escape.
static char escaped(char c) {
  switch (c) {
  case 'n':
    return '\n';
  case 't':
    return '\t';
  case '"':
  case '\\':
  case '{':
  case '}':
    return c;
  default:
    return 0;
  }
}

ast::Text *readText(std::string_view spelled, SourceRange range, ast::File &into,
                    Diagnostics &diagnostics) {
  ast::Text text;
  text.triple = spelled.size() >= 6 && spelled.starts_with("\"\"\"");
  size_t quotes = text.triple ? 3 : 1;
  std::string_view inside = spelled.substr(quotes, spelled.size() - 2 * quotes);
  size_t first = text.triple && inside.starts_with("\n")     ? 1
                 : text.triple && inside.starts_with("\r\n") ? 2
                                                             : 0;
  std::string value;
  std::vector<uint32_t> braces;
  for (size_t i = first; i < inside.size(); ++i) {
    char c = inside[i];
    if (c == '{' || c == '}')
      braces.push_back(static_cast<uint32_t>(value.size()));
    if (c == '\\') {
      ++i; // the lexer never ends a text behind a lone backslash
      if (char stands = escaped(inside[i])) {
        value += stands;
        continue;
      }
      auto at = static_cast<uint32_t>(range.begin + quotes + i - 1);
      diagnostics.error(Code::Text, {range.file, at, at + 2},
                        R"(unknown escape; a text has \n \t \" \\ \{ \})");
    } else {
      value += c;
    }
  }
  text.value = value.size() == inside.size() ? inside : into.keep(std::string_view(value));
  text.braces = into.keep(braces);
  return into.make(text);
}

} // namespace roux
