//===- PeerRecipe.cpp - a config of another tool as a recipe --------------===//
//
// The whole of it, with what stands before the data: params and the model.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerRecipe.h"

#include "compiler/peers/PeerAdapter.h"
#include "compiler/peers/PeerKeys.h"
#include "compiler/peers/PeerWriter.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>
#include <tuple>

namespace roux::peers {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\' || c == '{' || c == '}')
      result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + "\"";
}

std::string number(double value) {
  return fmt::format("{}", value);
}

void PeerWriter::note(PeerNote::Kind kind, std::string_view key, std::string text) {
  auto at = config.keys.find(std::string(key));
  notes.push_back(
      {kind, at == config.keys.end() ? 0 : at->second.line, std::string(key), std::move(text)});
}

/// An objective over pairs or samples is not one token's formula; training something else in its
/// place would be worse than refusing.
void PeerWriter::refuseObjectives() {
  for (const char *key : {"rl", "stage"}) {
    const PeerValue *value = config.find({key});
    constexpr std::string_view ofPairs[] = {"dpo", "ipo", "simpo", "orpo"};
    if (value && std::ranges::find(ofPairs, value->text) != std::end(ofPairs))
      throw std::runtime_error(
          fmt::format("{}:{}: '{}: {}' is a loss of pairs of answers, and import writes losses of "
                      "tokens; docs/cookbook/preferences.recipe is one to begin with",
                      config.path, value->line, key, value->text));
    if (value && value->text != "sft" && value->text != "pt")
      throw std::runtime_error(fmt::format("{}:{}: '{}: {}' has no equivalent: a loss here is a "
                                           "formula of one token",
                                           config.path, value->line, key, value->text));
  }
  for (const char *key :
       {"reward_model_path", "num_generations", "desirable_weight", "reward_funcs"})
    if (const PeerValue *value = config.find({key}))
      throw std::runtime_error(fmt::format("{}:{}: '{}' is of an objective over samples, "
                                           "which has no equivalent",
                                           config.path, value->line, key));
}

void PeerWriter::params() {
  std::string start = config.text({"base_model", "model_name_or_path"});
  if (start.find('/') != start.npos && !start.starts_with('.') && !start.starts_with('/'))
    decide(
        isOf(Tool::Axolotl) ? "base_model" : "model_name_or_path",
        "looks like a hub's name; nothing is fetched, so put the folder on your disk in its place");
  line(fmt::format("param start  = {}", quoted(start)));
  double most = isOf(Tool::TRL) ? 1024 : 2048;
  std::optional<double> window =
      config.number({"sequence_len", "cutoff_len", "max_length", "max_seq_length", "max_seq_len",
                     "block_size", "model_max_length"});
  if (!window)
    decide("sequence_len", fmt::format("not written; {} tokens is the other tool's default", most));
  line(fmt::format("param window = {}", number(window.value_or(most))));
  double micro = config.number({"micro_batch_size", "per_device_train_batch_size", "batch_size"})
                     .value_or(isOf(Tool::Axolotl) ? 1 : 8);
  double accumulation = config.number({"gradient_accumulation_steps"}).value_or(1);
  decide(
      "gradient_accumulation_steps",
      fmt::format("a step is {} x {} units on one device; it ran on several GPUs? multiply units "
                  "by their number",
                  number(micro), number(accumulation)));
  line(fmt::format("param units  = {}\n", number(micro * accumulation)));
}

void PeerWriter::model() {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"chatml", "chatml"},   {"qwen", "chatml"},       {"qwen2", "chatml"},
      {"qwen2_5", "chatml"},  {"llama3", "llama3"},     {"llama2", "llama2"},
      {"mistral", "mistral"}, {"mistral_v1", "mistral"}};
  std::vector<std::string> block;
  std::string given = config.text({"chat_template", "template"});
  auto at = std::ranges::find(known, given, &std::pair<std::string_view, std::string_view>::first);
  if (at != std::end(known))
    block.push_back(fmt::format("template: {}", at->second));
  if (!given.empty() && (at == std::end(known) || at->second != at->first))
    decide(isOf(Tool::LlamaFactory) ? "template" : "chat_template",
           at == std::end(known)
               ? fmt::format("'{}': the model's own template is used; the others are longalign, "
                             "llama2, llama3, chatml, mistral and plain",
                             given)
               : fmt::format("'{}' is {} without its default system message", given, at->second));
  std::string adapter = adapterOf(
      config, [this](std::string_view key, std::string text) { decide(key, std::move(text)); },
      [this](std::string_view key, std::string text) { miss(key, std::move(text)); });
  if (!adapter.empty())
    block.push_back(std::move(adapter));
  line(block.empty() ? "model base = load(start)"
                     : fmt::format("model base = load(start) {{ {} }}", fmt::join(block, ", ")));
}

void PeerWriter::restOfKeys() {
  for (const auto &[key, value] : config.keys) {
    if (value.isRead || value.isNull)
      continue;
    bool isOff = value.text == "false" || value.text == "False" || value.text == "0";
    if (const PeerKey *known = knownKey(key))
      note(known->isHarmless || isOff ? PeerNote::Harmless : PeerNote::Missing, key,
           isOff ? "is off" : std::string(known->text));
    else
      note(PeerNote::Unknown, key, "not known: nothing was made of it");
  }
}

PeerRecipe PeerWriter::write() {
  refuseObjectives();
  double seed = config.number({"seed", "data_seed"}).value_or(42);
  line(fmt::format("seed {}\n", number(seed)));
  params();
  model();
  data();
  train();
  evaluation();
  run();
  restOfKeys();
  std::ranges::sort(notes, {}, [](const PeerNote &each) {
    return std::tuple(each.kind, each.line, std::string_view(each.key),
                      std::string_view(each.text));
  });
  static constexpr const char *tools[] = {"axolotl", "LLaMA-Factory", "TRL"};
  std::string top =
      fmt::format("# Made of a config of {}. What had to be decided, what has no equivalent:\n",
                  tools[static_cast<size_t>(config.tool)]);
  for (const PeerNote &each : notes)
    if (each.kind != PeerNote::Harmless)
      top += "#   " + print(each) + "\n";
  return {top + body, notes};
}

PeerRecipe recipeOf(PeerConfig config) {
  return PeerWriter(config).write();
}

std::string print(const PeerNote &note) {
  static constexpr const char *kinds[] = {"decided", "missing", "unknown", "harmless"};
  std::string place = note.line ? fmt::format("line {}", note.line) : "not there";
  std::string text =
      fmt::format("{:<9} {:<9} {}: {}", kinds[note.kind], place, note.key, note.text);
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

} // namespace roux::peers
