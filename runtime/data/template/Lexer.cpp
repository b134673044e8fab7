//===- Lexer.cpp - template text into tokens ------------------------------===//
//
// White space control decides what a model sees between turns, so it follows
// Jinja to the byte: `-` strips on its side, `+` switches the automatic rules
// off, a block tag eats the newline after it, and blanks between the start of a
// line and a block tag go.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Syntax.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data::jinja {

namespace {

class Lexer {
public:
  explicit Lexer(std::string_view text) {
    // Jinja normalises newlines and drops one at the end.
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r') {
        source += '\n';
        i += i + 1 < text.size() && text[i + 1] == '\n';
      } else {
        source += text[i];
      }
    }
    if (!source.empty() && source.back() == '\n')
      source.pop_back();
  }

  std::vector<Token> run() {
    while (at < source.size())
      lexData();
    add(TokenKind::End, "end of template");
    return std::move(tokens);
  }

private:
  void lexData();
  void lexTag(bool block);
  void lexCode();
  void lexString();
  void lexNumber();
  bool skipRaw();
  void skipComment();
  void emitData(std::string_view data);
  void endTag(bool block);

  [[noreturn]] void fail(std::string message) const {
    throw TemplateError(fmt::format("line {}: {}", line, message));
  }
  bool startsWith(std::string_view text) const {
    return std::string_view(source).substr(at, text.size()) == text;
  }
  void advance(size_t count) {
    line += std::count(source.begin() + at, source.begin() + at + count, '\n');
    at += count;
  }
  void skipSpace() {
    while (at < source.size() && std::isspace(static_cast<unsigned char>(source[at])))
      advance(1);
  }
  void add(TokenKind kind, std::string text) { tokens.push_back({kind, line, std::move(text)}); }

  std::string source;
  size_t at = 0;
  int line = 1;
  bool lineStart = true;  ///< nothing but data of this line stands before `at`
  bool stripNext = false; ///< a tag ended in `-`
  std::vector<Token> tokens;
};

void Lexer::emitData(std::string_view data) {
  if (!data.empty())
    add(TokenKind::Data, std::string(data));
}

void Lexer::lexData() {
  size_t begin = at;
  if (stripNext)
    while (begin < source.size() && std::isspace(static_cast<unsigned char>(source[begin])))
      ++begin;
  stripNext = false;
  size_t tag = begin;
  while ((tag = source.find('{', tag)) != std::string::npos &&
         (tag + 1 == source.size() ||
          std::string_view("{%#").find(source[tag + 1]) == std::string_view::npos))
    ++tag;
  if (tag == std::string::npos) {
    emitData(std::string_view(source).substr(begin));
    return advance(source.size() - at);
  }
  char control = tag + 2 < source.size() ? source[tag + 2] : ' ';
  bool block = source[tag + 1] == '%', comment = source[tag + 1] == '#';
  size_t end = tag;
  if (control == '-') {
    while (end > begin && std::isspace(static_cast<unsigned char>(source[end - 1])))
      --end;
  } else if ((block || comment) && control != '+') {
    size_t blanks = end;
    while (blanks > begin && (source[blanks - 1] == ' ' || source[blanks - 1] == '\t'))
      --blanks;
    if (blanks > begin ? source[blanks - 1] == '\n' : lineStart)
      end = blanks;
  }
  emitData(std::string_view(source).substr(begin, end - begin));
  advance(tag - at);
  if (comment)
    return skipComment();
  if (block && skipRaw())
    return;
  advance(control == '-' || control == '+' ? 3 : 2);
  lexTag(block);
}

/// After the closing mark: the newline that a block tag eats, or everything blank after `-`.
void Lexer::endTag(bool block) {
  lineStart = false;
  if (stripNext || !block || at >= source.size() || source[at] != '\n')
    return;
  advance(1);
  lineStart = true;
}

void Lexer::skipComment() {
  size_t close = source.find("#}", at + 2);
  if (close == std::string::npos)
    fail("a comment '{#' is not closed");
  char control = close > at + 2 ? source[close - 1] : ' ';
  advance(close + 2 - at);
  stripNext = control == '-';
  endTag(control != '+');
}

/// Copies what stands between {% raw %} and {% endraw %}.
bool Lexer::skipRaw() {
  auto tagAt = [&](size_t from, std::string_view word, char *left, char *right) -> size_t {
    size_t i = from + 2;
    *left = i < source.size() ? source[i] : ' ';
    i += *left == '-' || *left == '+';
    while (i < source.size() && std::isspace(static_cast<unsigned char>(source[i])))
      ++i;
    if (source.compare(i, word.size(), word) != 0)
      return 0;
    i += word.size();
    while (i < source.size() && std::isspace(static_cast<unsigned char>(source[i])))
      ++i;
    *right = i < source.size() ? source[i] : ' ';
    i += *right == '-' || *right == '+';
    return source.compare(i, 2, "%}") == 0 ? i + 2 : 0;
  };
  char left, right;
  size_t begin = tagAt(at, "raw", &left, &right);
  if (!begin)
    return false;
  if (right == '-')
    while (begin < source.size() && std::isspace(static_cast<unsigned char>(source[begin])))
      ++begin;
  for (size_t close = begin; (close = source.find("{%", close)) != std::string::npos; ++close) {
    size_t after = tagAt(close, "endraw", &left, &right);
    if (!after)
      continue;
    size_t end = close;
    while (end > begin && (left == '-' ? std::isspace(static_cast<unsigned char>(source[end - 1]))
                                       : source[end - 1] == ' ' || source[end - 1] == '\t'))
      --end;
    if (left != '-' && end > begin && source[end - 1] != '\n')
      end = close;
    emitData(std::string_view(source).substr(begin, end - begin));
    advance(after - at);
    stripNext = right == '-';
    endTag(right != '+');
    return true;
  }
  fail("'{% raw %}' is not closed");
}

void Lexer::lexTag(bool block) {
  add(block ? TokenKind::BlockBegin : TokenKind::VariableBegin, block ? "{%" : "{{");
  std::string_view close = block ? "%}" : "}}";
  int depth = 0; // `}}` may also close two dictionaries
  for (;;) {
    skipSpace();
    if (at >= source.size())
      fail(fmt::format("a '{}' is not closed", block ? "{%" : "{{"));
    bool control = source[at] == '-' || (block && source[at] == '+');
    if (depth == 0 && (startsWith(close) || (control && source.compare(at + 1, 2, close) == 0))) {
      stripNext = source[at] == '-';
      bool eats = block && source[at] != '+';
      add(block ? TokenKind::BlockEnd : TokenKind::VariableEnd, std::string(close));
      advance(control ? 3 : 2);
      return endTag(eats);
    }
    depth += startsWith("(") || startsWith("[") || startsWith("{");
    depth -= startsWith(")") || startsWith("]") || startsWith("}");
    lexCode();
  }
}

void Lexer::lexCode() {
  unsigned char c = source[at];
  if (c == '"' || c == '\'')
    return lexString();
  if (std::isdigit(c))
    return lexNumber();
  if (std::isalpha(c) || c == '_') {
    size_t end = at;
    while (end < source.size() &&
           (std::isalnum(static_cast<unsigned char>(source[end])) || source[end] == '_'))
      ++end;
    add(TokenKind::Name, source.substr(at, end - at));
    return advance(end - at);
  }
  for (std::string_view op : {"==", "!=", "<=", ">=", "**", "//", "+", "-", "*", "/", "%", "~", "<",
                              ">",  "=",  "(",  ")",  "[",  "]",  "{", "}", ",", ".", ":", "|"})
    if (startsWith(op)) {
      add(TokenKind::Operator, std::string(op));
      return advance(op.size());
    }
  fail(fmt::format("unexpected character '{}'", static_cast<char>(c)));
}

void Lexer::lexNumber() {
  size_t end = at;
  bool real = false;
  auto digits = [&] {
    while (end < source.size() &&
           (std::isdigit(static_cast<unsigned char>(source[end])) || source[end] == '_'))
      ++end;
  };
  digits();
  if (end + 1 < source.size() && source[end] == '.' &&
      std::isdigit(static_cast<unsigned char>(source[end + 1]))) {
    real = true;
    ++end;
    digits();
  }
  if (end < source.size() && (source[end] == 'e' || source[end] == 'E')) {
    size_t sign = end + 1;
    sign += sign < source.size() && (source[sign] == '-' || source[sign] == '+');
    if (sign < source.size() && std::isdigit(static_cast<unsigned char>(source[sign]))) {
      real = true;
      end = sign;
      digits();
    }
  }
  std::string digitsOnly = source.substr(at, end - at);
  std::erase(digitsOnly, '_');
  add(real ? TokenKind::Real : TokenKind::Integer, digitsOnly);
  advance(end - at);
}

void Lexer::lexString() {
  char mark = source[at];
  std::string text;
  size_t i = at + 1;
  auto hexadecimal = [&](size_t digits) {
    std::string number = source.substr(i + 1, digits);
    if (number.size() < digits || number.find_first_not_of("0123456789abcdefABCDEF") != number.npos)
      fail("a string has an escape with too few hexadecimal digits");
    i += digits;
    char32_t point = std::stoul(number, nullptr, 16);
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
      fail("a string has an escape that is no character");
    text += encodeCodePoint(point);
  };
  for (; i < source.size() && source[i] != mark; ++i) {
    if (source[i] != '\\' || i + 1 == source.size()) {
      text += source[i];
      continue;
    }
    static constexpr std::string_view letters = "abfnrtv\\'\"", values = "\a\b\f\n\r\t\v\\'\"";
    char escape = source[++i];
    if (size_t found = letters.find(escape); found != letters.npos)
      text += values[found];
    else if (escape == 'x' || escape == 'u' || escape == 'U')
      hexadecimal(escape == 'x' ? 2 : escape == 'u' ? 4 : 8);
    else if (escape == '0')
      text += '\0';
    else if (escape != '\n') // a backslash before a newline continues the string
      (text += '\\') += escape;
  }
  if (i >= source.size())
    fail("a string is not closed");
  add(TokenKind::String, text);
  advance(i + 1 - at);
}

} // namespace

std::vector<Token> lex(std::string_view source) {
  return Lexer(source).run();
}

} // namespace roux::data::jinja
