//===- ModelConfig.cpp - config.json to the shape of a model --------------===//
//
// A walk over the family's table. A key that would change what the model computes
// and that Roux does not follow is an error, never ignored.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ModelConfig.h"

#include "runtime/data/JsonNumbers.h"
#include "runtime/model/ConfigKeys.h"
#include "runtime/model/Family.h"
#include "runtime/model/ReadRotary.h"
#include "runtime/model/Weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace roux::model {

static Activation readActivation(const ConfigObject &from, const ConfigKey &key) {
  struct Name {
    std::string_view name;
    Activation activation;
  };
  static constexpr Name names[] = {{"silu", Activation::Silu},
                                   {"swish", Activation::Silu},
                                   {"gelu", Activation::Gelu},
                                   {"gelu_python", Activation::Gelu},
                                   {"gelu_new", Activation::GeluTanh},
                                   {"gelu_pytorch_tanh", Activation::GeluTanh},
                                   {"relu", Activation::Relu},
                                   {"gelu_fast", Activation::GeluTanh},
                                   {"gelu_accurate", Activation::GeluTanh}};
  if (!from.has(key.name) && key.otherwise)
    return static_cast<Activation>(static_cast<int>(*key.otherwise));
  std::string text = from.text(key.name, "");
  auto known = std::ranges::find(names, text, &Name::name);
  if (known != std::end(names))
    return known->activation;
  from.fail(key.name, fmt::format("found '{}', expected silu, gelu, gelu_new, gelu_pytorch_tanh or "
                                  "relu",
                                  text));
}

/// The number that stands in where a key is left out or null; none where it has to be there.
static std::optional<double> standIn(const ConfigObject &from, const ConfigKey &key) {
  if (key.ifNull && from.isNull(key.name))
    return key.ifNull;
  return key.otherwise;
}

static void readKey(const ConfigObject &from, const ConfigKey &key, ModelConfig &config) {
  std::optional<double> otherwise = standIn(from, key);
  std::visit(
      [&](auto member) {
        auto &value = config.*member;
        using Value = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, Activation>)
          value = readActivation(from, key);
        else if (!from.has(key.name) && otherwise)
          value = static_cast<Value>(*otherwise);
        else if constexpr (std::is_same_v<Value, bool>)
          value = from.truth(key.name, false);
        else if constexpr (std::is_same_v<Value, int64_t>)
          value = from.size(key.name);
        else
          value = member == &ModelConfig::epsilon ? from.number(key.name) : from.positive(key.name);
      },
      key.member);
}

/// What follows from other sizes.
static void derive(const ConfigObject &from, ModelConfig &config, const Family &family) {
  bool says = std::ranges::any_of(
      family.keys, [](const ConfigKey &key) { return key.name == "num_key_value_heads"; });
  if (!says || config.keyValueHeads == derived)
    config.keyValueHeads = config.heads;
  bool saysHead =
      std::ranges::any_of(family.keys, [](const ConfigKey &key) { return key.name == "head_dim"; });
  if (!saysHead || config.headChannels == derived) {
    config.headChannels = config.heads ? config.channels / config.heads : 0;
    if (config.heads && config.channels % config.heads != 0 && !saysHead)
      from.fail(
          family.type == "gpt2" ? "n_head" : "num_attention_heads",
          fmt::format("{} heads do not divide {} channels evenly", config.heads, config.channels));
  }
  if (config.feedForward == derived)
    config.feedForward = 4 * config.channels;
  if (config.scalesEmbeddings)
    config.embeddingScale = std::sqrt(static_cast<double>(config.channels));
}

/// Throws for a key whose only value that changes nothing it does not have.
static void readOnly(const ConfigObject &from, const OnlyKey &key) {
  std::optional<std::string> found = from.json(key.name);
  if (found && *found != key.value)
    from.fail(key.name,
              key.value.empty()
                  ? fmt::format("found {}, which changes what the model computes and is "
                                "not supported",
                                found->substr(0, 60))
                  : fmt::format("found {}, only {} is supported", found->substr(0, 60), key.value));
}

static constexpr double mostContext = std::numeric_limits<int32_t>::max();

static void readFamily(const ConfigObject &from, const Family &family, ModelConfig &config) {
  static_cast<Blocks &>(config) = family.blocks;
  for (const ConfigKey &key : family.keys)
    readKey(from, key, config);
  for (const OnlyKey &key : family.only)
    readOnly(from, key);
  for (std::string_view key : family.harmless)
    (void)from.has(key);
  config.tied = from.truth("tie_word_embeddings", family.tiedOtherwise);
  derive(from, config, family);
  if (family.read)
    family.read(from, config);
  if (config.rotates)
    readRotary(from, family.rotary, config);
  // A base that grows with a sequence is for sequences longer than the length it grows from.
  if (config.rotary.scaling == Rotary::Scaling::Dynamic)
    config.context = static_cast<int64_t>(
        std::min<double>(config.rotary.factor * static_cast<double>(config.context), mostContext));
}

void checkSizes(const ModelConfig &config) {
  auto fail = [&](const std::string &what) {
    throw ModelError(fmt::format("{}: {}", config.file.string(), what));
  };
  struct Size {
    const char *name;
    int64_t value;
  };
  const std::array<Size, 9> sizes{{{"layers", config.layers},
                                   {"channels", config.channels},
                                   {"heads", config.heads},
                                   {"key-value heads", config.keyValueHeads},
                                   {"channels a head", config.headChannels},
                                   {"feed-forward channels", config.feedForward},
                                   {"channels of embeddings", config.tableChannels()},
                                   {"tokens in the vocabulary", config.vocabulary},
                                   {"positions in the context", config.context}}};
  for (const Size &size : sizes)
    if (size.value < 1 || size.value > std::numeric_limits<int32_t>::max())
      fail(fmt::format("the model has {} {}, expected 1 to 2147483647", size.value, size.name));
  if (config.heads % config.keyValueHeads != 0)
    fail(fmt::format("{} heads cannot share {} key-value heads evenly", config.heads,
                     config.keyValueHeads));
  if (config.queryChannels() > std::numeric_limits<int32_t>::max())
    fail(fmt::format("{} heads of {} channels are too many", config.heads, config.headChannels));
  if (config.layers > mostLayers)
    fail(fmt::format("the model has {} layers, expected 1 to {}", config.layers, mostLayers));
  if (config.rotates && (config.rotaryChannels() % 2 != 0 || config.rotaryChannels() < 2))
    fail(fmt::format("{} has {} channels, expected an even number: rotary positions turn pairs",
                     config.rotaryShare == 1 ? "a head" : "the part of a head that turns",
                     config.rotaryChannels()));
  if (config.epsilon < 0 || config.epsilon >= 1)
    fail(fmt::format("the norms' epsilon is {}, expected 0 to 1", config.epsilon));
}

[[noreturn]] static void refuseType(const ConfigObject &from, const std::string &type) {
  std::string list;
  for (const Family *each : everyFamily())
    list += fmt::format("{}{}",
                        each == everyFamily().front()  ? ""
                        : each == everyFamily().back() ? " or "
                                                       : ", ",
                        each->type);
  from.fail("model_type", fmt::format("found '{}', expected {}", type.substr(0, 60), list));
}

ModelConfig parseConfig(std::string_view text, const std::filesystem::path &file) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::string readable = data::withReadableNumbers(text);
  if (auto error = parser.parse(readable).get(object))
    throw ModelError(
        fmt::format("{}: no JSON object: {}", file.string(), simdjson::error_message(error)));
  ConfigObject from(object, file);
  ModelConfig config;
  config.file = file;
  config.type = from.text("model_type", "");
  for (std::string_view key : {"quantization_config", "compression_config", "quantization"})
    if (from.has(key))
      from.fail(key, "quantized weights are not supported");
  const Family *family = findFamily(config.type);
  if (!family)
    refuseType(from, config.type);
  readFamily(from, *family, config);
  config.vocabulary = from.size("vocab_size");
  config.endTokens = from.sizes("eos_token_id");
  std::vector<int64_t> begin = from.sizes("bos_token_id");
  if (!begin.empty())
    config.beginToken = begin.front();
  config.unreadKeys = unreadKeys(from);
  checkSizes(config);
  return config;
}

ModelConfig readConfig(const std::filesystem::path &file) {
  MappedFile mapped(file);
  std::span<const std::byte> bytes = mapped.bytes();
  ModelConfig config =
      parseConfig({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, file);
  config.drawing = readAnswerDrawing(file.parent_path() / "generation_config.json");
  return config;
}

} // namespace roux::model
