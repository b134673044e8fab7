//===- AdapterFolder.cpp - PEFT's folder, in and out ----------------------===//
//
// The config says a hundred things that PEFT can do. Those that change what is
// computed have to say what is done here; all others are about how it was trained.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"
#include "runtime/model/Adapter.h"
#include "runtime/model/ConfigObject.h"
#include "runtime/model/Family.h"
#include "runtime/model/ObjectText.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/SafetensorsWriter.h"

#include <algorithm>
#include <set>

namespace roux::model {

using Part = WeightRow::Part;

static constexpr const char *configFile = "adapter_config.json";
static constexpr const char *weightsFile = "adapter_model.safetensors";
/// What PEFT's wrapper puts before the name of a model's tensor.
static constexpr std::string_view wrapper = "base_model.model.";

/// Keys that change what is computed, and the only value that is followed.
static constexpr std::pair<std::string_view, std::string_view> only[] = {
    {"peft_type", "\"LORA\""},       {"bias", "\"none\""},
    {"use_dora", "false"},           {"lora_bias", "false"},
    {"use_qalora", "false"},         {"modules_to_save", "null"},
    {"layers_to_transform", "null"}, {"layer_replication", "null"},
    {"rank_pattern", "{}"},          {"alpha_pattern", "{}"},
    {"target_parameters", "null"},   {"trainable_token_indices", "null"},
    {"arrow_config", "null"},        {"alora_invocation_tokens", "null"},
};

/// "self_attn.q_proj" of "model.layers.{layer}.self_attn.q_proj.weight".
static std::string moduleOf(const WeightRow &row) {
  size_t begin = row.name.find("}.") + 2;
  return row.name.substr(begin, row.name.rfind('.') - begin);
}

/// PEFT compares ends of names: the last part alone, unless a module that is not adapted ends so.
static std::vector<std::string> targetsOf(const ModelConfig &config) {
  std::vector<std::string> targets, others;
  const std::vector<Role> &on = config.tuning.adapter->on;
  for (const WeightRow &row : weightTable(config))
    if (row.perLayer && row.shape.size() == 2)
      (std::ranges::find(on, row.role) == on.end() ? others : targets).push_back(moduleOf(row));
  auto last = [](const std::string &module) { return module.substr(module.rfind('.') + 1); };
  for (std::string &target : targets) {
    bool isPlain = std::ranges::none_of(
        others, [&](const std::string &other) { return last(other) == last(target); });
    if (isPlain)
      target = last(target);
  }
  std::ranges::sort(targets);
  targets.erase(std::ranges::unique(targets).begin(), targets.end());
  return targets;
}

void writeAdapter(const std::filesystem::path &folder, const ModelConfig &config,
                  const Weights &adapter, const std::filesystem::path &base) {
  const Adapter &made = *config.tuning.adapter;
  std::vector<std::string> targets;
  for (const std::string &target : targetsOf(config))
    targets.push_back(data::jsonText(target));
  ObjectText text;
  for (auto [key, value] : only)
    text.raw(key, value);
  text.text("task_type", "CAUSAL_LM");
  text.text("base_model_name_or_path", base.string());
  text.size("r", made.rank);
  text.raw("lora_alpha", data::jsonNumber(made.alpha));
  text.raw("lora_dropout", data::jsonNumber(made.dropout));
  text.truth("use_rslora", made.isRankStabilized);
  text.truth("fan_in_fan_out", config.transposed);
  text.raw("target_modules", fmt::format("[{}]", fmt::join(targets, ", ")));
  text.truth("inference_mode", true);
  text.truth("init_lora_weights", true);
  data::writeWhole(folder / configFile, text.whole());

  Weights named;
  for (const auto &[name, tensor] : adapter.all())
    named.add(std::string(wrapper) + name, tensor);
  writeSafetensors(folder / weightsFile, named);
}

bool pairsAsItsFamily(const ModelConfig &config) {
  return !config.rotates || config.rotary.style == familyOf(config).rotary.style;
}

bool isAdapterFolder(const std::filesystem::path &folder) {
  return std::filesystem::exists(folder / configFile) &&
         !std::filesystem::exists(folder / "config.json");
}

namespace {

/// adapter_config.json, parsed.
class AdapterConfig {
public:
  explicit AdapterConfig(const std::filesystem::path &folder) : file(folder / configFile) {
    MappedFile mapped(file);
    simdjson::dom::object object;
    if (simdjson::error_code error =
            parser
                .parse(reinterpret_cast<const char *>(mapped.bytes().data()), mapped.bytes().size())
                .get(object))
      throw ModelError(
          fmt::format("{}: no JSON object: {}", file.string(), simdjson::error_message(error)));
    keys.emplace(object, file);
  }
  const ConfigObject &operator*() const { return *keys; }

private:
  std::filesystem::path file;
  simdjson::dom::parser parser;
  std::optional<ConfigObject> keys;
};

} // namespace

std::filesystem::path baseOfAdapter(const std::filesystem::path &folder) {
  AdapterConfig config(folder);
  constexpr std::string_view key = "base_model_name_or_path";
  std::string name = (*config).text(key, "");
  std::filesystem::path base = (folder / name).lexically_normal();
  if (name.empty() || !std::filesystem::exists(base / "config.json"))
    (*config).fail(
        key, fmt::format("found '{}', expected the folder of the model that it adapts", name));
  return base;
}

static Adapter readShape(const ConfigObject &from, const ModelConfig &config) {
  for (auto [key, value] : only)
    if (std::string found = from.json(key).value_or(std::string(value)); found != value)
      from.fail(key, fmt::format("{} is not followed; expected {}", found, value));
  if (from.truth("fan_in_fan_out", config.transposed) != config.transposed)
    from.fail("fan_in_fan_out",
              fmt::format("expected {} for a model of type {}", config.transposed, config.type));
  Adapter adapter;
  adapter.rank = from.size("r");
  if (adapter.rank == 0)
    from.fail("r", "found 0, expected at least 1");
  adapter.alpha = from.positive("lora_alpha");
  adapter.isRankStabilized = from.truth("use_rslora", false);
  return adapter;
}

/// Takes the tensors that `row` has in `files` into `weights`; how many of its layers there are.
static int64_t takeTensors(const WeightRow &row, const Weights &files, Weights &weights,
                           std::set<std::string> &used) {
  int64_t found = 0;
  for (int64_t layer = 0; layer < row.layers; ++layer) {
    std::string name = nameInLayer(row.name, layer), full = std::string(wrapper) + name;
    const Tensor *tensor = files.find(full);
    if (!tensor)
      continue;
    if (tensor->shape != row.shape)
      throw ModelError(fmt::format("{}: tensor '{}' has shape [{}], expected [{}]",
                                   tensor->file.string(), full, fmt::join(tensor->shape, ", "),
                                   fmt::join(row.shape, ", ")));
    weights.add(name, *tensor);
    used.insert(full);
    ++found;
  }
  return found;
}

AdapterFiles readAdapter(const std::filesystem::path &folder, const ModelConfig &config) {
  AdapterConfig from(folder);
  AdapterFiles files;
  if (!pairsAsItsFamily(config))
    throw ModelError(
        fmt::format("{}: belongs to a Hugging Face folder, which pairs the channels of "
                    "a head in another way than {}",
                    folder.string(), config.file.string()));
  files.adapter = readShape(*from, config);
  std::filesystem::path file = folder / weightsFile;
  Weights stored;
  addSafetensors(file, stored, [](const std::string &) { return true; });

  ModelConfig all = config; // adapted wherever it could be
  all.tuning.adapter = files.adapter;
  for (const WeightRow &row : weightTable(config))
    if (row.perLayer && row.shape.size() == 2)
      all.tuning.adapter->on.push_back(row.role);
  std::set<std::string> used;
  for (const WeightRow &row : parameterTable(all)) {
    if (row.part == Part::Whole)
      continue;
    int64_t found = takeTensors(row, stored, files.weights, used);
    bool isOn = std::ranges::find(files.adapter.on, row.role) != files.adapter.on.end();
    if (found != 0 && found != row.layers)
      throw ModelError(fmt::format("{}: has '{}' of {} layers; expected all {}, or none",
                                   file.string(), row.name, found, row.layers));
    if (row.part == Part::Up && (found != 0) != isOn)
      throw ModelError(fmt::format("{}: has one of the two matrices of '{}'; expected both",
                                   file.string(), row.name));
    if (row.part == Part::Down && found)
      files.adapter.on.push_back(row.role);
  }
  for (const auto &[name, tensor] : stored.all())
    if (!used.contains(name))
      throw ModelError(
          fmt::format("{}: tensor '{}' of shape [{}] has no place in an adapter of the "
                      "model that {} describes",
                      file.string(), name, fmt::join(tensor.shape, ", "), config.file.string()));
  if (files.adapter.on.empty())
    throw ModelError(fmt::format("{}: holds no tensor", file.string()));
  files.weights.keep(std::make_shared<Weights>(std::move(stored)));
  return files;
}

} // namespace roux::model
