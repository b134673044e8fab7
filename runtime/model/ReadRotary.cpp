//===- ReadRotary.cpp - every spelling of rope scaling --------------------===//
//
// Follows transformers' modeling_rope_utils.py: which keys each type needs,
// and what stands in for those it may leave out.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ReadRotary.h"

#include <fmt/format.h>

namespace roux::model {

static void readYarn(const ConfigObject &from, Rotary &rotary) {
  rotary.betaFast = from.number("beta_fast", 32);
  rotary.betaSlow = from.number("beta_slow", 1);
  rotary.truncate = from.truth("truncate", true);
  if (from.has("mscale") || from.has("mscale_all_dim"))
    from.fail("mscale", "yarn with mscale is not supported; state attention_factor instead");
  rotary.attentionFactor = from.has("attention_factor") ? from.positive("attention_factor")
                                                        : yarnAttentionFactor(rotary.factor);
}

static void readLlama3(const ConfigObject &config, const ConfigObject &from, Rotary &rotary) {
  rotary.lowFactor = from.positive("low_freq_factor");
  rotary.highFactor = from.positive("high_freq_factor");
  if (rotary.highFactor <= rotary.lowFactor)
    from.fail("high_freq_factor", fmt::format("{} should be above low_freq_factor {}",
                                              rotary.highFactor, rotary.lowFactor));
  if (!config.has("original_max_position_embeddings"))
    from.size("original_max_position_embeddings"); // has no stand-in for this type
}

/// The length before stretching, which may stand beside the block or in it; newer programs move the
/// one beside into it.
static int64_t readOriginalContext(const ConfigObject &config, const ConfigObject &from,
                                   int64_t context) {
  const char *key = "original_max_position_embeddings";
  int64_t inside = from.size(key, 0), beside = config.size(key, 0);
  if (inside && beside && inside != beside)
    from.fail(key, fmt::format("found {} here and {} outside of it", inside, beside));
  int64_t original = inside ? inside : beside ? beside : context;
  if (original == 0 || (from.has(key) && inside == 0))
    from.fail(key, "found 0, expected a positive length");
  return original;
}

/// What a block says it is; "default" stretches nothing, whatever else stands there.
static std::string typeOf(const ConfigObject &from) {
  std::string older = from.text("type", ""), type = from.text("rope_type", older);
  if (!older.empty() && older != type)
    from.fail("rope_type", fmt::format("found '{}' here and '{}' under 'type'", type, older));
  if (type.empty() && from.number("factor", 1) != 1)
    from.fail("rope_type", "missing, so nothing says what 'factor' does");
  return type.empty() ? "default" : type;
}

/// As many factors as pairs turn.
static std::vector<double> readFactors(const ConfigObject &from, std::string_view key,
                                       int64_t pairs) {
  std::vector<double> factors = from.numbers(key);
  if (factors.empty())
    from.fail(key, "missing");
  if (factors.size() != static_cast<size_t>(pairs))
    from.fail(key, fmt::format("has {} factors, expected one for each of {} pairs of channels",
                               factors.size(), pairs));
  for (double factor : factors)
    if (factor <= 0)
      from.fail(key, fmt::format("found {}, expected factors above zero", factor));
  return factors;
}

static void readLongRope(const ConfigObject &from, const ModelConfig &model, Rotary &rotary) {
  int64_t pairs = model.rotaryChannels() / 2;
  rotary.shortFactors = readFactors(from, "short_factor", pairs);
  rotary.longFactors = readFactors(from, "long_factor", pairs);
  rotary.factor = from.has("factor") ? from.positive("factor")
                                     : static_cast<double>(model.context) /
                                           static_cast<double>(rotary.originalContext);
  rotary.attentionFactor = from.has("attention_factor")
                               ? from.positive("attention_factor")
                               : longRopeAttentionFactor(rotary.factor, rotary.originalContext);
}

static void readScaling(const ConfigObject &config, const ConfigObject &from,
                        const ModelConfig &model, Rotary &rotary) {
  std::string type = typeOf(from);
  bool hasListsOnly = model.type == "phi3"; // transformers refuses the others there
  if (type == "default")
    return;
  if (hasListsOnly && type != "longrope" && type != "su")
    from.fail("rope_type", fmt::format("found '{}', expected default or longrope", type));
  rotary.originalContext = readOriginalContext(config, from, hasListsOnly ? 4096 : model.context);
  if (type == "longrope" || (hasListsOnly && type == "su")) {
    rotary.scaling = Rotary::Scaling::LongRope;
    readLongRope(from, model, rotary);
    return;
  }
  rotary.factor = from.positive("factor");
  if (type == "linear") {
    rotary.scaling = Rotary::Scaling::Linear;
  } else if (type == "dynamic") {
    rotary.scaling = Rotary::Scaling::Dynamic;
    if (rotary.originalContext != model.context)
      from.fail("original_max_position_embeddings",
                fmt::format("found {}, but dynamic positions grow from max_position_embeddings, "
                            "which is {}",
                            rotary.originalContext, model.context));
  } else if (type == "yarn") {
    rotary.scaling = Rotary::Scaling::Yarn;
    readYarn(from, rotary);
  } else if (type == "llama3") {
    rotary.scaling = Rotary::Scaling::Llama3;
    readLlama3(config, from, rotary);
  } else {
    from.fail("rope_type", fmt::format("found '{}', expected default, linear, dynamic, yarn, "
                                       "llama3 or longrope",
                                       type));
  }
}

/// A number that may stand in the block under `key`, beside it under `outside`, or in both if they
/// agree. Throws where two places say two things: one of them would be ignored.
static double agreed(const ConfigObject &config, const ConfigObject *block, std::string_view key,
                     std::string_view outside, double otherwise) {
  double beside = config.number(outside, otherwise);
  if (!block || !block->has(key))
    return beside;
  double inside = block->number(key, otherwise);
  if (config.has(outside) && inside != beside)
    block->fail(key, fmt::format("found {} here and {} outside of it", inside, beside));
  return inside;
}

static double readBase(const ConfigObject &config, const std::optional<ConfigObject> &scaling,
                       const std::optional<ConfigObject> &parameters, const RotaryKeys &keys) {
  const ConfigObject *block = scaling ? &*scaling : parameters ? &*parameters : nullptr;
  if (!scaling || !parameters)
    return agreed(config, block, "rope_theta", keys.base, keys.baseOtherwise);
  // What the other one says of the base must not be lost.
  double older = agreed(config, &*scaling, "rope_theta", keys.base, keys.baseOtherwise);
  double newer = agreed(config, &*parameters, "rope_theta", keys.base, older);
  if ((scaling->has("rope_theta") || config.has(keys.base)) && older != newer)
    parameters->fail("rope_theta",
                     fmt::format("found {}, and {} in rope_scaling or outside", newer, older));
  return newer;
}

static void readShare(const ConfigObject &config, const ConfigObject *block, const RotaryKeys &keys,
                      ModelConfig &model) {
  static constexpr std::string_view inside = "partial_rotary_factor";
  std::string_view outside = keys.share.empty() ? inside : keys.share;
  model.rotaryShare = agreed(config, block, inside, outside, keys.shareOtherwise);
  if (keys.share.empty() && model.rotaryShare != 1)
    config.fail(outside, "only 1 is supported: all channels of a head turn");
  if (!(model.rotaryShare > 0 && model.rotaryShare <= 1))
    config.fail(outside,
                fmt::format("found {}, expected a share above 0 and up to 1", model.rotaryShare));
}

/// The positions of layers that have their own: in a block of their own, or a base alone.
static void readLocal(const ConfigObject &config, const std::optional<ConfigObject> &block,
                      const RotaryKeys &keys, ModelConfig &model) {
  Rotary &rotary = model.localRotary;
  rotary.base = agreed(config, block ? &*block : nullptr, "rope_theta", keys.localBase,
                       keys.localBaseOtherwise);
  if (block)
    readScaling(config, *block, model, rotary);
}

static void checkBase(const ConfigObject &config, std::string_view key, const Rotary &rotary) {
  if (!(rotary.base > 1))
    config.fail(key, fmt::format("found {}, expected a number above 1", rotary.base));
}

/// The part of `rope_parameters` for one type of layers, in families that tell them apart.
static std::optional<ConfigObject> partOf(const std::optional<ConfigObject> &parameters,
                                          std::string_view type) {
  if (!parameters)
    return std::nullopt;
  for (const char *key : {"rope_theta", "rope_type", "factor"})
    if (parameters->has(key))
      parameters->fail(key, "expected in a block full_attention or sliding_attention");
  return parameters->child(type);
}

void readRotary(const ConfigObject &config, const RotaryKeys &keys, ModelConfig &model) {
  // As transformers does: the older block rules where a file has both.
  auto scaling = config.child("rope_scaling"), all = config.child("rope_parameters");
  bool differ = keys.localBaseOtherwise != 0;
  std::optional<ConfigObject> parameters = differ ? partOf(all, "full_attention") : all;
  if (differ) {
    model.localRotary.style = keys.style;
    readLocal(config, partOf(all, "sliding_attention"), keys, model);
    checkBase(config, "rope_local_base_freq", model.localRotary);
  }
  Rotary &rotary = model.rotary;
  rotary.style = keys.style;
  rotary.base = readBase(config, scaling, parameters, keys);
  checkBase(config, keys.base, rotary);
  const ConfigObject *block = scaling ? &*scaling : parameters ? &*parameters : nullptr;
  readShare(config, block, keys, model);
  if (block)
    readScaling(config, *block, model, rotary);
  if (scaling && parameters && typeOf(*parameters) != "default") {
    Rotary other;
    other.style = rotary.style;
    other.base = rotary.base;
    readScaling(config, *parameters, model, other);
    if (rotary != other)
      config.fail("rope_parameters", "says other positions than rope_scaling, which is read");
  }
}

} // namespace roux::model
