//===- JsonNumbers.cpp - JSON of any numbers for a parser of some ---------===//
//
// Only what stands outside of texts is looked at, one token after the other.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonNumbers.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace roux::data {

/// Of a token that begins like a number or a name: whether a parser of 64-bit numbers reads it.
static bool isReadable(std::string_view token) {
  if (token == "NaN" || token == "Infinity" || token == "-Infinity")
    return false;
  if (token.find_first_not_of("-+0123456789.eE") != token.npos)
    return true; // true, null, or a mistake for the parser to name
  const char *end = token.data() + token.size();
  if (token.find_first_of(".eE") != token.npos) {
    double real = 0;
    auto result = std::from_chars(token.data(), end, real);
    // What is too small to be told from zero is zero to every parser.
    return result.ec != std::errc::result_out_of_range || token.find("e-") != token.npos ||
           token.find("E-") != token.npos;
  }
  int64_t whole = 0;
  uint64_t natural = 0;
  return std::from_chars(token.data(), end, whole).ec != std::errc::result_out_of_range ||
         std::from_chars(token.data(), end, natural).ec == std::errc();
}

std::string withReadableNumbers(std::string_view json) {
  if (json.starts_with("\xEF\xBB\xBF"))
    json.remove_prefix(3);
  std::string out;
  out.reserve(json.size());
  for (size_t at = 0; at < json.size();) {
    size_t begin = at;
    if (json[at] == '"') {
      for (++at; at < json.size() && json[at] != '"'; ++at)
        at += json[at] == '\\';
      at = std::min(at + 1, json.size());
      out += json.substr(begin, at - begin);
      continue;
    }
    at = std::min(json.find_first_of(" \t\r\n,:[]{}\"", at), json.size());
    std::string_view token = json.substr(begin, at - begin);
    bool readable = token.empty() || isReadable(token);
    out += readable ? std::string(token) : "\"" + std::string(token) + "\"";
    if (at < json.size() && json[at] != '"')
      out += json[at++];
  }
  return out;
}

} // namespace roux::data
