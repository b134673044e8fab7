//===- WriteConfig.cpp - the keys transformers asks for -------------------===//
//
// Every key that decides a result is written, also where it has the value that
// transformers would assume, because what it assumes has changed over versions.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/WriteConfig.h"

#include "runtime/data/JsonText.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cassert>

namespace roux::model {

/// With a decimal point where it is whole: transformers warns about a factor that is an integer.
static std::string real(double value) {
  std::string text = data::jsonNumber(value);
  return text.find_first_of(".en") == text.npos ? text + ".0" : text;
}

namespace {

/// A JSON object, one key a line, in the order written.
class ObjectText {
public:
  void raw(std::string_view key, std::string_view json) {
    lines.push_back(fmt::format("  \"{}\": {}", key, json));
  }
  void text(std::string_view key, std::string_view value) { raw(key, data::jsonText(value)); }
  void size(std::string_view key, int64_t value) { raw(key, std::to_string(value)); }
  void number(std::string_view key, double value) { raw(key, real(value)); }
  void truth(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
  std::string whole() const { return fmt::format("{{\n{}\n}}\n", fmt::join(lines, ",\n")); }

private:
  std::vector<std::string> lines;
};

struct Architecture {
  std::string_view type, name;
};

} // namespace

static constexpr Architecture architectures[] = {{"llama", "LlamaForCausalLM"},
                                                 {"mistral", "MistralForCausalLM"},
                                                 {"qwen2", "Qwen2ForCausalLM"},
                                                 {"qwen3", "Qwen3ForCausalLM"},
                                                 {"gpt2", "GPT2LMHeadModel"}};

static std::string rotaryScaling(const Rotary &rotary) {
  std::string common = fmt::format(R"("factor": {}, "original_max_position_embeddings": {})",
                                   real(rotary.factor), rotary.originalContext);
  switch (rotary.scaling) {
  case Rotary::Scaling::None:
    return "null";
  case Rotary::Scaling::Linear:
    return fmt::format(R"({{"rope_type": "linear", {}}})", common);
  case Rotary::Scaling::Dynamic:
    return fmt::format(R"({{"rope_type": "dynamic", {}}})", common);
  case Rotary::Scaling::Yarn:
    return fmt::format(
        R"({{"rope_type": "yarn", {}, "beta_fast": {}, "beta_slow": {}, "truncate": {}, "attention_factor": {}}})",
        common, real(rotary.betaFast), real(rotary.betaSlow), rotary.truncate,
        real(rotary.attentionFactor));
  case Rotary::Scaling::Llama3:
    return fmt::format(
        R"({{"rope_type": "llama3", {}, "low_freq_factor": {}, "high_freq_factor": {}}})", common,
        real(rotary.lowFactor), real(rotary.highFactor));
  }
  return "null";
}

static void writeWindow(const ModelConfig &config, ObjectText &out) {
  if (config.type == "llama")
    return;
  if (config.window)
    out.size("sliding_window", config.window);
  else
    out.raw("sliding_window", "null");
  if (config.type == "mistral")
    return;
  out.truth("use_sliding_window", config.window != 0);
  out.size("max_window_layers", config.window ? 0 : config.layers);
}

static void writeLlama(const ModelConfig &config, ObjectText &out) {
  assert(config.rotary.style == Rotary::Style::Half && "config.json has one rotary style");
  out.size("hidden_size", config.channels);
  out.size("intermediate_size", config.feedForward);
  out.size("num_hidden_layers", config.layers);
  out.size("num_attention_heads", config.heads);
  out.size("num_key_value_heads", config.keyValueHeads);
  out.size("head_dim", config.headChannels);
  out.size("max_position_embeddings", config.context);
  out.number("rms_norm_eps", config.epsilon);
  out.number("rope_theta", config.rotary.base);
  out.raw("rope_scaling", rotaryScaling(config.rotary));
  out.text("hidden_act", config.activation == Activation::Silu ? "silu" : "gelu_pytorch_tanh");
  out.truth("attention_bias", config.outputBias);
  out.truth("mlp_bias", config.feedForwardBias);
  writeWindow(config, out);
}

static void writeGpt2(const ModelConfig &config, ObjectText &out) {
  out.size("n_embd", config.channels);
  out.size("n_inner", config.feedForward);
  out.size("n_layer", config.layers);
  out.size("n_head", config.heads);
  out.size("n_positions", config.context);
  out.size("n_ctx", config.context);
  out.number("layer_norm_epsilon", config.epsilon);
  out.text("activation_function", config.activation == Activation::Silu ? "silu" : "gelu_new");
}

static void writeEnds(const ModelConfig &config, ObjectText &out) {
  if (config.beginToken >= 0)
    out.size("bos_token_id", config.beginToken);
  if (config.endTokens.size() == 1)
    out.size("eos_token_id", config.endTokens.front());
  else if (!config.endTokens.empty())
    out.raw("eos_token_id", fmt::format("[{}]", fmt::join(config.endTokens, ", ")));
}

std::string configText(const ModelConfig &config, DataType type) {
  ObjectText out;
  for (const Architecture &each : architectures)
    if (each.type == config.type)
      out.raw("architectures", fmt::format("[\"{}\"]", each.name));
  out.text("model_type", config.type);
  if (config.family == Family::Gpt2)
    writeGpt2(config, out);
  else
    writeLlama(config, out);
  out.size("vocab_size", config.vocabulary);
  out.truth("tie_word_embeddings", config.tied);
  writeEnds(config, out);
  static constexpr std::string_view types[] = {"float32", "float16", "bfloat16"};
  out.text("torch_dtype", types[static_cast<size_t>(type)]);
  return out.whole();
}

std::string generationConfigText(const ModelConfig &config) {
  ObjectText out;
  writeEnds(config, out);
  out.size("max_length", config.context);
  for (const auto &[key, json] : config.drawing)
    out.raw(key, json);
  return out.whole();
}

} // namespace roux::model
