//===- Globals.cpp - tests and functions every template sees --------------===//
//
// `value is test` and the global functions. The date is an argument of the
// rendering and not the clock: the same recipe must give the same plan tomorrow.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Interpreter.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fmt/format.h>

namespace roux::data {

using namespace jinja;

namespace {

using Test = bool (*)(const Value &, const Arguments &);

const Value &operand(const Arguments &arguments) {
  if (arguments.positional.empty())
    throw TemplateError("the test needs something to compare with");
  return arguments.positional[0];
}

bool isMultiple(const Value &value, const Value &of) {
  if (!value.isNumber() || value.real() || !of.isTrue())
    throw TemplateError(fmt::format("divisibility of a {}, expected int", value.typeName()));
  return value.whole() % of.whole() == 0;
}

#define TEST(BODY) [](const Value &value, const Arguments &arguments) -> bool { return BODY; }

const std::pair<std::string_view, Test> tests[] = {
    {"!=", TEST(!equal(value, operand(arguments)))},
    {"==", TEST(equal(value, operand(arguments)))},
    {"boolean", TEST(value.boolean() != nullptr)},
    {"callable", TEST(value.function() != nullptr)},
    {"defined", TEST(!value.isUndefined())},
    {"divisibleby", TEST(operand(arguments).isInteger() && isMultiple(value, operand(arguments)))},
    {"eq", TEST(equal(value, operand(arguments)))},
    {"equalto", TEST(equal(value, operand(arguments)))},
    {"even", TEST(isMultiple(value, int64_t(2)))},
    {"false", TEST(value.boolean() && !*value.boolean())},
    {"float", TEST(value.real() != nullptr)},
    {"ge", TEST(!less(value, operand(arguments)))},
    {"greaterthan", TEST(less(operand(arguments), value))},
    {"gt", TEST(less(operand(arguments), value))},
    {"in", TEST(contains(operand(arguments), value))},
    {"integer", TEST(value.isInteger())},
    {"iterable", TEST(value.list() || value.text() || value.isUndefined() ||
                      (value.map() && !value.map()->isNamespace))},
    {"le", TEST(!less(operand(arguments), value))},
    {"lessthan", TEST(less(value, operand(arguments)))},
    {"lower", TEST(value.text() && lower(*value.text()).str() == value.text()->str() &&
                   upper(*value.text()).str() != value.text()->str())},
    {"lt", TEST(less(value, operand(arguments)))},
    {"mapping", TEST(value.map() && !value.map()->isNamespace)},
    {"ne", TEST(!equal(value, operand(arguments)))},
    {"none", TEST(value.isNone())},
    {"number", TEST(value.isNumber())},
    {"odd", TEST(!isMultiple(value, int64_t(2)))},
    {"sameas", TEST(value.isSame(operand(arguments)))},
    {"sequence", TEST(value.list() || value.text() || value.isUndefined() ||
                      (value.map() && !value.map()->isNamespace))},
    {"string", TEST(value.text() != nullptr)},
    {"true", TEST(value.boolean() && *value.boolean())},
    {"undefined", TEST(value.isUndefined())},
    {"upper", TEST(value.text() && upper(*value.text()).str() == value.text()->str() &&
                   lower(*value.text()).str() != value.text()->str())},
};
#undef TEST

Value range(Interpreter &, Arguments &arguments) {
  arguments.check("range", 3);
  int64_t bounds[3] = {0, 0, 1};
  size_t count = arguments.positional.size();
  for (size_t i = 0; i < count; ++i) {
    if (!arguments.positional[i].integer())
      throw TemplateError(
          fmt::format("'range' of a {}, expected int", arguments.positional[i].typeName()));
    bounds[count == 1 ? 1 : i] = *arguments.positional[i].integer();
  }
  auto [begin, end, step] = bounds;
  if (count == 0 || step == 0)
    throw TemplateError("'range' needs an end, and a step that is not 0");
  // Jinja's sandbox allows as many.
  constexpr int64_t most = 100'000;
  double items =
      (static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step);
  if (items > most)
    throw TemplateError(fmt::format("'range' of more than {} items", most));
  ListValue list;
  for (int64_t i = 0; i < std::ceil(items); ++i) {
    meter::step();
    list.items.emplace_back(begin + i * step);
  }
  return list;
}

/// The keyword arguments as a dictionary; a mapping may come first.
MapValue collect(std::string_view name, Arguments &arguments) {
  MapValue map;
  for (const Value &value : arguments.positional) {
    if (!value.map())
      throw TemplateError(fmt::format("'{}' of a {}, expected dict", name, value.typeName()));
    for (const auto &[key, each] : value.map()->entries)
      map.set(key, each);
  }
  for (const auto &[key, each] : arguments.named)
    map.set(key, each);
  return map;
}

std::string formatTime(int64_t now, const std::string &format) {
  std::time_t seconds = now;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  meter::bytes(format.size() * 16 + 64);
  std::string printed(format.size() * 16 + 64, '\0');
  printed.resize(std::strftime(printed.data(), printed.size(), format.c_str(), &parts));
  return printed;
}

} // namespace

bool jinja::isTest(std::string_view name) {
  return std::any_of(std::begin(tests), std::end(tests),
                     [&](const auto &test) { return test.first == name; });
}

bool Interpreter::test(std::string_view name, const Value &value, const Arguments &arguments) {
  for (const auto &[known, body] : tests)
    if (known == name)
      return body(value, arguments);
  throw TemplateError(fmt::format("test '{}' is not supported", name));
}

MapValue jinja::globalFunctions(int64_t now) {
  MapValue globals;
  auto add = [&](std::string name, std::function<Value(Interpreter &, Arguments &)> body) {
    globals.set(name, FunctionValue{name, std::move(body)});
  };
  add("range", range);
  add("dict",
      [](Interpreter &, Arguments &arguments) -> Value { return collect("dict", arguments); });
  add("namespace", [](Interpreter &interpreter, Arguments &arguments) -> Value {
    return interpreter.makeNamespace(collect("namespace", arguments));
  });
  add("raise_exception", [](Interpreter &, Arguments &arguments) -> Value {
    const Value *message = arguments.find(0, "message");
    throw TemplateError(
        fmt::format("the template says: {}", message ? message->print().str() : "no"));
  });
  add("strftime_now", [now](Interpreter &, Arguments &arguments) -> Value {
    const Value *format = arguments.find(0, "format");
    if (!format || !format->text())
      throw TemplateError("'strftime_now' needs a format");
    return formatTime(now, format->text()->str());
  });
  return globals;
}

} // namespace roux::data
