//===- PeerAdapter.cpp - another tool's LoRA as adapt: --------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerAdapter.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <utility>

namespace roux::peers {

/// The families' names of a layer's matrices, and the words of `on:`.
static constexpr std::pair<std::string_view, std::string_view> modules[] = {
    {"all", "linear"},
    {"all-linear", "linear"},
    {"q_proj", "query"},
    {"k_proj", "key"},
    {"v_proj", "value"},
    {"qkv_proj", "query_key_value"},
    {"c_attn", "query_key_value"},
    {"query_key_value", "query_key_value"},
    {"o_proj", "output"},
    {"out_proj", "output"},
    {"gate_proj", "gate"},
    {"up_proj", "up"},
    {"gate_up_proj", "gate_up"},
    {"fc1", "up"},
    {"c_fc", "up"},
    {"dense_h_to_4h", "up"},
    {"down_proj", "down"},
    {"fc2", "down"},
    {"dense_4h_to_h", "down"},
};

/// A list, or names with commas between them.
static std::vector<std::string> namesIn(const PeerValue &value) {
  if (!value.items.empty())
    return value.items;
  std::vector<std::string> names;
  std::istringstream text(value.text);
  for (std::string name; std::getline(text, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    names.push_back(name);
  }
  return names;
}

/// ", on: …", or nothing for every matrix.
static std::string targetsOf(PeerConfig &config, const SayOfKey &miss) {
  constexpr std::string_view keys[] = {"lora_target_modules", "lora_target"};
  bool isAll = config.truth({"lora_target_linear"});
  std::vector<std::string_view> words;
  for (std::string_view key : keys) {
    const PeerValue *value = config.find({key});
    if (!value)
      continue;
    for (const std::string &name : namesIn(*value)) {
      auto known =
          std::ranges::find(modules, name, &std::pair<std::string_view, std::string_view>::first);
      if (known == std::end(modules))
        miss(key,
             fmt::format("'{}': which matrix that is is not known; 'on:' of lora names it", name));
      else if (std::ranges::find(words, known->second) == words.end())
        words.push_back(known->second);
    }
  }
  isAll |= words.empty() || std::ranges::find(words, "linear") != words.end();
  return isAll ? "" : fmt::format(", on: [{}]", fmt::join(words, ", "));
}

std::string adapterOf(PeerConfig &config, const SayOfKey &decide, const SayOfKey &miss) {
  std::string kind = config.text({"adapter", "finetuning_type"});
  std::string_view key = config.keys.contains("adapter") ? "adapter" : "finetuning_type";
  if (!kind.empty() && kind != "lora" && kind != "qlora" && kind != "full")
    miss(key, fmt::format("'{}': all weights are trained", kind));
  bool isUsed = kind == "lora" || kind == "qlora" || config.truth({"use_peft"});
  double rank = config.number({"lora_r", "lora_rank"}).value_or(isUsed ? 8 : 0);
  double alpha = config.number({"lora_alpha"}).value_or(2 * rank);
  std::string on = targetsOf(config, miss);
  bool isStabilized = config.truth({"use_rslora"});
  std::string dropout;
  if (double share = config.number({"lora_dropout"}).value_or(0); share != 0)
    dropout = fmt::format(", dropout: {}", share);
  if (!isUsed)
    return "";
  if (kind == "qlora")
    miss(key, "'qlora': the weights that stay are kept as bf16, not in four bits");
  return fmt::format("adapt: lora(rank: {}, alpha: {}{}{}{})", rank, alpha, on, dropout,
                     isStabilized ? ", rslora: true" : "");
}

} // namespace roux::peers
