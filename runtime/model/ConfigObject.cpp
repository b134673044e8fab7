//===- ConfigObject.cpp - what was found and what was expected ------------===//
//
// Every reader is a type test and a range test; the messages are made in one
// place.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ConfigObject.h"

#include "runtime/model/ModelConfig.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace roux::model {

ConfigObject::ConfigObject(simdjson::dom::object given, const std::filesystem::path &file,
                           std::string path, std::shared_ptr<std::set<std::string>> asked)
    : object(given), file(file), path(std::move(path)), asked(std::move(asked)) {
  fields.reserve(object.size());
  for (auto [key, value] : object)
    fields.emplace_back(key, value);
  std::ranges::sort(fields, {}, &decltype(fields)::value_type::first);
}

std::string ConfigObject::nameOf(std::string_view key) const {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

void ConfigObject::fail(std::string_view key, std::string_view what) const {
  throw ModelError(fmt::format("{}: {}: {}", file.string(), nameOf(key).substr(0, 160), what));
}

void ConfigObject::expected(std::string_view key, simdjson::dom::element found,
                            std::string_view what) const {
  std::string shown = simdjson::to_string(found);
  if (shown.size() > 60)
    shown = shown.substr(0, 57) + "...";
  fail(key, fmt::format("found {}, expected {}", shown, what));
}

const simdjson::dom::element *ConfigObject::at(std::string_view key) const {
  asked->insert(nameOf(key));
  auto found = std::ranges::equal_range(fields, key, {}, &decltype(fields)::value_type::first);
  if (found.size() > 1)
    fail(key, "is given twice");
  return found.empty() ? nullptr : &found.front().second;
}

std::optional<simdjson::dom::element> ConfigObject::find(std::string_view key) const {
  const simdjson::dom::element *value = at(key);
  return value && !value->is_null() ? std::optional(*value) : std::nullopt;
}

bool ConfigObject::isNull(std::string_view key) const {
  const simdjson::dom::element *value = at(key);
  return value && value->is_null();
}

std::optional<std::string> ConfigObject::json(std::string_view key) const {
  auto value = find(key);
  return value ? std::optional(simdjson::to_string(*value)) : std::nullopt;
}

int64_t ConfigObject::size(std::string_view key) const {
  if (!has(key))
    fail(key, "missing");
  return size(key, 0);
}

static bool isSize(simdjson::dom::element value, int64_t &size) {
  return value.is_int64() && !value.get(size) && size >= 0 &&
         size <= std::numeric_limits<int32_t>::max();
}

int64_t ConfigObject::size(std::string_view key, int64_t otherwise) const {
  auto value = find(key);
  if (!value)
    return otherwise;
  int64_t result = 0;
  if (!isSize(*value, result))
    expected(key, *value, "a whole number from 0 to 2147483647");
  return result;
}

double ConfigObject::number(std::string_view key) const {
  if (!has(key))
    fail(key, "missing");
  return number(key, 0);
}

double ConfigObject::number(std::string_view key, double otherwise) const {
  auto value = find(key);
  if (!value)
    return otherwise;
  double result = 0;
  if (!value->is_number() || value->get(result) || !std::isfinite(result))
    expected(key, *value, "a number");
  return result;
}

double ConfigObject::positive(std::string_view key) const {
  double result = number(key);
  if (result <= 0)
    expected(key, *find(key), "a number above zero");
  return result;
}

bool ConfigObject::truth(std::string_view key, bool otherwise) const {
  auto value = find(key);
  if (!value)
    return otherwise;
  bool result = false;
  if (value->get(result))
    expected(key, *value, "true or false");
  return result;
}

std::string ConfigObject::text(std::string_view key, std::string_view otherwise) const {
  auto value = find(key);
  if (!value)
    return std::string(otherwise);
  std::string_view result;
  if (value->get(result))
    expected(key, *value, "a text");
  return std::string(result);
}

std::vector<int64_t> ConfigObject::sizes(std::string_view key) const {
  auto value = find(key);
  if (!value)
    return {};
  int64_t one = 0;
  if (isSize(*value, one))
    return {one};
  simdjson::dom::array list;
  if (value->get(list))
    expected(key, *value, "a whole number or a list of them");
  std::vector<int64_t> result;
  for (simdjson::dom::element item : list) {
    if (!isSize(item, one))
      expected(key, *value, "a whole number or a list of them");
    result.push_back(one);
  }
  return result;
}

std::vector<std::string> ConfigObject::texts(std::string_view key) const {
  auto value = find(key);
  if (!value)
    return {};
  simdjson::dom::array list;
  if (value->get(list))
    expected(key, *value, "a list of texts");
  std::vector<std::string> result;
  for (simdjson::dom::element item : list) {
    std::string_view text;
    if (item.get(text))
      expected(key, *value, "a list of texts");
    result.emplace_back(text);
  }
  return result;
}

std::vector<double> ConfigObject::numbers(std::string_view key) const {
  auto value = find(key);
  if (!value)
    return {};
  simdjson::dom::array list;
  if (value->get(list))
    expected(key, *value, "a list of numbers");
  std::vector<double> result;
  for (simdjson::dom::element item : list) {
    double number = 0;
    if (!item.is_number() || item.get(number) || !std::isfinite(number))
      expected(key, *value, "a list of numbers");
    result.push_back(number);
  }
  return result;
}

std::optional<ConfigObject> ConfigObject::child(std::string_view key) const {
  auto value = find(key);
  if (!value)
    return std::nullopt;
  simdjson::dom::object inner;
  if (value->get(inner))
    expected(key, *value, "an object");
  return ConfigObject(inner, file, nameOf(key), asked);
}

} // namespace roux::model
