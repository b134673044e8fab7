//===- Json.cpp - JSON into template values and back ----------------------===//
//
// Messages come as JSON and templates print tools and tool calls as JSON.
// Hugging Face replaces Jinja's own `tojson` (which sorts keys and escapes for
// HTML) by a plain json.dumps; published templates are written for that one.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <simdjson.h>

namespace roux::data {

namespace {

/// Writes a value in a form.
class Writer {
public:
  explicit Writer(const JsonForm &form)
      : form(form), between(form.between ? *form.between : Text(form.indent ? "," : ", ")),
        afterKey(form.afterKey ? *form.afterKey : Text(": ")) {}

  void write(const Value &value, size_t depth);
  void writeString(const Text &text);
  Text out;

private:
  template <typename Item>
  void writeItems(const char *brackets, size_t count, size_t depth, Item item);
  void newLine(size_t depth);
  void writeMap(const MapValue &map, size_t depth);

  const JsonForm &form;
  Text between, afterKey;
};

/// How JSON writes a character inside of a string; empty: as it is.
std::string escapeOf(char32_t point, bool asciiOnly) {
  static constexpr std::string_view plain = "\b\f\n\r\t\"\\", names = "bfnrt\"\\";
  auto number = static_cast<uint32_t>(point);
  if (point < 0x80) {
    if (size_t found = plain.find(static_cast<char>(point)); found != plain.npos)
      return {'\\', names[found]};
    return point < 0x20 ? fmt::format("\\u{:04x}", number) : "";
  }
  if (!asciiOnly)
    return "";
  if (number < 0x10000)
    return fmt::format("\\u{:04x}", number);
  number -= 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 | number >> 10, 0xDC00 | (number & 0x3FF));
}

void Writer::writeString(const Text &text) {
  out.append("\"", {});
  size_t plain = 0; // from here on nothing is escaped
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    std::string escape = escapeOf(nextCodePoint(text.view(), at), form.asciiOnly);
    if (escape.empty())
      continue;
    out.append(text, plain, begin);
    out.append(escape, text.originAt(begin));
    plain = at;
  }
  out.append(text, plain, text.size());
  out.append("\"", {});
}

void Writer::newLine(size_t depth) {
  if (!form.indent)
    return;
  out.append("\n", {});
  for (size_t i = 0; i < depth; ++i)
    out.append(*form.indent);
}

/// Brackets around `count` items, which `item` writes, one a line if there is an indent.
template <typename Item>
void Writer::writeItems(const char *brackets, size_t count, size_t depth, Item item) {
  out.append(std::string_view(brackets, 1), {});
  for (size_t i = 0; i < count; ++i) {
    if (i)
      out.append(between);
    newLine(depth + 1);
    item(i);
  }
  if (count)
    newLine(depth);
  out.append(std::string_view(brackets + 1, 1), {});
}

void Writer::writeMap(const MapValue &map, size_t depth) {
  std::vector<size_t> order(map.entries.size());
  std::iota(order.begin(), order.end(), size_t(0));
  if (form.sortKeys)
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return map.entries[a].first < map.entries[b].first; });
  writeItems("{}", order.size(), depth, [&](size_t i) {
    const auto &[key, value] = map.entries[order[i]];
    writeString(Text(key));
    out.append(afterKey);
    write(value, depth + 1);
  });
}

void Writer::write(const Value &value, size_t depth) {
  meter::ValueLevel level;
  meter::step();
  if (value.text())
    return writeString(*value.text());
  if (const ListValue *list = value.list())
    return writeItems("[]", list->items.size(), depth,
                      [&](size_t i) { write(list->items[i], depth + 1); });
  if (const MapValue *map = value.map(); map && !map->isNamespace)
    return writeMap(*map, depth);
  if (value.isNone())
    return out.append("null", {});
  if (const bool *boolean = value.boolean())
    return out.append(*boolean ? "true" : "false", {});
  if (value.real() && !std::isfinite(*value.real()))
    return out.append(std::isnan(*value.real()) ? "NaN"
                      : *value.real() < 0       ? "-Infinity"
                                                : "Infinity",
                      {});
  if (value.isNumber())
    return out.append(value.print());
  throw TemplateError(fmt::format("a value of type {} has no JSON form", value.typeName()));
}

} // namespace

Text toJson(const Value &value, const JsonForm &form) {
  Writer writer(form);
  writer.write(value, 0);
  // What the assistant said as JSON (a tool call) is what it said, brackets included.
  if (Origin common = writer.out.commonOrigin(); common.message >= 0)
    return Text(writer.out.str(), common);
  return std::move(writer.out);
}

using simdjson::ondemand::json_type;

/// A number as Python reads it: integers of any size, floats up to infinity.
static Value readNumber(std::string_view token) {
  while (!token.empty() && std::string_view(" \t\r\n").find(token.back()) != token.npos)
    token.remove_suffix(1);
  std::string digits(token);
  if (digits.find_first_of(".eE") != digits.npos)
    return std::strtod(digits.c_str(), nullptr);
  int64_t small;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), small);
  if (error == std::errc() && end == digits.data() + digits.size())
    return small;
  if (digits.size() > 4301) // as Python, which refuses to read it
    throw TemplateError("an integer has more than 4300 digits");
  mpz_class large;
  if (large.set_str(digits, 10) != 0)
    throw TemplateError("a value is no JSON that a template can use: a number is damaged");
  return large;
}

/// Throws what simdjson throws. Its parser bounds how deep this calls itself.
template <typename Json>
static Value convert(Json &&json, Origin origin) {
  switch (json_type type = json.type()) {
  case json_type::array: {
    ListValue list;
    for (auto item : json.get_array())
      list.items.push_back(convert(item.value(), origin));
    return list;
  }
  case json_type::object: {
    MapValue map;
    for (auto field : json.get_object()) {
      std::string key(std::string_view(field.unescaped_key()));
      map.set(key, convert(field.value().value(), origin));
    }
    return map;
  }
  case json_type::string:
    return Text(std::string(std::string_view(json.get_string())), origin);
  case json_type::number:
    return readNumber(json.raw_json_token());
  case json_type::boolean:
    return bool(json.get_bool());
  default:
    if (type == json_type::null && json.is_null())
      return {};
    throw simdjson::simdjson_error(simdjson::TAPE_ERROR);
  }
}

Value fromJson(std::string_view json, Origin origin) {
  try {
    simdjson::padded_string padded(json);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document = parser.iterate(padded);
    return convert(document, origin);
  } catch (const simdjson::simdjson_error &error) {
    throw TemplateError(
        fmt::format("a value is no JSON that a template can use: {}", error.what()));
  }
}

} // namespace roux::data
