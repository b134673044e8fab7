//===- ObjectText.h - a JSON object, one key a line -----------------------===//
//
// What config.json is written with. A key that is written twice stays as it was
// first: several properties may be said by one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/JsonText.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <string>
#include <vector>

namespace roux::model {

/// With a decimal point where it is whole: transformers warns about a factor that is an integer.
inline std::string realText(double value) {
  std::string text = data::jsonNumber(value);
  return text.find_first_of(".en") == text.npos ? text + ".0" : text;
}

class ObjectText {
public:
  void raw(std::string_view key, std::string_view json) {
    if (known.insert(std::string(key)).second)
      lines.push_back(fmt::format("  \"{}\": {}", key, json));
  }
  void text(std::string_view key, std::string_view value) { raw(key, data::jsonText(value)); }
  void size(std::string_view key, int64_t value) { raw(key, std::to_string(value)); }
  /// Zero as null: there is none.
  void sizeOrNull(std::string_view key, int64_t value) {
    raw(key, value ? std::to_string(value) : "null");
  }
  void number(std::string_view key, double value) { raw(key, realText(value)); }
  void truth(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
  std::string whole() const { return fmt::format("{{\n{}\n}}\n", fmt::join(lines, ",\n")); }

private:
  std::vector<std::string> lines;
  std::set<std::string> known;
};

} // namespace roux::model
