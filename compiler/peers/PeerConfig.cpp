//===- PeerConfig.cpp - a config of another tool --------------------------===//
//
// Only what configs hold is kept: scalars, lists of scalars, and mappings one level
// deep. Aliases are followed no deeper, so a small file stays small.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerConfig.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>
#include <yaml-cpp/yaml.h>

namespace roux::peers {

static constexpr size_t mostBytes = 1 << 20, mostItems = 10'000;

bool isTrue(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower == "true" || lower == "yes" || lower == "on" || lower == "1";
}

static PeerValue valueOf(const YAML::Node &node, int line, bool isOuter);

static std::map<std::string, PeerValue> mappingOf(const YAML::Node &node, bool isOuter) {
  std::map<std::string, PeerValue> found;
  for (const auto &entry : node) {
    if (!entry.first.IsScalar())
      continue;
    found[entry.first.Scalar()] = valueOf(entry.second, entry.first.Mark().line + 1, isOuter);
    if (found.size() > mostItems)
      throw std::runtime_error("it has more than 10000 keys");
  }
  return found;
}

static PeerValue valueOf(const YAML::Node &node, int line, bool isOuter) {
  PeerValue value;
  value.line = line;
  value.isNull = node.IsNull() || (node.IsScalar() && node.Scalar().empty());
  if (node.IsScalar())
    value.text = node.Scalar();
  if (node.IsMap() && isOuter)
    value.rows.push_back(mappingOf(node, false));
  if (node.IsSequence())
    for (const YAML::Node &item : node) {
      if (item.IsScalar())
        value.items.push_back(item.Scalar());
      else if (item.IsMap() && isOuter)
        value.rows.push_back(mappingOf(item, false));
      if (value.items.size() + value.rows.size() > mostItems)
        throw std::runtime_error("it has a list of more than 10000 items");
    }
  return value;
}

/// `name` is a key of LLaMA-Factory's arguments and of no other tool's.
static bool isOfLlamaFactory(const std::map<std::string, PeerValue> &keys) {
  return std::ranges::any_of(std::initializer_list<const char *>{"stage", "finetuning_type",
                                                                 "cutoff_len", "template",
                                                                 "dataset", "dataset_dir"},
                             [&](const char *name) { return keys.contains(name); });
}

PeerConfig::PeerConfig(const std::string &text, std::string given) : path(std::move(given)) {
  if (text.size() > mostBytes)
    throw std::runtime_error(fmt::format("{}: more than a megabyte, so no config", path));
  try {
    YAML::Node node = YAML::Load(text);
    if (!node.IsMap())
      throw std::runtime_error("expected keys with values");
    keys = mappingOf(node, true);
  } catch (const YAML::Exception &error) {
    throw std::runtime_error(
        fmt::format("{}:{}: no YAML: {}", path, error.mark.line + 1, error.msg));
  } catch (const std::runtime_error &error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
  if (keys.contains("base_model"))
    tool = Tool::Axolotl;
  else if (keys.contains("model_name_or_path"))
    tool = isOfLlamaFactory(keys) ? Tool::LlamaFactory : Tool::TRL;
  else
    throw std::runtime_error(
        fmt::format("{}: no config of axolotl, LLaMA-Factory or TRL: it has neither 'base_model' "
                    "nor 'model_name_or_path'",
                    path));
}

const PeerValue *PeerConfig::find(std::initializer_list<std::string_view> names) {
  const PeerValue *found = nullptr;
  for (std::string_view name : names)
    if (auto at = keys.find(std::string(name)); at != keys.end()) {
      at->second.isRead = true;
      if (!found && !at->second.isNull)
        found = &at->second;
    }
  return found;
}

std::string PeerConfig::text(std::initializer_list<std::string_view> names, std::string fallback) {
  const PeerValue *value = find(names);
  return value && !value->text.empty() ? value->text : fallback;
}

std::optional<double> PeerConfig::number(std::initializer_list<std::string_view> names) {
  const PeerValue *value = find(names);
  if (!value)
    return std::nullopt;
  std::string digits = value->text;
  std::erase(digits, '_');
  size_t read = 0;
  double number = 0;
  try {
    number = std::stod(digits, &read);
  } catch (const std::exception &) {
    read = 0;
  }
  if (digits.empty() || read != digits.size() || !std::isfinite(number))
    throw std::runtime_error(fmt::format("{}:{}: expected a number for '{}', found '{}'", path,
                                         value->line, *names.begin(), value->text));
  return number;
}

bool PeerConfig::truth(std::initializer_list<std::string_view> names, bool fallback) {
  const PeerValue *value = find(names);
  return value ? isTrue(value->text) : fallback;
}

} // namespace roux::peers
