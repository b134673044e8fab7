//===- Document.cpp - a recipe that is open in an editor -------------------===//
//
// Editors count in UTF-16 and lines from 0, compilers in bytes.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/Document.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::language {

/// Bytes of the character that begins with `lead`, and how many UTF-16 units it is.
static std::pair<size_t, uint32_t> widthOf(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xF0)
    return {4, 2};
  return {byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1, 1};
}

Position positionAt(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  Position position;
  for (size_t at = 0; at < offset;) {
    auto [bytes, units] = widthOf(text[at]);
    if (text[at] == '\n')
      ++position.line, position.character = 0;
    else
      position.character += units;
    at += bytes;
  }
  return position;
}

size_t offsetAt(std::string_view text, Position position) {
  size_t at = 0;
  for (uint32_t line = 0; line < position.line; ++line) {
    size_t end = text.find('\n', at);
    if (end == text.npos)
      return text.size();
    at = end + 1;
  }
  for (uint32_t unit = 0; unit < position.character && at < text.size() && text[at] != '\n';) {
    auto [bytes, units] = widthOf(text[at]);
    at += bytes;
    unit += units;
  }
  return std::min(at, text.size());
}

std::string pathOf(std::string_view uri) {
  constexpr std::string_view scheme = "file://";
  if (!uri.starts_with(scheme))
    return std::string(uri);
  uri.remove_prefix(scheme.size());
  std::string path;
  auto digit = [](char c) {
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
  };
  for (size_t i = 0; i < uri.size(); ++i) {
    bool isEscape =
        uri[i] == '%' && i + 2 < uri.size() && digit(uri[i + 1]) >= 0 && digit(uri[i + 2]) >= 0;
    path += isEscape ? static_cast<char>(digit(uri[i + 1]) * 16 + digit(uri[i + 2])) : uri[i];
    i += isEscape ? 2 : 0;
  }
  return path;
}

std::string uriOf(std::string_view path) {
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (char c : path) {
    bool isPlain = std::isalnum(static_cast<unsigned char>(c)) ||
                   std::string_view("/-._~:").find(c) != std::string_view::npos;
    uri += isPlain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

Document::Document(const std::string &path, const OpenTexts &open)
    : file(sources.add(path, open.at(path))) {
  Diagnostics ignored(sources); // check() says them again
  tree = parse(sources, file, ignored);
  CheckOptions options{.files = path.starts_with('/')};
  options.read = [&open](const std::string &name) -> std::optional<std::string> {
    auto known = open.find(name);
    return known == open.end() ? readFile(name) : std::optional(known->second);
  };
  recipe = check(sources, file, diagnostics, options);
}

} // namespace roux::language
