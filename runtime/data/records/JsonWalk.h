//===- JsonWalk.h - every value of a JSON text is looked at ---------------===//
//
// What simdjson's on-demand parser leaves unlooked at when a value is skipped
// (escapes, numbers, nesting) is checked here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/RecordError.h"

#include <simdjson.h>
#include <string_view>

namespace roux::data {

using JsonValue = simdjson::ondemand::value;

/// Walks one JSON text and knows where in it the parser stands.
class JsonWalk {
public:
  /// How deep arrays and objects may nest.
  static constexpr int maxDepth = 512;

  /// Begins with `json`, which needs readable bytes behind it. Throws RecordProblem for what is not
  /// UTF-8 or has an unclosed string.
  JsonWalk(simdjson::ondemand::parser &parser, std::string_view json);

  simdjson::ondemand::document &document() { return root; }
  /// Walks `value` and all in it.
  void check(JsonValue value, int depth);
  /// From here on, whether half of a pair of surrogates is passed over; foundHalf() then says
  /// whether there was one since.
  void allowHalves(bool allow) {
    halvesAllowed = allow;
    half = false;
  }
  bool foundHalf() const { return half; }
  /// A string's text; a view into `json` where it has no escapes, else into the parser's buffer.
  std::string_view text(JsonValue value);
  /// The text of a scalar as it stands in the file; `value` is checked to be one.
  std::string_view scalar(JsonValue value);
  /// Walks an array or object and returns its JSON as it stands in the file.
  std::string_view container(JsonValue value, int depth);
  /// Calls `visit(key, value)` for each member.
  template <typename Visit>
  void members(simdjson::ondemand::object object, Visit visit) {
    for (auto found : object) {
      simdjson::ondemand::field field;
      require(std::move(found).get(field));
      std::string_view key;
      require(field.unescaped_key().get(key));
      visit(key, field.value());
    }
  }
  /// Calls `visit(value)` for each item.
  template <typename Visit>
  void items(simdjson::ondemand::array array, Visit visit) {
    for (auto found : array) {
      JsonValue value;
      require(std::move(found).get(value));
      visit(value);
    }
  }
  /// Throws unless the document ends here.
  void finish();
  /// Throws RecordProblem at the parser's place if `error` is one.
  void require(simdjson::error_code error);
  [[noreturn]] void fail(std::string what);
  [[noreturn]] void failAt(const char *place, std::string what);

private:
  [[noreturn]] void failLexically(simdjson::error_code error);
  std::string_view json;
  simdjson::ondemand::document root;
  bool halvesAllowed = false, half = false;
};

/// True if `text` is a number of JSON's grammar, of any size.
bool isJsonNumber(std::string_view text);

} // namespace roux::data
