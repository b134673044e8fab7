//===- Filters.cpp - `value | filter(…)` ----------------------------------===//
//
// One table of the filters that published templates use, each as Jinja defines
// it, and those of text. A name that is not here is refused when the template is
// parsed.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Filters.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace roux::data {

using namespace jinja;

const Value &jinja::argument(const Arguments &arguments, size_t index, std::string_view name) {
  const Value *value = arguments.find(index, name);
  if (!value)
    throw TemplateError(fmt::format("argument '{}' is missing", name));
  return *value;
}

int64_t jinja::integerOr(const Arguments &arguments, size_t index, std::string_view name,
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

bool jinja::flag(const Arguments &arguments, size_t index, std::string_view name, bool otherwise) {
  const Value *value = arguments.find(index, name);
  return value ? value->isTrue() : otherwise;
}

namespace {

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
    {"abs", absolute},
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
