//===- ModelConfig.cpp - config.json to the shape of a model --------------===//
//
// One function a family. A key that would change what the model computes and
// that Roux does not follow is an error, never ignored.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ModelConfig.h"

#include "runtime/data/JsonNumbers.h"
#include "runtime/model/ConfigKeys.h"
#include "runtime/model/ReadRotary.h"
#include "runtime/model/Weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace roux::model {

static Activation readActivation(const ConfigObject &from, std::string_view key,
                                 std::string_view otherwise) {
  std::string name = from.text(key, otherwise);
  if (name == "silu" || name == "swish")
    return Activation::Silu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh")
    return Activation::GeluTanh;
  from.fail(key, fmt::format("found '{}', expected silu, gelu_new or gelu_pytorch_tanh", name));
}

/// Qwen states a window and whether, and from which layer on, it is used; Mistral just states it.
/// A list of layers' types rules over both. All layers of a model must be alike.
static int64_t readWindow(const ConfigObject &from, const ModelConfig &config) {
  std::vector<std::string> types = from.texts("layer_types");
  for (const std::string &type : types)
    if (type != types.front())
      from.fail("layer_types", fmt::format("both '{}' and '{}' in one model are not supported",
                                           types.front(), type));
  int64_t window = from.size("sliding_window", 0);
  bool used = from.truth("use_sliding_window", false);
  int64_t first = from.size("max_window_layers", 28);
  if (config.type == "llama")
    return 0;
  if (config.type == "mistral")
    return window;
  if (!used)
    return 0;
  if (!types.empty() && types.front() != "sliding_attention" && types.front() != "full_attention")
    from.fail("layer_types", fmt::format("found '{}', expected full_attention or "
                                         "sliding_attention",
                                         types.front()));
  if (!types.empty())
    return types.front() == "sliding_attention" ? window : 0;
  if (first >= config.layers)
    return 0;
  if (first > 0)
    from.fail("max_window_layers", fmt::format("found {} of {} layers; layers with and without a "
                                               "window in one model are not supported",
                                               first, config.layers));
  return window;
}

static void readLlama(const ConfigObject &from, ModelConfig &config) {
  config.family = Family::Llama;
  config.layers = from.size("num_hidden_layers");
  config.channels = from.size("hidden_size");
  config.heads = from.size("num_attention_heads");
  config.keyValueHeads = from.size("num_key_value_heads", config.heads);
  config.headChannels = from.size("head_dim", config.heads ? config.channels / config.heads : 0);
  config.feedForward = from.size("intermediate_size");
  config.context = from.size("max_position_embeddings");
  config.epsilon = from.number("rms_norm_eps", 1e-6);
  config.tied = from.truth("tie_word_embeddings", false);
  config.activation = readActivation(from, "hidden_act", "silu");
  bool bias = from.truth("attention_bias", false);
  config.queryKeyValueBias = bias || config.type == "qwen2";
  config.outputBias = bias;
  config.feedForwardBias = from.truth("mlp_bias", false);
  config.headNorms = config.type == "qwen3";
  config.window = readWindow(from, config);
  config.rotary = readRotary(from, config.context);
}

static void readGpt2(const ConfigObject &from, ModelConfig &config) {
  config.family = Family::Gpt2;
  config.layers = from.size("n_layer");
  config.channels = from.size("n_embd");
  config.heads = from.size("n_head");
  config.keyValueHeads = config.heads;
  config.headChannels = config.heads ? config.channels / config.heads : 0;
  config.feedForward = from.size("n_inner", 4 * config.channels);
  config.context = from.size("n_positions");
  config.epsilon = from.number("layer_norm_epsilon", 1e-5);
  config.tied = from.truth("tie_word_embeddings", true);
  config.activation = readActivation(from, "activation_function", "gelu_new");
  config.queryKeyValueBias = config.outputBias = config.feedForwardBias = true;
  if (!from.truth("scale_attn_weights", true))
    from.fail("scale_attn_weights", "only true is supported");
  if (from.truth("scale_attn_by_inverse_layer_idx", false))
    from.fail("scale_attn_by_inverse_layer_idx", "only false is supported");
  if (config.heads && config.channels % config.heads != 0)
    from.fail("n_head", fmt::format("{} heads do not divide {} channels evenly", config.heads,
                                    config.channels));
}

void checkSizes(const ModelConfig &config) {
  auto fail = [&](const std::string &what) {
    throw ModelError(fmt::format("{}: {}", config.file.string(), what));
  };
  struct Size {
    const char *name;
    int64_t value;
  };
  const std::array<Size, 8> sizes{{{"layers", config.layers},
                                   {"channels", config.channels},
                                   {"heads", config.heads},
                                   {"key-value heads", config.keyValueHeads},
                                   {"channels a head", config.headChannels},
                                   {"feed-forward channels", config.feedForward},
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
  if (config.family == Family::Llama && config.headChannels % 2 != 0)
    fail(fmt::format("a head has {} channels, expected an even number: rotary positions turn pairs",
                     config.headChannels));
  if (config.epsilon < 0 || config.epsilon >= 1)
    fail(fmt::format("the norms' epsilon is {}, expected 0 to 1", config.epsilon));
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
  static constexpr std::array<std::string_view, 4> llamas{"llama", "mistral", "qwen2", "qwen3"};
  for (std::string_view key : {"quantization_config", "compression_config", "quantization"})
    if (from.has(key))
      from.fail(key, "quantized weights are not supported");
  if (std::ranges::find(llamas, config.type) != llamas.end())
    readLlama(from, config);
  else if (config.type == "gpt2")
    readGpt2(from, config);
  else
    from.fail("model_type", fmt::format("found '{}', expected llama, mistral, qwen2, qwen3 or gpt2",
                                        config.type));
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
