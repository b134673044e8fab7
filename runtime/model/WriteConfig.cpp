//===- WriteConfig.cpp - the keys transformers asks for -------------------===//
//
// Every key that decides a result is written, also where it has the value that
// transformers would assume, because what it assumes has changed over versions.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/WriteConfig.h"

#include "runtime/model/Family.h"
#include "runtime/model/ObjectText.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace roux::model {

static std::string listText(const std::vector<double> &values) {
  std::vector<std::string> texts;
  for (double value : values)
    texts.push_back(realText(value));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

/// The inside of a block that says how positions are stretched.
static std::string scalingText(const Rotary &rotary) {
  std::string common = fmt::format(R"("factor": {}, "original_max_position_embeddings": {})",
                                   realText(rotary.factor), rotary.originalContext);
  switch (rotary.scaling) {
  case Rotary::Scaling::None:
    return R"("rope_type": "default")";
  case Rotary::Scaling::Linear:
    return R"("rope_type": "linear", )" + common;
  case Rotary::Scaling::Dynamic:
    return R"("rope_type": "dynamic", )" + common;
  case Rotary::Scaling::Yarn:
    return fmt::format(
        R"("rope_type": "yarn", {}, "beta_fast": {}, "beta_slow": {}, "truncate": {}, "attention_factor": {})",
        common, realText(rotary.betaFast), realText(rotary.betaSlow), rotary.truncate,
        realText(rotary.attentionFactor));
  case Rotary::Scaling::Llama3:
    return fmt::format(
        R"("rope_type": "llama3", {}, "low_freq_factor": {}, "high_freq_factor": {})", common,
        realText(rotary.lowFactor), realText(rotary.highFactor));
  case Rotary::Scaling::LongRope:
    return fmt::format(
        R"("rope_type": "longrope", {}, "short_factor": {}, "long_factor": {}, "attention_factor": {})",
        common, listText(rotary.shortFactors), listText(rotary.longFactors),
        realText(rotary.attentionFactor));
  }
  return "";
}

static void writeRotary(const ModelConfig &config, const RotaryKeys &keys, ObjectText &out) {
  const Rotary &rotary = config.rotary;
  bool isPlain = rotary.scaling == Rotary::Scaling::None;
  out.number(keys.base, rotary.base);
  if (!keys.share.empty())
    out.number(keys.share, config.rotaryShare);
  if (rotary.scaling == Rotary::Scaling::LongRope)
    out.size("original_max_position_embeddings", rotary.originalContext);
  out.raw("rope_scaling", isPlain ? "null" : fmt::format("{{{}}}", scalingText(rotary)));
  bool turnsLocally = std::ranges::any_of(
      config.kinds, [](LayerKind kind) { return kind.turn == LayerKind::Turn::Local; });
  if (!turnsLocally)
    return;
  if (!keys.localBase.empty())
    out.number(keys.localBase, config.localRotary.base);
  if (keys.localBase.empty() || config.localRotary.scaling != Rotary::Scaling::None)
    out.raw("rope_parameters",
            fmt::format(R"({{"full_attention": {{"rope_theta": {}, {}}}, "sliding_attention": )"
                        R"({{"rope_theta": {}, {}}}}})",
                        realText(rotary.base), scalingText(rotary),
                        realText(config.localRotary.base), scalingText(config.localRotary)));
}

static std::string_view activationName(Activation activation, const Family &family) {
  switch (activation) {
  case Activation::Silu:
    return "silu";
  case Activation::Gelu:
    return "gelu";
  case Activation::GeluTanh:
    return family.type == "gpt2" || family.type == "phi" ? "gelu_new" : "gelu_pytorch_tanh";
  case Activation::Relu:
    return "relu";
  }
  return "";
}

static void writeKey(const ModelConfig &config, const Family &family, const ConfigKey &key,
                     ObjectText &out) {
  std::visit(
      [&](auto member) {
        auto value = config.*member;
        if constexpr (std::is_same_v<decltype(value), bool>)
          out.truth(key.name, value);
        else if constexpr (std::is_same_v<decltype(value), Activation>)
          out.text(key.name, activationName(value, family));
        else if (key.ifNull && value == static_cast<decltype(value)>(*key.ifNull))
          out.raw(key.name, "null");
        else if constexpr (std::is_same_v<decltype(value), double>) {
          // transformers takes whole numbers only there, where it takes them.
          if (member == &ModelConfig::attentionDivisor && value == std::floor(value))
            out.size(key.name, static_cast<int64_t>(value));
          else
            out.number(key.name, value);
        } else
          out.size(key.name, value);
      },
      key.member);
}

static void writeEnds(const ModelConfig &config, ObjectText &out) {
  if (config.beginToken >= 0)
    out.size("bos_token_id", config.beginToken);
  if (config.endTokens.size() == 1)
    out.size("eos_token_id", config.endTokens.front());
  else if (!config.endTokens.empty())
    out.raw("eos_token_id", fmt::format("[{}]", fmt::join(config.endTokens, ", ")));
}

std::string configText(const ModelConfig &given, DataType type) {
  ModelConfig config = given;
  if (config.rotary.scaling == Rotary::Scaling::Dynamic)
    config.context = config.rotary.originalContext;
  const Family &family = familyOf(config);
  assert((!config.rotates || config.rotary.style == family.rotary.style) &&
         "a family's config.json has one rotary style");
  ObjectText out;
  out.raw("architectures", fmt::format("[\"{}\"]", family.architecture));
  out.text("model_type", config.type);
  for (const ConfigKey &key : family.keys)
    writeKey(config, family, key, out);
  if (config.rotates)
    writeRotary(config, family.rotary, out);
  if (family.write)
    family.write(config, out);
  out.size("vocab_size", config.vocabulary);
  out.truth("tie_word_embeddings", config.tied);
  writeEnds(config, out);
  // Nothing here pads; what some families would assume is beyond a small vocabulary.
  out.raw("pad_token_id", "null");
  static constexpr std::string_view types[] = {"float32", "float16", "bfloat16"};
  out.text("torch_dtype", types[static_cast<size_t>(type)]);
  return out.whole();
}

std::string generationConfigText(const ModelConfig &config) {
  ObjectText out;
  writeEnds(config, out);
  for (const auto &[key, json] : config.drawing)
    out.raw(key, json);
  return out.whole();
}

} // namespace roux::model
