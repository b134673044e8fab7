//===- Json.cpp - JSON into template values and back ----------------------===//
//
// Messages come as JSON and templates print tools and tool calls as JSON.
// Hugging Face replaces Jinja's own `tojson` (which sorts keys and escapes for
// HTML) by a plain json.dumps; published templates are written for that one.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Value.h"

#include <cmath>
#include <fmt/format.h>
#include <simdjson.h>

namespace roux::data {

static void writeString(const Text &text, Text &out) {
  out.append("\"", {});
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned char byte = text.str()[at];
    Origin origin = text.originAt(at);
    static constexpr std::string_view plain = "\b\f\n\r\t\"\\", names = "bfnrt\"\\";
    if (size_t escape = plain.find(static_cast<char>(byte)); escape != plain.npos)
      out.append(std::string{'\\', names[escape]}, origin);
    else if (byte < 0x20)
      out.append(fmt::format("\\u{:04x}", byte), origin);
    else
      out.append(text, at, at + 1);
  }
  out.append("\"", {});
}

static void write(const Value &value, int64_t indent, int64_t depth, Text &out);

/// Brackets around `count` items, which `item` writes, one a line if `indent` says so.
template <typename Item>
static void writeItems(const char *brackets, size_t count, int64_t indent, int64_t depth, Text &out,
                       Item item) {
  auto newLine = [&](int64_t level) {
    if (indent >= 0)
      out.append("\n" + std::string(indent * level, ' '), {});
  };
  out.append(std::string_view(brackets, 1), {});
  for (size_t i = 0; i < count; ++i) {
    if (i)
      out.append(indent >= 0 ? "," : ", ", {});
    newLine(depth + 1);
    item(i);
  }
  if (count)
    newLine(depth);
  out.append(std::string_view(brackets + 1, 1), {});
}

static void write(const Value &value, int64_t indent, int64_t depth, Text &out) {
  if (value.text())
    return writeString(*value.text(), out);
  if (const ListValue *list = value.list())
    return writeItems("[]", list->items.size(), indent, depth, out,
                      [&](size_t i) { write(list->items[i], indent, depth + 1, out); });
  if (const MapValue *map = value.map(); map && !map->isNamespace)
    return writeItems("{}", map->entries.size(), indent, depth, out, [&](size_t i) {
      writeString(Text(map->entries[i].first), out);
      out.append(": ", {});
      write(map->entries[i].second, indent, depth + 1, out);
    });
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

Text toJson(const Value &value, int64_t indent) {
  Text out;
  write(value, indent, 0, out);
  // What the assistant said as JSON (a tool call) is what it said, brackets included.
  if (Origin common = out.commonOrigin(); common.message >= 0)
    return Text(out.str(), common);
  return out;
}

static Value convert(simdjson::dom::element element, Origin origin) {
  using simdjson::dom::element_type;
  switch (element.type()) {
  case element_type::ARRAY: {
    ListValue list;
    for (simdjson::dom::element item : simdjson::dom::array(element))
      list.items.push_back(convert(item, origin));
    return list;
  }
  case element_type::OBJECT: {
    MapValue map;
    for (auto field : simdjson::dom::object(element))
      map.set(field.key, convert(field.value, origin));
    return map;
  }
  case element_type::STRING:
    return Text(std::string(std::string_view(element)), origin);
  case element_type::INT64:
    return int64_t(element);
  case element_type::UINT64:
    return static_cast<double>(uint64_t(element));
  case element_type::DOUBLE:
    return double(element);
  case element_type::BOOL:
    return bool(element);
  case element_type::NULL_VALUE:
    break;
  }
  return {};
}

Value fromJson(std::string_view json, Origin origin) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto error = parser.parse(json.data(), json.size(), true).get(root))
    throw TemplateError(fmt::format("a value is no JSON that a template can use: {}",
                                    simdjson::error_message(error)));
  return convert(root, origin);
}

} // namespace roux::data
