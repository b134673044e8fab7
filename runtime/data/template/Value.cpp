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
#include <utf8proc.h>

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

/// Values that wait for being let go of by the outermost destructor of this thread.
static thread_local std::vector<Value> *doomed = nullptr;

/// Destructors that called each other would need a stack as deep as the values are.
template <typename Items, typename Take>
static void letGo(Items &items, Take take) {
  if (items.empty())
    return;
  std::vector<Value> own;
  bool isOutermost = !doomed;
  if (isOutermost)
    doomed = &own;
  for (auto &item : items)
    doomed->push_back(std::move(take(item)));
  items.clear();
  if (!isOutermost)
    return;
  while (!own.empty()) {
    Value last = std::move(own.back());
    own.pop_back();
  }
  doomed = nullptr;
}

ListValue::ListValue(std::vector<Value> items, bool tuple)
    : items(std::move(items)), tuple(tuple) {}

ListValue::~ListValue() {
  letGo(items, [](Value &item) -> Value & { return item; });
}

MapValue::~MapValue() {
  letGo(entries, [](auto &entry) -> Value & { return entry.second; });
}

/// From here on keys are found by a table.
static constexpr size_t fewKeys = 16;

const Value *MapValue::find(std::string_view key) const {
  if (!places.empty()) {
    auto place = places.find(std::string(key));
    return place == places.end() ? nullptr : &entries[place->second].second;
  }
  for (const auto &entry : entries)
    if (entry.first == key)
      return &entry.second;
  return nullptr;
}

void MapValue::set(std::string_view key, Value value) {
  if (const Value *known = find(key)) {
    const_cast<Value &>(*known) = std::move(value);
    return;
  }
  meter::bytes(sizeof(entries[0]) + key.size());
  entries.emplace_back(key, std::move(value));
  if (entries.size() <= fewKeys)
    return;
  for (size_t i = places.empty() ? 0 : entries.size() - 1; i < entries.size(); ++i)
    places.emplace(entries[i].first, i);
}

Value::Value(ListValue list) {
  meter::bytes(objectBytes + list.items.size() * sizeof(Value));
  storage = std::make_shared<ListValue>(std::move(list));
}

Value::Value(MapValue map) {
  meter::bytes(objectBytes);
  storage = std::make_shared<MapValue>(std::move(map));
}

/// What Python prints of an integer, and so all that a template can make of one.
static constexpr size_t mostDigits = 4300;

Value::Value(const mpz_class &integer) {
  if (integer.fits_slong_p()) {
    storage = static_cast<int64_t>(integer.get_si());
    return;
  }
  if (mpz_sizeinbase(integer.get_mpz_t(), 10) > mostDigits)
    throw TemplateError(fmt::format("an integer has more than {} digits", mostDigits));
  meter::bytes(objectBytes + mostDigits);
  storage = std::make_shared<const mpz_class>(integer);
}

mpz_class Value::whole() const {
  return large() ? *large() : mpz_class(static_cast<long>(integer() ? *integer() : *boolean()));
}

double Value::number() const {
  if (const bool *held = boolean())
    return *held;
  if (const int64_t *held = integer())
    return static_cast<double>(*held);
  if (large())
    return std::strtod(large()->get_str().c_str(), nullptr); // which rounds; GMP cuts off
  return real() ? *real() : NAN;
}

bool Value::isTrue() const {
  if (large())
    return true;
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
  static constexpr std::string_view names[] = {"undefined", "None", "bool", "int",      "float",
                                               "str",       "list", "dict", "function", "int"};
  return names[storage.index()];
}

std::string printReal(double real) {
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

/// What Python's str.isprintable() says of a character that is not ASCII.
static bool isPrintable(char32_t point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(point))) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZS:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  default:
    return true;
  }
}

/// How Python's repr() writes `point` inside of `mark`s; empty: as it is.
static std::string escapeOf(char32_t point, char mark) {
  if (point == static_cast<char32_t>(mark) || point == '\\')
    return {'\\', static_cast<char>(point)};
  if (point == '\n' || point == '\r' || point == '\t')
    return point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
  if (point < 0x7F ? point >= 0x20 : point > 0x7F && isPrintable(point))
    return "";
  auto number = static_cast<uint32_t>(point);
  return point < 0x100     ? fmt::format("\\x{:02x}", number)
         : point < 0x10000 ? fmt::format("\\u{:04x}", number)
                           : fmt::format("\\U{:08x}", number);
}

/// A text as Python's repr() quotes it.
static Text quote(const Text &text) {
  bool doubled =
      text.str().find('\'') != std::string::npos && text.str().find('"') == std::string::npos;
  char mark = doubled ? '"' : '\'';
  Text quoted(std::string(1, mark));
  size_t plain = 0; // from here on nothing is escaped
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    std::string escape = escapeOf(nextCodePoint(text.view(), at), mark);
    if (escape.empty())
      continue;
    quoted.append(text, plain, begin);
    quoted.append(escape, text.originAt(begin));
    plain = at;
  }
  quoted.append(text, plain, text.size());
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
  meter::ValueLevel level;
  meter::step();
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
  if (large()) {
    meter::step(mostDigits / 16);
    return Text(large()->get_str());
  }
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

/// -1, 0 or 1; none where a nan is in it.
static std::optional<int> compareNumbers(const Value &left, const Value &right) {
  if (!left.real() && !right.real())
    return sgn(left.whole() - right.whole());
  for (const Value *each : {&left, &right})
    if (each->real() && !std::isfinite(*each->real())) {
      double a = left.real() ? *left.real() : 0, b = right.real() ? *right.real() : 0;
      return std::isnan(a) || std::isnan(b) ? std::nullopt : std::optional(a < b ? -1 : a > b);
    }
  // Exact, as Python compares an int with a float.
  mpq_class a = left.real() ? mpq_class(*left.real()) : mpq_class(left.whole());
  mpq_class b = right.real() ? mpq_class(*right.real()) : mpq_class(right.whole());
  int order = cmp(a, b);
  return order < 0 ? -1 : order > 0;
}

bool equal(const Value &left, const Value &right) {
  meter::ValueLevel level;
  meter::step();
  if (left.isNumber() && right.isNumber()) {
    if (left.integer() && right.integer())
      return *left.integer() == *right.integer();
    return compareNumbers(left, right) == 0;
  }
  if (left.text() && right.text()) {
    meter::scan(std::min(left.text()->size(), right.text()->size()));
    return left.text()->str() == right.text()->str();
  }
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
  meter::ValueLevel level;
  meter::step();
  if (left.isNumber() && right.isNumber()) {
    if (left.integer() && right.integer())
      return *left.integer() < *right.integer();
    return compareNumbers(left, right) == -1;
  }
  // The order of UTF-8 bytes is that of code points.
  if (left.text() && right.text()) {
    meter::scan(std::min(left.text()->size(), right.text()->size()));
    return left.text()->str() < right.text()->str();
  }
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
    return findText(haystack.text()->view(), needle.text()->view()) != std::string::npos;
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
