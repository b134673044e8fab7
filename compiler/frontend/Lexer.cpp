//===- Lexer.cpp - from text to words, numbers and signs ------------------===//
//
// Takes any bytes. What cannot be part of a recipe is reported here, once for
// each stretch, and handed on as a Bad token that nobody reports again.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Lexer.h"
#include "compiler/frontend/Utf8.h"

#include <fmt/format.h>

namespace roux {

/// Names longer than this are no names; messages quote them whole.
static constexpr size_t longestWord = 255;

static bool isLetter(char c) {
  return (c | 32) >= 'a' && (c | 32) <= 'z';
}
static bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
static bool isWordStart(char c) {
  return isLetter(c) || c == '_';
}
static bool isWordPart(char c) {
  return isWordStart(c) || isDigit(c);
}

namespace {
struct Sign {
  std::string_view text;
  TokenKind kind;
  std::string_view quoted;
};
} // namespace

/// Longer signs stand before their beginnings.
static constexpr Sign signs[] = {
    {"..", TokenKind::DotDot, "'..'"},       {"==", TokenKind::Equal, "'=='"},
    {"!=", TokenKind::NotEqual, "'!='"},     {"<=", TokenKind::LessEqual, "'<='"},
    {">=", TokenKind::GreaterEqual, "'>='"}, {"(", TokenKind::LeftParen, "'('"},
    {")", TokenKind::RightParen, "')'"},     {"[", TokenKind::LeftBracket, "'['"},
    {"]", TokenKind::RightBracket, "']'"},   {"{", TokenKind::LeftBrace, "'{'"},
    {"}", TokenKind::RightBrace, "'}'"},     {",", TokenKind::Comma, "','"},
    {":", TokenKind::Colon, "':'"},          {"=", TokenKind::Assign, "'='"},
    {"|", TokenKind::Pipe, "'|'"},           {".", TokenKind::Dot, "'.'"},
    {"+", TokenKind::Plus, "'+'"},           {"-", TokenKind::Minus, "'-'"},
    {"*", TokenKind::Star, "'*'"},           {"/", TokenKind::Slash, "'/'"},
    {"^", TokenKind::Caret, "'^'"},          {"<", TokenKind::Less, "'<'"},
    {">", TokenKind::Greater, "'>'"},
};

std::string_view spelling(TokenKind kind) {
  switch (kind) {
  case TokenKind::End:
    return "the end of the file";
  case TokenKind::Bad:
    return "an unreadable character";
  case TokenKind::Word:
    return "a word";
  case TokenKind::Number:
    return "a number";
  case TokenKind::Text:
    return "a text";
  default:
    break;
  }
  for (const Sign &sign : signs)
    if (sign.kind == kind)
      return sign.quoted;
  return "";
}

namespace {
struct Slip {
  std::string_view text;
  std::string_view hint;
};
} // namespace

/// What people write from habit, and what a recipe has instead.
static constexpr Slip slips[] = {
    {"//", "a comment starts with '#'"},
    {"||", "write 'or'"},
    {"&&", "write 'and'"},
    {"&", "write 'and'"},
    {"**", "write '^'"},
    {"!", "write 'not'"},
    {"%", "a percent sign touches its number: '3%'"},
    {";", "a comma or a new line ends an entry"},
    {"?", "a choice is written if … then … else …"},
    {"\\", "write '/'"},
    {"\u00F7", "write '/'"},
    {"'", "a text is written in double quotes"},
    {"`", "a text is written in double quotes"},
    {"\u2018", "a text is written in double quotes: '\"'"},
    {"\u2019", "a text is written in double quotes: '\"'"},
    {"\u201C", "a text is written in double quotes: '\"'"},
    {"\u201D", "a text is written in double quotes: '\"'"},
    {"\u2212", "write '-'"},
    {"\u2013", "write '-'"},
    {"\u00D7", "write '*'"},
    {"\u2264", "write '<='"},
    {"\u2265", "write '>='"},
    {"\u2260", "write '!='"},
    {"\u2026", "write '..'"},
    {"\u00A0", "this is a no-break space"},
};

Lexer::Lexer(const SourceManager &sources, uint32_t file, std::vector<ast::Comment> &comments,
             Diagnostics &diagnostics)
    : source(sources.text(file)), file(file), comments(comments), diagnostics(diagnostics) {}

Token Lexer::make(TokenKind kind, size_t begin) const {
  return {kind, false, {file, static_cast<uint32_t>(begin), static_cast<uint32_t>(here)}};
}

void Lexer::comment() {
  size_t begin = here;
  here = std::min(source.find('\n', here), source.size());
  size_t end = here;
  while (source[end - 1] == ' ' || source[end - 1] == '\t' || source[end - 1] == '\r')
    --end;
  comments.push_back(
      {{file, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, lineBegins});
}

/// Passes blanks, comments and the bytes that checkText has reported; true if a line ended.
bool Lexer::skipBlanks() {
  bool newline = false;
  while (here < source.size()) {
    char c = source[here];
    if (c == '\n')
      newline = lineBegins = true;
    if (c == '#') {
      comment();
      continue;
    }
    Character character = decode(source, here);
    bool byteOrderMark = here == 0 && character.code == 0xFEFF;
    if (c != ' ' && c != '\t' && c != '\n' && character.valid && !isControl(character.code) &&
        !byteOrderMark)
      break;
    here += character.bytes;
  }
  return newline;
}

Token Lexer::next() {
  bool first = here == 0;
  bool newline = skipBlanks() || first;
  lineBegins = false;
  Token token;
  if (here >= source.size())
    token = make(TokenKind::End, here);
  else if (isWordStart(source[here]))
    token = word();
  else if (isDigit(source[here]))
    token = number();
  else if (source[here] == '"')
    token = text();
  else
    token = sign();
  token.afterNewline = newline;
  return token;
}

/// A name; a version may touch it, as in rouge_l@pltrdy-1.0.1.
Token Lexer::word() {
  size_t begin = here;
  while (here < source.size() && isWordPart(source[here]))
    ++here;
  if (at("@") && here + 1 < source.size() && isWordPart(source[here + 1])) {
    ++here;
    while (here < source.size() &&
           (isWordPart(source[here]) || source[here] == '-' ||
            (source[here] == '.' && here + 1 < source.size() && isWordPart(source[here + 1]))))
      ++here;
  }
  Token token = make(TokenKind::Word, begin);
  if (here - begin > longestWord) {
    diagnostics.error(
        Code::TooMuch, token.range,
        fmt::format("a name of {} characters; names have at most {}", here - begin, longestWord));
    token.kind = TokenKind::Bad;
  }
  return token;
}

Token Lexer::number() {
  size_t begin = here;
  auto digits = [&] {
    while (here < source.size() && (isDigit(source[here]) || source[here] == '_'))
      ++here;
  };
  auto digitAt = [&](size_t i) { return i < source.size() && isDigit(source[i]); };
  digits();
  if (at(".") && digitAt(here + 1)) { // in `1..5` and `x.y` the point is not the number's
    ++here;
    digits();
  }
  if (at("e") || at("E")) {
    size_t exponent = here + 1;
    if (exponent < source.size() && (source[exponent] == '+' || source[exponent] == '-'))
      ++exponent;
    if (digitAt(exponent)) {
      here = exponent;
      digits();
    }
  }
  while (here < source.size() && isWordPart(source[here]))
    ++here;
  if (at("%"))
    ++here;
  return make(TokenKind::Number, begin);
}

Token Lexer::text() {
  size_t begin = here;
  bool triple = at("\"\"\"");
  std::string_view quote = triple ? "\"\"\"" : "\"";
  here += quote.size();
  while (here < source.size() && !at(quote) && (triple || source[here] != '\n'))
    here += source[here] == '\\' && here + 1 < source.size() && (triple || source[here + 1] != '\n')
                ? 2
                : 1;
  if (at(quote)) {
    here += quote.size();
    return make(TokenKind::Text, begin);
  }
  Token token = make(TokenKind::Bad, begin);
  if (triple)
    diagnostics.error(Code::Text, {file, token.range.begin, token.range.begin + 3},
                      "this text has no closing '\"\"\"'");
  else
    diagnostics.error(Code::Text, token.range,
                      "this text has no closing '\"' on its line; a text of several "
                      "lines is written in '\"\"\"'");
  return token;
}

Token Lexer::sign() {
  for (const Slip &slip : slips)
    if (at(slip.text) && !at("!="))
      return unexpected();
  for (const Sign &sign : signs)
    if (at(sign.text)) {
      size_t begin = here;
      here += sign.text.size();
      return make(sign.kind, begin);
    }
  return unexpected();
}

/// Behind a slip that begins something longer: passes over the comment or the text it was to be.
void Lexer::passOver(std::string_view slip) {
  size_t lineEnd = std::min(source.find('\n', here), source.size());
  std::string_view line = source.substr(here, lineEnd - here);
  bool quote = slip == "'" || slip == "`";
  size_t closing = quote              ? line.find(slip)
                   : slip == "\u201C" ? line.find("\u201D")
                                      : std::string::npos;
  if (slip == "//")
    here = lineEnd;
  else if (closing != std::string_view::npos)
    here += closing + (quote ? 1 : 3);
}

/// Reports the stretch of characters that begin nothing.
Token Lexer::unexpected() {
  size_t begin = here;
  for (const Slip &slip : slips)
    if (at(slip.text)) {
      here += slip.text.size();
      Token token = make(TokenKind::Bad, begin);
      diagnostics.error(Code::Character, token.range,
                        fmt::format("unexpected '{}'; {}", slip.text, slip.hint));
      passOver(slip.text);
      return token;
    }
  std::string_view mayFollow = " \t\r\n\"#()[]{},:=|.+-*/^<>";
  Character character = decode(source, here);
  std::string first(source.substr(here, character.bytes));
  while (here < source.size() && !isWordPart(source[here]) &&
         mayFollow.find(source[here]) == std::string_view::npos)
    here += decode(source, here).bytes;
  Token token = make(TokenKind::Bad, begin);
  diagnostics.error(Code::Character, token.range,
                    fmt::format("unexpected character '{}' (U+{:04X})", first,
                                static_cast<uint32_t>(character.code)));
  return token;
}

} // namespace roux
