//===- JsonWalk.cpp - checking what on-demand parsing would skip ----------===//
//
// Numbers are checked by grammar and not by value: an id of twenty digits in a
// field nobody reads is good JSON.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/JsonWalk.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fmt/format.h>

namespace roux::data {

bool isJsonNumber(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    return at > begin;
  };
  auto accept = [&](char c) { return at < text.size() && text[at] == c ? ++at : 0; };
  accept('-');
  if (!accept('0') && !digits())
    return false;
  if (accept('.') && !digits())
    return false;
  if (accept('e') || accept('E')) {
    if (!accept('+'))
      accept('-');
    if (!digits())
      return false;
  }
  return at == text.size();
}

JsonWalk::JsonWalk(simdjson::ondemand::parser &parser, std::string_view json) : json(json) {
  auto error =
      parser.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING).get(root);
  if (error)
    failLexically(error);
}

/// Words for simdjson's codes; its own where they say enough.
static std::string describe(simdjson::error_code error) {
  switch (error) {
  case simdjson::STRING_ERROR:
    return "a string has an invalid escape";
  case simdjson::UNCLOSED_STRING:
    return "a string is not closed";
  case simdjson::UNESCAPED_CHARS:
    return "a string has a control character that is not escaped";
  case simdjson::UTF8_ERROR:
    return "the bytes are no UTF-8";
  case simdjson::EMPTY:
    return "there is no value";
  case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
    return "an array or object is not closed";
  case simdjson::TAPE_ERROR:
    return "the JSON is malformed";
  case simdjson::CAPACITY:
    return "the record is longer than 4 GiB";
  default:
    return simdjson::error_message(error);
  }
}

void JsonWalk::failAt(const char *place, std::string what) {
  uint64_t byte = place >= json.data() ? place - json.data() : 0;
  throw RecordProblem{std::min<uint64_t>(byte, json.size()), std::move(what)};
}

void JsonWalk::fail(std::string what) {
  const char *place = nullptr;
  if (root.current_location().get(place))
    place = json.data() + json.size();
  failAt(place, std::move(what));
}

void JsonWalk::require(simdjson::error_code error) {
  if (error)
    fail(describe(error));
}

/// The first byte at which `text` stops being UTF-8.
static size_t findBadByte(std::string_view text) {
  size_t good = 0, bad = text.size();
  // The prefixes that are valid up to a character's end: found by halving, since one bad byte
  // makes every longer prefix bad.
  while (good < bad) {
    size_t middle = good + (bad - good) / 2, end = middle + 1;
    while (end < text.size() && end < middle + 4 && (text[end] & 0xC0) == 0x80)
      ++end;
    if (simdjson::validate_utf8(text.data(), end))
      good = end;
    else
      bad = middle;
  }
  return good;
}

/// What the first pass over all bytes found comes without a place.
void JsonWalk::failLexically(simdjson::error_code error) {
  size_t at = error == simdjson::UTF8_ERROR ? findBadByte(json) : json.size();
  if (error == simdjson::UNESCAPED_CHARS || error == simdjson::UNCLOSED_STRING) {
    bool inside = false;
    size_t opened = 0;
    for (size_t i = 0; i < json.size(); ++i) {
      if (inside && static_cast<unsigned char>(json[i]) < 0x20 &&
          error == simdjson::UNESCAPED_CHARS) {
        opened = i;
        break;
      }
      if (json[i] == '\\')
        i += inside;
      else if (json[i] == '"' && (inside = !inside))
        opened = i;
    }
    at = opened;
  }
  failAt(json.data() + at, describe(error));
}

/// Whether all escapes of the string that `token` begins with are JSON's. Where it has no text all
/// the same, one is half of a pair of surrogates.
static bool hasGoodEscapes(std::string_view token) {
  for (size_t at = 1; at < token.size() && token[at] != '"'; ++at) {
    if (token[at] != '\\')
      continue;
    char kind = ++at < token.size() ? token[at] : '\0';
    auto isHex = [](unsigned char c) { return std::isxdigit(c) != 0; };
    bool isGood = kind == 'u'
                      ? token.size() > at + 4 && std::ranges::all_of(token.substr(at + 1, 4), isHex)
                      : kind && std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos;
    if (!isGood)
      return false;
  }
  return true;
}

std::string_view JsonWalk::text(JsonValue value) {
  std::string_view token = value.raw_json_token();
  const char *begin = token.data() + 1;
  size_t room = json.data() + json.size() - begin;
  auto *quote = static_cast<const char *>(std::memchr(begin, '"', room));
  if (token[0] == '"' && quote && !std::memchr(begin, '\\', quote - begin)) {
    // Left unread, a string before a ':' would be skipped as if it were a key, in an array too.
    simdjson::ondemand::raw_json_string raw;
    require(value.get_raw_json_string().get(raw));
    return {begin, static_cast<size_t>(quote - begin)};
  }
  std::string_view text;
  if (auto error = value.get_string().get(text)) {
    if (!halvesAllowed || error != simdjson::STRING_ERROR || !hasGoodEscapes(token))
      failAt(token.data(), describe(error));
    half = true;
  }
  return text;
}

std::string_view JsonWalk::scalar(JsonValue value) {
  std::string_view token = value.raw_json_token();
  size_t end = token.find_last_not_of(" \t\n\r");
  token = token.substr(0, end == token.npos ? 0 : end + 1);
  if (token != "true" && token != "false" && token != "null" && !isJsonNumber(token))
    failAt(token.data(), fmt::format("'{}' is no JSON value", token.substr(0, 40)));
  return token;
}

void JsonWalk::check(JsonValue value, int depth) {
  if (depth > maxDepth)
    fail(fmt::format("arrays and objects nest deeper than {}", maxDepth));
  simdjson::ondemand::json_type type;
  require(value.type().get(type));
  switch (type) {
  case simdjson::ondemand::json_type::array: {
    simdjson::ondemand::array array;
    require(value.get_array().get(array));
    return items(array, [&](JsonValue item) { check(item, depth + 1); });
  }
  case simdjson::ondemand::json_type::object: {
    simdjson::ondemand::object object;
    require(value.get_object().get(object));
    return members(object, [&](std::string_view, JsonValue member) { check(member, depth + 1); });
  }
  case simdjson::ondemand::json_type::string:
    text(value);
    return;
  default:
    scalar(value);
  }
}

std::string_view JsonWalk::container(JsonValue value, int depth) {
  const char *begin = std::string_view(value.raw_json_token()).data();
  check(value, depth);
  const char *end = nullptr;
  require(root.current_location().get(end));
  while (end > begin && end[-1] != '}' && end[-1] != ']')
    --end;
  return {begin, static_cast<size_t>(end - begin)};
}

void JsonWalk::finish() {
  const char *place = nullptr;
  if (!root.current_location().get(place) && place < json.data() + json.size())
    failAt(place, "something follows the JSON value");
}

void validateJson(std::string_view json) {
  // A lone scalar is no document for the on-demand parser; inside an array any value is.
  simdjson::padded_string wrapped(json.size() + 2);
  wrapped.data()[0] = '[';
  std::memcpy(wrapped.data() + 1, json.data(), json.size());
  wrapped.data()[json.size() + 1] = ']';
  simdjson::ondemand::parser parser;
  try {
    JsonWalk walk(parser, wrapped);
    simdjson::ondemand::array array;
    walk.require(walk.document().get_array().get(array));
    int values = 0;
    walk.items(array, [&](JsonValue value) {
      if (++values > 1)
        walk.failAt(std::string_view(value.raw_json_token()).data(), "a second value follows");
      walk.check(value, 1);
    });
    walk.finish();
    if (values == 0)
      throw RecordProblem{1, "there is no value"};
  } catch (RecordProblem &problem) {
    problem.byte = std::min<uint64_t>(problem.byte - (problem.byte > 0), json.size());
    throw;
  }
}

} // namespace roux::data
