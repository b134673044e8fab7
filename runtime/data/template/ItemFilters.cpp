//===- ItemFilters.cpp - filters of lists and mappings --------------------===//
//
// What is done with the items of a value: ordered, chosen, joined, counted.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Filters.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <list>

namespace roux::data {

using namespace jinja;

/// `a.b.0` followed from `value`.
static Value followPath(Value value, std::string_view path) {
  for (const Text &step :
       split(Text(std::string(path)), &static_cast<const std::string &>("."), -1)) {
    int64_t index;
    const char *end = step.str().data() + step.size();
    bool number = !step.empty() && std::from_chars(step.str().data(), end, index).ptr == end;
    value = number ? subscript(value, index) : subscript(value, Value(step));
  }
  return value;
}

static Value keyOf(const Value &value, const Value *path) {
  if (!path || path->isNone())
    return value;
  if (path->integer())
    return subscript(value, *path);
  if (!path->text())
    throw TemplateError("an attribute's name is a str");
  return followPath(value, path->text()->view());
}

/// For order and uniqueness, which ignore case unless told otherwise.
static Value folded(const Value &value, bool caseSensitive) {
  return value.text() && !caseSensitive ? Value(lower(*value.text())) : value;
}

Value jinja::length(Interpreter &, const Value &value, Arguments &) {
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

Value jinja::join(Interpreter &, const Value &value, Arguments &arguments) {
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
static ListValue sorted(const std::vector<Value> &items, bool reverse,
                        const std::function<Value(const Value &)> &key) {
  std::list<Value> order(items.begin(), items.end());
  order.sort([&](const Value &a, const Value &b) {
    return reverse ? less(key(b), key(a)) : less(key(a), key(b));
  });
  return {{order.begin(), order.end()}};
}

Value jinja::sort(Interpreter &, const Value &value, Arguments &arguments) {
  bool exact = flag(arguments, 1, "case_sensitive", false);
  const Value *path = arguments.find(2, "attribute");
  return sorted(iterate(value), flag(arguments, 0, "reverse", false),
                [&](const Value &item) { return folded(keyOf(item, path), exact); });
}

Value jinja::items(Interpreter &, const Value &value, Arguments &) {
  ListValue list;
  if (value.isUndefined())
    return list;
  if (!value.map())
    throw TemplateError(fmt::format("the items of a {}, expected dict", value.typeName()));
  for (const auto &[key, each] : value.map()->entries)
    list.items.push_back(ListValue{{Value(key), each}, true});
  return list;
}

Value jinja::dictsort(Interpreter &interpreter, const Value &value, Arguments &arguments) {
  bool exact = flag(arguments, 0, "case_sensitive", false);
  const Value *by = arguments.find(1, "by");
  size_t part = by && by->text() && by->text()->str() == "value";
  return sorted(items(interpreter, value, arguments).list()->items,
                flag(arguments, 2, "reverse", false),
                [&](const Value &pair) { return folded(pair.list()->items[part], exact); });
}

Value jinja::unique(Interpreter &, const Value &value, Arguments &arguments) {
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
Value jinja::map(Interpreter &interpreter, const Value &value, Arguments &arguments) {
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

Value jinja::choose(Interpreter &interpreter, const Value &value, Arguments &arguments,
                    bool byAttribute, bool wanted) {
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

Value jinja::extreme(const Value &value, Arguments &arguments, bool largest) {
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

Value jinja::sum(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *start = arguments.find(1, "start");
  Value total = start ? *start : Value(int64_t(0));
  for (const Value &item : iterate(value))
    total = binary("+", total, keyOf(item, arguments.find(0, "attribute")));
  return total;
}

Value jinja::edge(const Value &value, bool last) {
  std::vector<Value> items = iterate(value);
  if (items.empty())
    return Undefined{last ? "the last item" : "the first item"};
  return last ? items.back() : items.front();
}

Value jinja::reversed(Interpreter &, const Value &value, Arguments &) {
  std::vector<Value> items = iterate(value);
  std::reverse(items.begin(), items.end());
  if (!value.text())
    return ListValue{std::move(items)};
  Text text;
  for (const Value &item : items)
    text.append(*item.text());
  return text;
}

} // namespace roux::data
