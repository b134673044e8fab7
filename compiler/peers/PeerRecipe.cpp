//===- PeerRecipe.cpp - a config of another tool as a recipe --------------===//
//
// One function a part of the recipe, in the recipe's order.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerRecipe.h"

#include "compiler/peers/PeerAdapter.h"
#include "compiler/peers/PeerKeys.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>
#include <tuple>

namespace roux::peers {

namespace {

using Names = std::initializer_list<std::string_view>;

class Writer {
public:
  explicit Writer(PeerConfig &config) : config(config) {}
  PeerRecipe write();

private:
  bool isOf(Tool tool) const { return config.tool == tool; }
  void note(PeerNote::Kind kind, std::string_view key, std::string text);
  void decide(std::string_view key, std::string text) { note(PeerNote::Decided, key, text); }
  void miss(std::string_view key, std::string text) { note(PeerNote::Missing, key, text); }
  void line(std::string text) { body += text + "\n"; }

  void refuseObjectives();
  void params();
  void model();
  void data();
  std::string sourceOf(const std::map<std::string, PeerValue> &row, const std::string &name);
  std::string namedSource(const std::string &given, const std::string &name);
  void held(const std::string &all);
  void train();
  std::string target();
  std::string batch();
  std::string optimizer();
  std::string schedule();
  std::string length();
  void evaluation();
  void run();
  void restOfKeys();

  PeerConfig &config;
  std::vector<PeerNote> notes;
  std::string body;
  bool isText = false; ///< documents, no conversations
  bool packs = false;  ///< several sequences a unit
  bool drops = false;  ///< what is too long is dropped, not cut
  bool hasHeld = false;
};

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\' || c == '{' || c == '}')
      result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + "\"";
}

/// A number as a recipe writes it, without digits that say nothing.
std::string number(double value) {
  return fmt::format("{}", value);
}

bool isFile(std::string_view path) {
  return path.ends_with(".jsonl") || path.ends_with(".json") || path.ends_with(".txt") ||
         path.ends_with(".jsonl.gz") || path.ends_with(".jsonl.zst");
}

std::string textIn(const std::map<std::string, PeerValue> &row, const char *key) {
  auto at = row.find(key);
  return at == row.end() ? "" : at->second.text;
}

void Writer::note(PeerNote::Kind kind, std::string_view key, std::string text) {
  auto at = config.keys.find(std::string(key));
  notes.push_back(
      {kind, at == config.keys.end() ? 0 : at->second.line, std::string(key), std::move(text)});
}

/// An objective over pairs or samples is not one token's formula; training something else in its
/// place would be worse than refusing.
void Writer::refuseObjectives() {
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

void Writer::params() {
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

void Writer::model() {
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

std::string Writer::namedSource(const std::string &given, const std::string &name) {
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

std::string Writer::sourceOf(const std::map<std::string, PeerValue> &row, const std::string &name) {
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

void Writer::data() {
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

void Writer::held(const std::string &all) {
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

std::string Writer::target() {
  if (config.truth({"mask_history"}))
    return "role == assistant and turn.index == turns - 1";
  bool all = config.truth({"train_on_inputs", "train_on_prompt"});
  bool answers = config.truth({"assistant_only_loss", "completion_only_loss"});
  if (const PeerValue *roles = config.find({"roles_to_train"}); roles && roles->items.size() > 1)
    decide("roles_to_train",
           "several roles: write target: role in [assistant, tool] or what they are");
  if (isText || all)
    return "true";
  if (isOf(Tool::TRL) && !answers) {
    decide("assistant_only_loss",
           "not set: there prompts are learnt too, and so they are here; for "
           "answers only write target: role == assistant");
    return "true";
  }
  return "role == assistant";
}

std::string Writer::batch() {
  bool groups = config.truth({"group_by_length"});
  if (packs) {
    const char *overflow = drops ? "drop" : "cut(right)";
    decide(
        drops ? "sample_packing" : "packing",
        fmt::format("what is longer than the window: {}, as there; documents of a pack never see "
                    "each other",
                    overflow));
    return fmt::format("units * pack(window, fit: best, overflow: {}, last: keep, order: shuffle)",
                       overflow);
  }
  if (groups)
    decide("group_by_length", "sorted(group: 8): neighbours in length share a step");
  return groups ? "units * sorted(group: 8, overflow: error, last: keep)"
                : "each(units, overflow: error, last: keep, order: shuffle)";
}

std::string Writer::optimizer() {
  std::string name = config.text({"optimizer", "optim"}, "adamw_torch");
  if (!name.starts_with("adamw"))
    decide(config.keys.contains("optim") ? "optim" : "optimizer",
           fmt::format("'{}': the optimizer here is AdamW; its rate is another thing", name));
  else if (name.find("8bit") != name.npos || name.find("4bit") != name.npos)
    decide(config.keys.contains("optim") ? "optim" : "optimizer",
           fmt::format("'{}': the moments are f32", name));
  double rate = isOf(Tool::TRL) ? 2e-5 : 5e-5;
  std::optional<double> given = config.number({"learning_rate"});
  if (!given)
    decide("learning_rate", fmt::format("not written; {} is the other tool's default", rate));
  std::string text = fmt::format("adamw(lr: {}", number(given.value_or(rate)));
  if (double decay = config.number({"weight_decay"}).value_or(0); decay != 0)
    text += fmt::format(", decay: {}", number(decay));
  std::optional<double> first = config.number({"adam_beta1"}),
                        second = config.number({"adam_beta2"});
  if (first || second)
    text += fmt::format(", betas: [{}, {}]", number(first.value_or(0.9)),
                        number(second.value_or(0.999)));
  if (std::optional<double> epsilon = config.number({"adam_epsilon"}))
    text += fmt::format(", epsilon: {}", number(*epsilon));
  return text + ")";
}

std::string Writer::schedule() {
  std::string kind = config.text({"lr_scheduler", "lr_scheduler_type"});
  if (kind.empty())
    kind = isOf(Tool::Axolotl) ? "cosine" : "linear";
  std::vector<std::string> parts;
  std::optional<double> steps = config.number({"warmup_steps"}),
                        ratio = config.number({"warmup_ratio"});
  if (steps && *steps >= 1)
    parts.push_back(fmt::format("warmup({} steps)", number(*steps)));
  else if (double share = ratio.value_or(steps.value_or(0)); share > 0)
    parts.push_back(fmt::format("warmup({}%)", number(share * 100)));
  bool isKnown = kind == "cosine" || kind == "linear" || kind.starts_with("constant");
  if (!isKnown)
    decide(config.keys.contains("lr_scheduler") ? "lr_scheduler" : "lr_scheduler_type",
           fmt::format("'{}' is written as a cosine to 0; say its parts in schedule:", kind));
  parts.push_back(kind.starts_with("constant") ? "constant"
                  : kind == "linear"           ? "linear(to: 0)"
                                               : "cosine(to: 0)");
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string Writer::length() {
  std::optional<double> steps = config.number({"max_steps"});
  std::optional<double> epochs = config.number({"num_epochs", "num_train_epochs"});
  if (steps && *steps > 0)
    return fmt::format("{} steps", number(*steps));
  if (!epochs)
    decide("num_epochs",
           fmt::format("not written; {} is the other tool's default", isOf(Tool::Axolotl) ? 1 : 3));
  return fmt::format("{} epochs", number(epochs.value_or(isOf(Tool::Axolotl) ? 1 : 3)));
}

void Writer::train() {
  std::optional<double> clip = config.number({"max_grad_norm", "gradient_clipping"});
  line("train tuned {");
  line("  model: base");
  line("  data: sft");
  line("  target: " + target());
  line("  weight: 1 / step.targets");
  decide("loss",
         "the mean over the targets of a step, as transformers has it since 4.46; before, it was "
         "over each micro-batch; 1 / (sequence.targets * step.sequences) lets each sequence count "
         "the same");
  line("  batch: " + batch());
  line("  optimizer: " + optimizer());
  line("  schedule: " + schedule());
  if (clip.value_or(1) > 0)
    line(fmt::format("  clip: {}", number(clip.value_or(1))));
  line("  length: " + length());
  line("}\n");
}

void Writer::evaluation() {
  std::optional<double> every = config.number({"eval_steps"});
  bool onTheWay = every && *every >= 1;
  if (every && !onTheWay)
    decide("eval_steps", "a share of the training: write during: every(… steps)");
  if (!hasHeld)
    return;
  line(fmt::format("eval report {{ model: tuned, {}unseen: loss(held) }}\n",
                   onTheWay ? fmt::format("during: every({} steps), ", number(*every)) : ""));
}

void Writer::run() {
  std::string half = config.text({"bf16", "bfloat16", "pure_bf16"});
  bool wantsHalf = half == "auto" || half == "full" || isTrue(half);
  bool other = config.truth({"fp16", "float16"});
  if (config.keys.contains("pure_bf16"))
    decide("pure_bf16", "weights and moments stay f32");
  if (other)
    decide("fp16", "bf16 in its place, which needs no loss scaling");
  bool isF32 = !wantsHalf && !other && !half.empty();
  std::vector<std::string> keys{isF32 ? "dtype: f32" : "dtype: bf16"};
  if (half.empty() && !other)
    decide("bf16", "not written; bf16 with weights and moments in f32");
  if (config.truth({"gradient_checkpointing", "activation_checkpointing"}))
    keys.push_back("recompute: layers");
  std::optional<double> save = config.number({"save_steps"}),
                        keep = config.number({"save_total_limit"});
  if (save && *save >= 1)
    keys.push_back(fmt::format("save: every({} steps{})", number(*save),
                               keep && *keep >= 1 ? fmt::format(", keep: {}", number(*keep)) : ""));
  if (std::optional<double> log = config.number({"logging_steps"}); log && *log >= 1)
    keys.push_back(fmt::format("log: every({} steps)", number(*log)));
  if (config.find({"resume_from_checkpoint", "auto_resume_from_checkpoints"}))
    decide("resume_from_checkpoint", "the same command goes on where it was");
  line(fmt::format("run {{ {} }}", fmt::join(keys, ", ")));
}

void Writer::restOfKeys() {
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

PeerRecipe Writer::write() {
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

} // namespace

PeerRecipe recipeOf(PeerConfig config) {
  return Writer(config).write();
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
