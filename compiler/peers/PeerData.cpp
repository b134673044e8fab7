//===- PeerData.cpp - another tool's datasets as data lines ---------------===//
//
// Where records are, which are held out, and what becomes of those that are too long.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerWriter.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>

namespace roux::peers {

static bool isFile(std::string_view path) {
  return path.ends_with(".jsonl") || path.ends_with(".json") || path.ends_with(".txt") ||
         path.ends_with(".jsonl.gz") || path.ends_with(".jsonl.zst");
}

static std::string textIn(const std::map<std::string, PeerValue> &row, const char *key) {
  auto at = row.find(key);
  return at == row.end() ? "" : at->second.text;
}

std::string PeerWriter::namedSource(const std::string &given, const std::string &name) {
  if (!isFile(given))
    decide(
        isOf(Tool::TRL)       ? "dataset_name"
        : isOf(Tool::Axolotl) ? "datasets"
                              : "dataset",
        fmt::format("'{}' is a name elsewhere; put files with a JSON record a line in its place, "
                    "under {}",
                    given, quoted(given + ".jsonl")));
  else if (given.ends_with(".json"))
    decide("datasets", fmt::format("'{}' has to hold a JSON record a line, not one list", given));
  std::string path = quoted(isFile(given) ? given : given + ".jsonl");
  std::string source =
      isText ? fmt::format("text({}, ends: eos)", path) : fmt::format("chat({})", path);
  line(fmt::format("data {} = {}", name, source));
  return name;
}

std::string PeerWriter::sourceOf(const std::map<std::string, PeerValue> &row,
                                 const std::string &name) {
  std::string type = textIn(row, "type"), path = textIn(row, "path"),
              files = textIn(row, "data_files");
  if (auto at = row.find("data_files"); at != row.end() && !at->second.items.empty())
    files = at->second.items[0];
  for (const auto &[key, value] : row)
    if (key != "path" && key != "type" && key != "data_files" && key != "ds_type" && key != "name")
      decide("datasets",
             fmt::format("'{}: {}' of '{}': records are read by the names of their keys, "
                         "which preview and the ledger show; nothing was made of it",
                         key, value.text, path));
  isText = type == "completion";
  static constexpr std::string_view chats[] = {"",       "chat_template", "sharegpt",
                                               "alpaca", "completion",    "messages"};
  if (std::ranges::find(chats, type) == std::end(chats))
    decide("datasets",
           fmt::format("type '{}' of '{}' is read as conversations; rewrite its records as "
                       "messages or as prompt and completion if its keys are others",
                       type, path));
  return namedSource(files.empty() ? path : files, name);
}

void PeerWriter::data() {
  std::vector<std::string> sources;
  auto next = [&] { return fmt::format("source{}", sources.size() + 1); };
  if (const PeerValue *list = config.find({"datasets", "pretraining_dataset"})) {
    for (const auto &row : list->rows)
      sources.push_back(sourceOf(row, next()));
    for (const std::string &item : list->items)
      sources.push_back(namedSource(item, next()));
    if (list->rows.empty() && list->items.empty() && !list->text.empty())
      sources.push_back(namedSource(list->text, next()));
  }
  isText |= config.text({"stage"}) == "pt" || config.keys.contains("pretraining_dataset");
  if (const PeerValue *list = config.find({"dataset", "dataset_name", "train_file"})) {
    std::vector<std::string> items = list->items;
    for (size_t at = 0; items.empty() || at <= list->text.size();) {
      size_t end = std::min(list->text.find(',', at), list->text.size());
      std::string item = list->text.substr(at, end - at);
      item.erase(0, std::min(item.find_first_not_of(' '), item.size()));
      if (!item.empty())
        items.push_back(item);
      at = end + 1;
      if (end == list->text.size())
        break;
    }
    for (const std::string &item : items)
      sources.push_back(namedSource(item, next()));
  }
  config.find(
      {"dataset_dir", "dataset_config", "dataset_train_split", "dataset_text_field", "media_dir"});
  if (sources.empty())
    throw std::runtime_error(fmt::format("{}: it names no data", config.path));
  if (config.find({"mix_strategy", "interleave_probs"}))
    decide("mix_strategy",
           "sources stand one after the other; shares are written mix(source1: 70%, …)");
  std::string all = sources[0];
  if (sources.size() > 1)
    line(fmt::format("data all = {}(\n  {})", "concat", fmt::join(sources, ",\n  "))), all = "all";
  held(all);
}

void PeerWriter::held(const std::string &all) {
  std::optional<double> share = config.number({"val_set_size", "val_size"});
  hasHeld = share && *share > 0;
  std::string from = all;
  if (hasHeld) {
    std::string amount = *share < 1 ? fmt::format("{}%", number(*share * 100))
                                    : fmt::format("{} records", number(*share));
    line(fmt::format("data held = {} | sample({})", all, amount));
    from += " | without(held)";
    decide("val_set_size", "another draw of records than there, the same in every run");
  }
  packs = config.truth({"sample_packing", "packing"}) || config.truth({"neat_packing"});
  drops = isOf(Tool::Axolotl);
  if (!packs)
    from += drops ? " | where(sequence.tokens <= window)" : " | cut(window, side: right)";
  line(fmt::format("data sft = {} | shuffle\n", from));
  decide("shuffle",
         "later epochs are shuffled anew (order: shuffle), as there, by another generator");
}

} // namespace roux::peers
