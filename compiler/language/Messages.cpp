//===- Messages.cpp - the protocol of editors ------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/Messages.h"

#include <charconv>
#include <fmt/format.h>

namespace roux::language {

/// A recipe has at most 16 MiB; escapes may make more of it.
static constexpr size_t longestMessage = 128 << 20;
static constexpr size_t longestHeader = 4096;

/// A line without its end; none at the end of `in` or where it is no header.
static std::optional<std::string> readHeader(std::FILE *in) {
  std::string line;
  for (int c; (c = std::fgetc(in)) != EOF && line.size() < longestHeader;) {
    if (c == '\n') {
      if (line.ends_with('\r'))
        line.pop_back();
      return line;
    }
    line += static_cast<char>(c);
  }
  return std::nullopt;
}

std::optional<std::string> readMessage(std::FILE *in) {
  constexpr std::string_view key = "Content-Length: ";
  size_t length = 0;
  for (std::optional<std::string> line; (line = readHeader(in));) {
    if (line->empty() && length > 0)
      break;
    if (line->starts_with(key))
      std::from_chars(line->data() + key.size(), line->data() + line->size(), length);
    if (length > longestMessage)
      return std::nullopt;
  }
  if (length == 0)
    return std::nullopt;
  std::string message(length, '\0');
  if (std::fread(message.data(), 1, length, in) != length)
    return std::nullopt;
  return message;
}

void writeMessage(std::FILE *out, std::string_view json) {
  std::string text = fmt::format("Content-Length: {}\r\n\r\n{}", json.size(), json);
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

} // namespace roux::language
