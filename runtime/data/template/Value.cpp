//===- Value.cpp - comparing and printing template values -----------------===//
//
// Templates rely on Python's rules for truth, equality, order and str(); they
// are kept here, apart from the syntax that uses them.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Value.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux::data {

const Value *Arguments::find(size_t index, std::string_view name) const {
  if (index < positional.size())
    return &positional[index];
  for (const auto &[key, value] : named)
    if (key == name)
      return &value;
  return nullptr;
}

void Arguments::check(std::string_view function, size_t most,
                      std::initializer_list<std::string_view> names) const {
  if (positional.size() > most)
    throw TemplateError(fmt::format("'{}' takes at most {} arguments, found {}", function, most,
                                    positional.size()));
  for (const auto &entry : named)
    if (std::find(names.begin(), names.end(), entry.first) == names.end())
      throw TemplateError(fmt::format("'{}' has no argument '{}'", function, entry.first));
}

const Value *MapValue::find(std::string_view key) const {
  for (const auto &entry : entries)
    if (entry.first == key)
      return &entry.second;
  return nullptr;
}

void MapValue::set(std::string_view key, Value value) {
  for (auto &entry : entries)
    if (entry.first == key) {
      entry.second = std::move(value);
      return;
    }
  entries.emplace_back(key, std::move(value));
}

double Value::number() const {
  if (const bool *held = boolean())
    return *held;
  if (const int64_t *held = integer())
    return static_cast<double>(*held);
  return real() ? *real() : NAN;
}

bool Value::isTrue() const {
  if (isNumber())
    return number() != 0;
  if (text())
    return !text()->empty();
  if (list())
    return !list()->items.empty();
  if (map())
    return map()->isNamespace || !map()->entries.empty();
  return function() != nullptr;
}

std::string_view Value::typeName() const {
  static constexpr std::string_view names[] = {"undefined", "None", "bool", "int",     "float",
                                               "str",       "list", "dict", "function"};
  return names[storage.index()];
}

static std::string printReal(double real) {
  if (std::isnan(real))
    return "nan";
  if (std::isinf(real))
    return real < 0 ? "-inf" : "inf";
  std::string printed = fmt::format("{}", real);
  // Python prints a fraction or an exponent, and no exponent below 1e16.
  if (printed.find_first_of(".e") == std::string::npos)
    return printed + ".0";
  size_t exponent = printed.find('e');
  if (exponent != std::string::npos && std::abs(real) < 1e16 && std::abs(real) >= 1e-4) {
    printed = fmt::format("{:.17f}", real);
    printed.erase(printed.find_last_not_of('0') + 1);
    return printed.back() == '.' ? printed + "0" : printed;
  }
  return printed;
}

/// A text as Python's repr() quotes it.
static Text quote(const Text &text) {
  bool doubled =
      text.str().find('\'') != std::string::npos && text.str().find('"') == std::string::npos;
  char mark = doubled ? '"' : '\'';
  Text quoted(std::string(1, mark));
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned char byte = text.str()[at];
    Origin origin = text.originAt(at);
    if (byte == mark || byte == '\\')
      quoted.append(std::string{'\\', static_cast<char>(byte)}, origin);
    else if (byte == '\n' || byte == '\r' || byte == '\t')
      quoted.append(byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : "\\t", origin);
    else if (byte < 0x20 || byte == 0x7F)
      quoted.append(fmt::format("\\x{:02x}", byte), origin);
    else
      quoted.append(text, at, at + 1);
  }
  quoted.append(std::string(1, mark), {});
  return quoted;
}

static Text representList(const ListValue &list) {
  Text printed(list.tuple ? "(" : "[");
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (i)
      printed.append(", ", {});
    printed.append(list.items[i].represent());
  }
  if (list.tuple && list.items.size() == 1)
    printed.append(",", {});
  printed.append(list.tuple ? ")" : "]", {});
  return printed;
}

static Text representMap(const MapValue &map) {
  Text printed("{");
  for (size_t i = 0; i < map.entries.size(); ++i) {
    if (i)
      printed.append(", ", {});
    printed.append(quote(Text(map.entries[i].first)));
    printed.append(": ", {});
    printed.append(map.entries[i].second.represent());
  }
  printed.append("}", {});
  return printed;
}

Text Value::represent() const {
  if (text())
    return quote(*text());
  if (list())
    return representList(*list());
  if (map())
    return representMap(*map());
  return isUndefined() ? Text("Undefined") : print();
}

Text Value::print() const {
  if (text())
    return *text();
  if (isUndefined())
    return {};
  if (isNone())
    return Text("None");
  if (const bool *held = boolean())
    return Text(*held ? "True" : "False");
  if (const int64_t *held = integer())
    return Text(fmt::format("{}", *held));
  if (const double *held = real())
    return Text(printReal(*held));
  if (function())
    throw TemplateError(fmt::format("function '{}' is printed; is a call missing its parentheses?",
                                    function()->name));
  return represent();
}

bool Value::isSame(const Value &other) const {
  if (storage.index() != other.storage.index())
    return false;
  if (list() || map() || function())
    return list() == other.list() && map() == other.map() && function() == other.function();
  return equal(*this, other);
}

bool equal(const Value &left, const Value &right) {
  if (left.isNumber() && right.isNumber()) {
    if (left.integer() && right.integer())
      return *left.integer() == *right.integer();
    return left.number() == right.number();
  }
  if (left.text() && right.text())
    return left.text()->str() == right.text()->str();
  if (left.list() && right.list()) {
    const ListValue &a = *left.list(), &b = *right.list();
    return a.tuple == b.tuple && a.items.size() == b.items.size() &&
           std::equal(a.items.begin(), a.items.end(), b.items.begin(), equal);
  }
  if (left.map() && right.map()) {
    const auto &entries = left.map()->entries;
    return entries.size() == right.map()->entries.size() &&
           std::all_of(entries.begin(), entries.end(), [&](const auto &entry) {
             const Value *other = right.map()->find(entry.first);
             return other && equal(entry.second, *other);
           });
  }
  if (left.function() || right.function())
    return left.function() == right.function();
  return (left.isNone() && right.isNone()) || (left.isUndefined() && right.isUndefined());
}

bool less(const Value &left, const Value &right) {
  if (left.isNumber() && right.isNumber()) {
    if (left.integer() && right.integer())
      return *left.integer() < *right.integer();
    return left.number() < right.number();
  }
  // The order of UTF-8 bytes is that of code points.
  if (left.text() && right.text())
    return left.text()->str() < right.text()->str();
  if (left.list() && right.list())
    return std::lexicographical_compare(left.list()->items.begin(), left.list()->items.end(),
                                        right.list()->items.begin(), right.list()->items.end(),
                                        less);
  throw TemplateError(
      fmt::format("'{}' and '{}' have no order", left.typeName(), right.typeName()));
}

bool contains(const Value &haystack, const Value &needle) {
  if (haystack.text()) {
    if (!needle.text())
      throw TemplateError(fmt::format("'in' looks for '{}' in a str", needle.typeName()));
    return haystack.text()->str().find(needle.text()->str()) != std::string::npos;
  }
  if (haystack.list())
    return std::any_of(haystack.list()->items.begin(), haystack.list()->items.end(),
                       [&](const Value &item) { return equal(item, needle); });
  if (haystack.map())
    return needle.text() && haystack.map()->find(needle.text()->view());
  if (haystack.isUndefined())
    return false;
  throw TemplateError(fmt::format("'in' looks into a value of type {}", haystack.typeName()));
}

} // namespace roux::data
