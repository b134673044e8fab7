//===- Html.cpp - text inside a page --------------------------------------===//
//
// Attribute values are always in double quotes, so one function serves both.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/Html.h"

#include "runtime/data/WholeCharacters.h"

namespace roux::report {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : data::withWholeCharacters(text))
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      bool isControl = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
      out += isControl ? "\xef\xbf\xbd" : std::string(1, c);
    }
  return out;
}

} // namespace roux::report
