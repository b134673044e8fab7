//===- Members.cpp - attributes, indexes and methods ----------------------===//
//
// Templates call Python's methods on strings and dictionaries. Those that change
// a value are refused: Hugging Face renders in an immutable sandbox, which does
// the same.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Interpreter.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace roux::data::jinja {

namespace {

using TextMethod = Value (*)(const Text &, Arguments &);

/// An argument that must be a string; null when absent or none.
const std::string *textArgument(const Arguments &arguments, size_t index, std::string_view name) {
  const Value *value = arguments.find(index, name);
  if (!value || value->isNone())
    return nullptr;
  if (!value->text())
    throw TemplateError(
        fmt::format("argument '{}' has type {}, expected str", name, value->typeName()));
  return &value->text()->str();
}

int64_t integerArgument(const Arguments &arguments, size_t index, std::string_view name,
                        int64_t otherwise) {
  const Value *value = arguments.find(index, name);
  if (!value)
    return otherwise;
  if (!value->integer())
    throw TemplateError(
        fmt::format("argument '{}' has type {}, expected int", name, value->typeName()));
  return *value->integer();
}

const std::string &requiredText(const Arguments &arguments, size_t index, std::string_view name) {
  const std::string *text = textArgument(arguments, index, name);
  if (!text)
    throw TemplateError(fmt::format("argument '{}' is missing", name));
  return *text;
}

Value listOf(std::vector<Text> pieces) {
  ListValue list;
  for (Text &piece : pieces)
    list.items.emplace_back(std::move(piece));
  return list;
}

const std::string *separatorArgument(const Arguments &arguments) {
  const std::string *separator = textArgument(arguments, 0, "sep");
  if (separator && separator->empty())
    throw TemplateError("'split' has an empty separator");
  return separator;
}

/// startswith and endswith take one string or a tuple of them.
bool anyAffix(const Arguments &arguments, const std::function<bool(std::string_view)> &fits) {
  const Value *given = arguments.find(0, "prefix");
  if (given && given->list())
    return std::any_of(given->list()->items.begin(), given->list()->items.end(),
                       [&](const Value &each) { return each.text() && fits(each.text()->view()); });
  return fits(requiredText(arguments, 0, "prefix"));
}

Value placeOf(const Text &text, Arguments &arguments, bool last) {
  const std::string &part = requiredText(arguments, 0, "sub");
  size_t found = findText(text.view(), part);
  if (found == std::string::npos)
    return int64_t(-1);
  if (last && part.empty())
    found = text.size();
  else if (last)
    for (size_t next = found; next != std::string::npos;
         next = findText(text.view(), part, next + 1))
      found = next;
  return static_cast<int64_t>(countCodePoints(text.view().substr(0, found)));
}

Value countText(const Text &text, Arguments &arguments) {
  const std::string &part = requiredText(arguments, 0, "sub");
  if (part.empty())
    return static_cast<int64_t>(countCodePoints(text.view()) + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = findText(text.view(), part, at)) != std::string::npos;
       at += part.size())
    ++count;
  return count;
}

/// True if the text is not empty and every character satisfies `fits`.
Value everyCharacter(const Text &text, bool (*fits)(char32_t)) {
  meter::scan(text.size());
  for (size_t at = 0; at < text.size();)
    if (!fits(nextCodePoint(text.view(), at)))
      return false;
  return !text.empty();
}

Value removeAffix(const Text &text, Arguments &arguments, bool prefix) {
  const std::string &affix = requiredText(arguments, 0, "prefix");
  if (prefix)
    return text.str().starts_with(affix) ? text.slice(affix.size(), text.size()) : text;
  bool ends = text.str().ends_with(affix);
  return ends ? text.slice(0, text.size() - affix.size()) : text;
}

const std::pair<std::string_view, TextMethod> textMethods[] = {
    {"capitalize", [](const Text &text, Arguments &) -> Value { return capitalize(text); }},
    {"count", countText},
    {"endswith",
     [](const Text &text, Arguments &arguments) -> Value {
       return anyAffix(arguments, [&](auto affix) { return text.str().ends_with(affix); });
     }},
    {"find", [](const Text &text, Arguments &a) -> Value { return placeOf(text, a, false); }},
    {"isalpha",
     [](const Text &text, Arguments &) -> Value { return everyCharacter(text, isLetter); }},
    {"isdigit",
     [](const Text &text, Arguments &) -> Value { return everyCharacter(text, isDigit); }},
    {"join",
     [](const Text &text, Arguments &arguments) -> Value {
       Text joined;
       const Value *items = arguments.find(0, "iterable");
       if (!items)
         throw TemplateError("argument 'iterable' is missing");
       bool first = true;
       for (const Value &item : iterate(*items)) {
         if (!item.text())
           throw TemplateError(fmt::format("'join' found a {}, expected str", item.typeName()));
         if (!std::exchange(first, false))
           joined.append(text);
         joined.append(*item.text());
       }
       return joined;
     }},
    {"lower", [](const Text &text, Arguments &) -> Value { return lower(text); }},
    {"lstrip",
     [](const Text &text, Arguments &arguments) -> Value {
       return strip(text, true, false, textArgument(arguments, 0, "chars"));
     }},
    {"removeprefix", [](const Text &t, Arguments &a) -> Value { return removeAffix(t, a, true); }},
    {"removesuffix", [](const Text &t, Arguments &a) -> Value { return removeAffix(t, a, false); }},
    {"replace",
     [](const Text &text, Arguments &arguments) -> Value {
       requiredText(arguments, 1, "new");
       return replace(text, requiredText(arguments, 0, "old"), *arguments.find(1, "new")->text(),
                      integerArgument(arguments, 2, "count", -1));
     }},
    {"rfind", [](const Text &text, Arguments &a) -> Value { return placeOf(text, a, true); }},
    {"rsplit",
     [](const Text &text, Arguments &arguments) -> Value {
       return listOf(splitFromRight(text, separatorArgument(arguments),
                                    integerArgument(arguments, 1, "maxsplit", -1)));
     }},
    {"rstrip",
     [](const Text &text, Arguments &arguments) -> Value {
       return strip(text, false, true, textArgument(arguments, 0, "chars"));
     }},
    {"split",
     [](const Text &text, Arguments &arguments) -> Value {
       return listOf(split(text, separatorArgument(arguments),
                           integerArgument(arguments, 1, "maxsplit", -1)));
     }},
    {"splitlines",
     [](const Text &text, Arguments &arguments) -> Value {
       const Value *keep = arguments.find(0, "keepends");
       return listOf(splitLines(text, keep && keep->isTrue()));
     }},
    {"startswith",
     [](const Text &text, Arguments &arguments) -> Value {
       return anyAffix(arguments, [&](auto affix) { return text.str().starts_with(affix); });
     }},
    {"strip",
     [](const Text &text, Arguments &arguments) -> Value {
       return strip(text, true, true, textArgument(arguments, 0, "chars"));
     }},
    {"title", [](const Text &text, Arguments &) -> Value { return title(text); }},
    {"upper", [](const Text &text, Arguments &) -> Value { return upper(text); }},
};

Value pairOf(const std::string &key, const Value &value) {
  ListValue pair{{Value(key), value}, true};
  return pair;
}

std::optional<Value> mapMethod(const Value &base, const std::string &name) {
  auto bind = [&](auto body) {
    return FunctionValue{name, [base, body](Interpreter &, Arguments &arguments) -> Value {
                           return body(*base.map(), arguments);
                         }};
  };
  if (name == "get")
    return bind([](const MapValue &map, Arguments &arguments) -> Value {
      const Value *found = map.find(requiredText(arguments, 0, "key"));
      const Value *otherwise = arguments.find(1, "default");
      return found ? *found : otherwise ? *otherwise : Value();
    });
  if (name == "items" || name == "keys" || name == "values")
    return bind([kind = name[0]](const MapValue &map, Arguments &) -> Value {
      ListValue list;
      for (const auto &[key, value] : map.entries)
        list.items.push_back(kind == 'i' ? pairOf(key, value) : kind == 'k' ? Value(key) : value);
      return list;
    });
  if (name == "copy")
    return bind([](const MapValue &map, Arguments &) -> Value { return map; });
  return std::nullopt;
}

/// Methods that change their value; the type that has them.
constexpr std::pair<std::string_view, std::string_view> changing[] = {
    {"append", "list"}, {"clear", "dict"},   {"clear", "list"},      {"extend", "list"},
    {"insert", "list"}, {"pop", "dict"},     {"pop", "list"},        {"popitem", "dict"},
    {"remove", "list"}, {"reverse", "list"}, {"setdefault", "dict"}, {"sort", "list"},
    {"update", "dict"},
};

} // namespace

std::optional<Value> method(const Value &base, const std::string &name) {
  for (auto [changer, type] : changing)
    if (name == changer && base.typeName() == type && !(base.map() && base.map()->isNamespace))
      throw TemplateError(fmt::format("'{}' would change a {}; a template may not", name, type));
  if (base.text())
    for (const auto &[known, body] : textMethods) {
      if (known == name && base.text()->isMarkup)
        throw TemplateError(fmt::format("'{}' of a text that is 'safe' is not supported", name));
      if (known == name)
        return FunctionValue{name, [base, body](Interpreter &, Arguments &arguments) {
                               meter::scan(base.text()->size());
                               return body(*base.text(), arguments);
                             }};
    }
  if (base.map() && !base.map()->isNamespace)
    return mapMethod(base, name);
  if (base.list() && (name == "index" || name == "count"))
    return FunctionValue{name, [base, name](Interpreter &, Arguments &arguments) -> Value {
                           const Value *wanted = arguments.find(0, "value");
                           if (!wanted)
                             throw TemplateError("argument 'value' is missing");
                           const auto &items = base.list()->items;
                           auto is = [&](const Value &item) { return equal(item, *wanted); };
                           if (name == "count")
                             return int64_t(std::count_if(items.begin(), items.end(), is));
                           auto found = std::find_if(items.begin(), items.end(), is);
                           if (found == items.end())
                             throw TemplateError("'index' does not find the value");
                           return int64_t(found - items.begin());
                         }};
  return std::nullopt;
}

Value attribute(const Value &base, const std::string &name) {
  require(base);
  if (std::optional<Value> found = method(base, name))
    return *found;
  if (base.map())
    if (const Value *entry = base.map()->find(name))
      return *entry;
  return Undefined{name};
}

Value subscript(const Value &base, const Value &index) {
  require(base);
  if (base.map() && index.text()) {
    if (const Value *entry = base.map()->find(index.text()->view()))
      return *entry;
    return base.map()->isNamespace ? Value(Undefined{index.text()->str()})
                                   : attribute(base, index.text()->str());
  }
  if (index.text())
    return attribute(base, index.text()->str());
  if (!index.integer() || !(base.list() || base.text()))
    return Undefined{std::string(index.print().view().substr(0, 40))};
  int64_t size = base.list() ? base.list()->items.size() : countCodePoints(base.text()->view());
  int64_t at = *index.integer() < 0 ? *index.integer() + size : *index.integer();
  if (at < 0 || at >= size)
    return Undefined{fmt::format("item {}", *index.integer())};
  if (base.list())
    return base.list()->items[at];
  size_t begin = offsetOfCodePoint(base.text()->view(), at), end = begin;
  nextCodePoint(base.text()->view(), end);
  return base.text()->slice(begin, end);
}

Value slice(const Value &base, const Value &begin, const Value &end, const Value &step) {
  require(base);
  if (!base.list() && !base.text())
    throw TemplateError(fmt::format("a value of type {} is sliced", base.typeName()));
  auto number = [](const Value &bound, int64_t otherwise) {
    if (bound.isNone())
      return otherwise;
    if (bound.large()) // beyond any text or list
      return *bound.large() < 0 ? std::numeric_limits<int64_t>::min() / 2
                                : std::numeric_limits<int64_t>::max() / 2;
    if (!bound.integer())
      throw TemplateError(
          fmt::format("a slice's bound has type {}, expected int", bound.typeName()));
    return *bound.integer();
  };
  int64_t size = base.list() ? base.list()->items.size() : countCodePoints(base.text()->view());
  int64_t stride = number(step, 1);
  if (stride == 0 || stride < -size - 1 || stride > size + 1) {
    if (stride == 0)
      throw TemplateError("a slice's step is 0");
    stride = stride < 0 ? -size - 1 : size + 1; // reaches one item, as any larger one
  }
  auto clamp = [&](int64_t bound) {
    bound = bound < 0 ? std::max(bound, -size - 1) + size : bound;
    return std::clamp(bound, stride < 0 ? int64_t(-1) : 0, stride < 0 ? size - 1 : size);
  };
  int64_t from = begin.isNone() ? (stride < 0 ? size - 1 : 0) : clamp(number(begin, 0));
  int64_t to = end.isNone() ? (stride < 0 ? -1 : size) : clamp(number(end, 0));
  if (base.text() && stride == 1) {
    size_t first = offsetOfCodePoint(base.text()->view(), from);
    size_t last = from < to ? offsetOfCodePoint(base.text()->view(), to) : first;
    return base.text()->slice(first, last);
  }
  std::vector<Value> items = iterate(base);
  ListValue picked;
  picked.tuple = base.list() && base.list()->tuple;
  Text text;
  for (int64_t at = from; stride > 0 ? at < to : at > to; at += stride)
    if (base.list())
      picked.items.push_back(items[at]);
    else
      text.append(*items[at].text());
  return base.list() ? Value(std::move(picked)) : Value(std::move(text));
}

} // namespace roux::data::jinja
