//===- Filters.cpp - `value | filter(…)` ----------------------------------===//
//
// One table of the filters that published templates use, each as Jinja defines
// it. A name that is not here is refused when the template is parsed.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Interpreter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <list>

namespace roux::data {

using namespace jinja;

namespace {

using Filter = Value (*)(Interpreter &, const Value &, Arguments &);

const Value &argument(const Arguments &arguments, size_t index, std::string_view name) {
  const Value *value = arguments.find(index, name);
  if (!value)
    throw TemplateError(fmt::format("argument '{}' is missing", name));
  return *value;
}

int64_t integerOr(const Arguments &arguments, size_t index, std::string_view name,
                  int64_t otherwise) {
  const Value *value = arguments.find(index, name);
  if (!value || value->isNone())
    return otherwise;
  if (value->large()) // is beyond any size that there is
    return *value->large() < 0 ? std::numeric_limits<int64_t>::min()
                               : std::numeric_limits<int64_t>::max();
  if (!value->integer())
    throw TemplateError(
        fmt::format("argument '{}' has type {}, expected int", name, value->typeName()));
  return *value->integer();
}

bool flag(const Arguments &arguments, size_t index, std::string_view name, bool otherwise) {
  const Value *value = arguments.find(index, name);
  return value ? value->isTrue() : otherwise;
}

/// `a.b.0` followed from `value`.
Value followPath(Value value, std::string_view path) {
  for (const Text &step :
       split(Text(std::string(path)), &static_cast<const std::string &>("."), -1)) {
    int64_t index;
    const char *end = step.str().data() + step.size();
    bool number = !step.empty() && std::from_chars(step.str().data(), end, index).ptr == end;
    value = number ? subscript(value, index) : subscript(value, Value(step));
  }
  return value;
}

Value keyOf(const Value &value, const Value *path) {
  if (!path || path->isNone())
    return value;
  if (path->integer())
    return subscript(value, *path);
  if (!path->text())
    throw TemplateError("an attribute's name is a str");
  return followPath(value, path->text()->view());
}

/// For order and uniqueness, which ignore case unless told otherwise.
Value folded(const Value &value, bool caseSensitive) {
  return value.text() && !caseSensitive ? Value(lower(*value.text())) : value;
}

Value length(Interpreter &, const Value &value, Arguments &) {
  if (value.text())
    return static_cast<int64_t>(countCodePoints(value.text()->view()));
  if (value.list())
    return static_cast<int64_t>(value.list()->items.size());
  if (value.map() && !value.map()->isNamespace)
    return static_cast<int64_t>(value.map()->entries.size());
  if (value.isUndefined())
    return int64_t(0);
  throw TemplateError(fmt::format("a value of type {} has no length", value.typeName()));
}

Value join(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *separator = arguments.find(0, "d");
  Text between = separator ? separator->print() : Text(), joined;
  const Value *path = arguments.find(1, "attribute");
  bool first = true;
  for (const Value &item : iterate(value)) {
    if (!std::exchange(first, false))
      joined.append(between);
    joined.append(keyOf(item, path).print());
  }
  return joined;
}

/// Stable, as Python's. A list sorts by merging, which an order with holes (nan) cannot break.
ListValue sorted(const std::vector<Value> &items, bool reverse,
                 const std::function<Value(const Value &)> &key) {
  std::list<Value> order(items.begin(), items.end());
  order.sort([&](const Value &a, const Value &b) {
    return reverse ? less(key(b), key(a)) : less(key(a), key(b));
  });
  return {{order.begin(), order.end()}};
}

Value sort(Interpreter &, const Value &value, Arguments &arguments) {
  bool exact = flag(arguments, 1, "case_sensitive", false);
  const Value *path = arguments.find(2, "attribute");
  return sorted(iterate(value), flag(arguments, 0, "reverse", false),
                [&](const Value &item) { return folded(keyOf(item, path), exact); });
}

Value items(Interpreter &, const Value &value, Arguments &) {
  ListValue list;
  if (value.isUndefined())
    return list;
  if (!value.map())
    throw TemplateError(fmt::format("the items of a {}, expected dict", value.typeName()));
  for (const auto &[key, each] : value.map()->entries)
    list.items.push_back(ListValue{{Value(key), each}, true});
  return list;
}

Value dictsort(Interpreter &interpreter, const Value &value, Arguments &arguments) {
  bool exact = flag(arguments, 0, "case_sensitive", false);
  const Value *by = arguments.find(1, "by");
  size_t part = by && by->text() && by->text()->str() == "value";
  return sorted(items(interpreter, value, arguments).list()->items,
                flag(arguments, 2, "reverse", false),
                [&](const Value &pair) { return folded(pair.list()->items[part], exact); });
}

Value unique(Interpreter &, const Value &value, Arguments &arguments) {
  bool exact = flag(arguments, 0, "case_sensitive", false);
  const Value *path = arguments.find(1, "attribute");
  ListValue list;
  std::vector<Value> seen;
  for (const Value &item : iterate(value)) {
    Value key = folded(keyOf(item, path), exact);
    if (std::any_of(seen.begin(), seen.end(), [&](const Value &each) { return equal(each, key); }))
      continue;
    seen.push_back(key);
    list.items.push_back(item);
  }
  return list;
}

/// `map("filter", …)` or `map(attribute="name", default=…)`.
Value map(Interpreter &interpreter, const Value &value, Arguments &arguments) {
  ListValue list;
  for (const Value &item : iterate(value)) {
    meter::step();
    if (const Value *path = arguments.find(SIZE_MAX, "attribute")) {
      Value found = keyOf(item, path);
      const Value *otherwise = arguments.find(SIZE_MAX, "default");
      list.items.push_back(found.isUndefined() && otherwise ? *otherwise : found);
      continue;
    }
    const Value &name = argument(arguments, 0, "filter");
    if (!name.text() || !isFilter(name.text()->view()))
      throw TemplateError(fmt::format("filter '{}' is not supported", name.print().str()));
    Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
    list.items.push_back(interpreter.filter(name.text()->view(), item, rest));
  }
  return list;
}

/// select, reject, selectattr and rejectattr: the items whose test comes out as `wanted`.
Value choose(Interpreter &interpreter, const Value &value, Arguments &arguments, bool byAttribute,
             bool wanted) {
  size_t first = byAttribute ? 1 : 0;
  if (byAttribute)
    argument(arguments, 0, "attribute");
  ListValue list;
  for (const Value &item : iterate(value)) {
    meter::step();
    Value tested = byAttribute ? keyOf(item, &arguments.positional[0]) : item;
    bool holds = tested.isTrue();
    if (arguments.positional.size() > first) {
      const Value &name = arguments.positional[first];
      if (!name.text() || !isTest(name.text()->view()))
        throw TemplateError(fmt::format("test '{}' is not supported", name.print().str()));
      Arguments rest{{arguments.positional.begin() + first + 1, arguments.positional.end()}, {}};
      holds = interpreter.test(name.text()->view(), tested, rest);
    }
    if (holds == wanted)
      list.items.push_back(item);
  }
  return list;
}

Value extreme(const Value &value, Arguments &arguments, bool largest) {
  bool exact = flag(arguments, 0, "case_sensitive", false);
  const Value *path = arguments.find(1, "attribute");
  std::vector<Value> items = iterate(value);
  if (items.empty())
    return Undefined{"an extreme of nothing"};
  auto before = [&](const Value &a, const Value &b) {
    Value left = folded(keyOf(a, path), exact), right = folded(keyOf(b, path), exact);
    return largest ? less(right, left) : less(left, right);
  };
  return *std::min_element(items.begin(), items.end(), before);
}

Value sum(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *start = arguments.find(1, "start");
  Value total = start ? *start : Value(int64_t(0));
  for (const Value &item : iterate(value))
    total = binary("+", total, keyOf(item, arguments.find(0, "attribute")));
  return total;
}

Value round(Interpreter &, const Value &value, Arguments &arguments) {
  int64_t digits = integerOr(arguments, 0, "precision", 0);
  const Value *method = arguments.find(1, "method");
  std::string how = method ? method->print().str() : "common";
  if (!require(value).isNumber())
    throw TemplateError(fmt::format("a {} is rounded, expected a number", value.typeName()));
  if (how == "common" && !value.real() && digits >= 0)
    return value.whole();
  double scale = std::pow(10.0, static_cast<double>(digits));
  double scaled = value.number() * scale;
  if (how == "ceil" || how == "floor")
    return (how == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
  if (how != "common")
    throw TemplateError("the method of 'round' is common, ceil or floor");
  if (!value.real())
    return mpz_class(mpz_class(std::nearbyint(scaled)) *
                     mpz_class(std::pow(10.0, -std::max<int64_t>(digits, -300))));
  if (!std::isfinite(scaled) || digits > 300)
    return value;
  if (digits < 0)
    return std::nearbyint(scaled) / scale;
  // Printing rounds the exact value, halves to even, as Python does.
  return std::strtod(fmt::format("{:.{}f}", value.number(), digits).c_str(), nullptr);
}

/// The integer that a float is without its fraction; none of inf and nan.
std::optional<mpz_class> truncated(double real) {
  if (!std::isfinite(real))
    return std::nullopt;
  return mpz_class(real);
}

/// As Python reads numbers: blanks around them, one sign, single `_` between digits.
std::optional<std::string> numberText(const Text &text) {
  std::string digits = strip(text, true, true).str();
  for (size_t i = 0; i < digits.size(); ++i) {
    auto isDigitAt = [&](size_t at) {
      return at < digits.size() && std::isdigit(static_cast<unsigned char>(digits[at]));
    };
    if (digits[i] == '_' && (i == 0 || !isDigitAt(i - 1) || !isDigitAt(i + 1)))
      return std::nullopt;
  }
  std::erase(digits, '_');
  if (digits.starts_with('+') && !digits.starts_with("+-"))
    digits.erase(0, 1);
  if (digits.empty() || digits.size() > 4300)
    return std::nullopt;
  return digits;
}

std::optional<double> realOf(const Text &text) {
  std::optional<std::string> digits = numberText(text);
  if (!digits || digits->find_first_of("xX(") != digits->npos)
    return std::nullopt;
  const char *end = digits->data() + digits->size();
  double real;
  auto [stop, error] = std::from_chars(digits->data(), end, real);
  if (stop != end)
    return std::nullopt;
  return error == std::errc::result_out_of_range ? std::strtod(digits->c_str(), nullptr) : real;
}

Value toInteger(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *given = arguments.find(0, "default");
  Value otherwise = given ? *given : Value(int64_t(0));
  int64_t base = integerOr(arguments, 1, "base", 10);
  if (value.real()) {
    std::optional<mpz_class> whole = truncated(*value.real());
    return whole ? Value(*whole) : otherwise;
  }
  if (value.isNumber())
    return value.whole();
  if (!value.text())
    return otherwise;
  if (base != 10)
    throw TemplateError("'int' reads base 10 only");
  std::optional<std::string> digits = numberText(*value.text());
  size_t sign = digits && digits->starts_with('-');
  if (digits && digits->size() > sign &&
      digits->find_first_not_of("0123456789", sign) == digits->npos)
    return mpz_class(*digits, 10);
  std::optional<double> real = realOf(*value.text());
  std::optional<mpz_class> whole = real ? truncated(*real) : std::nullopt;
  return whole ? Value(*whole) : otherwise;
}

Value toReal(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *given = arguments.find(0, "default");
  Value otherwise = given ? *given : Value(0.0);
  if (value.isNumber())
    return value.number();
  std::optional<double> real = value.text() ? realOf(*value.text()) : std::nullopt;
  return real ? Value(*real) : otherwise;
}

/// An indent, told as a number of blanks or as a text; none where it is none.
std::optional<std::string> blanksOf(const Value *width, int64_t otherwise) {
  if (width && width->isNone())
    return std::nullopt;
  if (width && width->text())
    return width->text()->str();
  int64_t count = otherwise;
  if (width && width->isNumber() && !width->real())
    count = width->large() ? std::numeric_limits<int64_t>::max() : *Value(width->whole()).integer();
  else if (width)
    throw TemplateError(fmt::format("an indent has type {}, expected int", width->typeName()));
  count = std::max<int64_t>(count, 0);
  meter::bytes(count);
  return std::string(count, ' ');
}

Value indent(Interpreter &, const Value &value, Arguments &arguments) {
  std::string blanks = blanksOf(arguments.find(0, "width"), 4).value_or("");
  bool first = flag(arguments, 1, "first", false), blank = flag(arguments, 2, "blank", false);
  Text result;
  if (first)
    result.append(blanks, {});
  std::vector<Text> lines = splitLines(value.print(), true);
  for (size_t i = 0; i < lines.size(); ++i) {
    bool empty = strip(lines[i], true, true).empty();
    if (i && (blank || !empty))
      result.append(blanks, {});
    result.append(lines[i]);
  }
  return result;
}

/// Jinja's title differs from Python's: only blanks, hyphens and opening brackets begin a word.
Value titleWords(Interpreter &, const Value &value, Arguments &) {
  bool inWord = false;
  return mapCodePoints(value.print(), [&](char32_t point, bool) -> char32_t {
    bool separates = isSpace(point) ||
                     (point < 128 && std::string_view("-({[<").find(static_cast<char>(point)) !=
                                         std::string_view::npos);
    Text letter(encodeCodePoint(point));
    Text changed = inWord ? lower(letter) : upper(letter);
    inWord = !separates;
    size_t at = 0;
    return nextCodePoint(changed.view(), at);
  });
}

Value escape(Interpreter &, const Value &value, Arguments &) {
  Text text = value.print();
  if (!text.isMarkup)
    text = escaped(std::move(text));
  text.isMarkup = true;
  return text;
}

Value safe(Interpreter &, const Value &value, Arguments &) {
  Text text = value.print();
  text.isMarkup = true;
  return text;
}

Value edge(const Value &value, bool last) {
  std::vector<Value> items = iterate(value);
  if (items.empty())
    return Undefined{last ? "the last item" : "the first item"};
  return last ? items.back() : items.front();
}

Value reversed(Interpreter &, const Value &value, Arguments &) {
  std::vector<Value> items = iterate(value);
  std::reverse(items.begin(), items.end());
  if (!value.text())
    return ListValue{std::move(items)};
  Text text;
  for (const Value &item : items)
    text.append(*item.text());
  return text;
}

Value otherwise(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *given = arguments.find(0, "default_value");
  bool absent = value.isUndefined() || (flag(arguments, 1, "boolean", false) && !value.isTrue());
  return !absent ? value : given ? *given : Value("");
}

Value replaceText(Interpreter &, const Value &value, Arguments &arguments) {
  return replace(value.print(), argument(arguments, 0, "old").print().view(),
                 argument(arguments, 1, "new").print(), integerOr(arguments, 2, "count", -1));
}

/// As Hugging Face has it, which is json.dumps without escapes for HTML.
Value tojson(Interpreter &, const Value &value, Arguments &arguments) {
  arguments.check("tojson", 4, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonForm form;
  form.asciiOnly = flag(arguments, 0, "ensure_ascii", false);
  form.sortKeys = flag(arguments, 3, "sort_keys", false);
  const Value *width = arguments.find(1, "indent"), *marks = arguments.find(2, "separators");
  if (width)
    form.indent = blanksOf(width, 0);
  if (marks && !marks->isNone()) {
    const ListValue *pair = marks->list();
    if (!pair || pair->items.size() != 2 || !pair->items[0].text() || !pair->items[1].text())
      throw TemplateError("the separators of 'tojson' are two strings");
    form.between = *pair->items[0].text();
    form.afterKey = *pair->items[1].text();
  }
  return toJson(require(value), form);
}

Value trim(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *characters = arguments.find(0, "chars");
  bool given = characters && !characters->isNone();
  std::string set = given ? characters->print().str() : "";
  return strip(value.print(), true, true, given ? &set : nullptr);
}

#define INLINE(BODY)                                                                               \
  [](Interpreter &interpreter, const Value &value, Arguments &arguments) -> Value { BODY }

const std::pair<std::string_view, Filter> filters[] = {
    {"abs", INLINE({
       require(value);
       if (!value.isNumber())
         throw TemplateError(fmt::format("'abs' of a {}", value.typeName()));
       return value.real() ? Value(std::abs(*value.real())) : Value(mpz_class(abs(value.whole())));
     })},
    {"capitalize", INLINE({ return capitalize(value.print()); })},
    {"count", length},
    {"d", otherwise},
    {"default", otherwise},
    {"dictsort", dictsort},
    {"e", escape},
    {"escape", escape},
    {"first", INLINE({ return edge(value, false); })},
    {"float", toReal},
    {"indent", indent},
    {"int", toInteger},
    {"items", items},
    {"join", join},
    {"last", INLINE({ return edge(value, true); })},
    {"length", length},
    {"list", INLINE({ return ListValue{iterate(value)}; })},
    {"lower", INLINE({ return lower(value.print()); })},
    {"map", map},
    {"max", INLINE({ return extreme(value, arguments, true); })},
    {"min", INLINE({ return extreme(value, arguments, false); })},
    {"reject", INLINE({ return choose(interpreter, value, arguments, false, false); })},
    {"rejectattr", INLINE({ return choose(interpreter, value, arguments, true, false); })},
    {"replace", replaceText},
    {"reverse", reversed},
    {"round", round},
    {"safe", safe},
    {"select", INLINE({ return choose(interpreter, value, arguments, false, true); })},
    {"selectattr", INLINE({ return choose(interpreter, value, arguments, true, true); })},
    {"sort", sort},
    {"string", INLINE({ return value.print(); })},
    {"sum", sum},
    {"title", titleWords},
    {"tojson", tojson},
    {"trim", trim},
    {"unique", unique},
    {"upper", INLINE({ return upper(value.print()); })},
};
#undef INLINE

} // namespace

bool jinja::isFilter(std::string_view name) {
  return std::any_of(std::begin(filters), std::end(filters),
                     [&](const auto &filter) { return filter.first == name; });
}

Value Interpreter::filter(std::string_view name, const Value &value, Arguments &arguments) {
  for (const auto &[known, body] : filters)
    if (known == name) {
      meter::Level level;
      if (value.text())
        meter::scan(value.text()->size());
      return body(*this, value, arguments);
    }
  throw TemplateError(fmt::format("filter '{}' is not supported", name));
}

} // namespace roux::data
