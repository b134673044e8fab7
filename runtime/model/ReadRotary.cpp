//===- ReadRotary.cpp - every spelling of rope scaling --------------------===//
//
// Follows transformers' modeling_rope_utils.py: which keys each type needs,
// and what stands in for those it may leave out.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ReadRotary.h"

#include <fmt/format.h>

#include <tuple>

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

static void readScaling(const ConfigObject &config, const ConfigObject &from, int64_t context,
                        Rotary &rotary) {
  std::string type = typeOf(from);
  if (type == "default")
    return;
  rotary.factor = from.positive("factor");
  rotary.originalContext = readOriginalContext(config, from, context);
  if (type == "linear") {
    rotary.scaling = Rotary::Scaling::Linear;
  } else if (type == "dynamic") {
    rotary.scaling = Rotary::Scaling::Dynamic;
  } else if (type == "yarn") {
    rotary.scaling = Rotary::Scaling::Yarn;
    readYarn(from, rotary);
  } else if (type == "llama3") {
    rotary.scaling = Rotary::Scaling::Llama3;
    readLlama3(config, from, rotary);
  } else {
    from.fail("rope_type", fmt::format("found '{}', expected default, linear, dynamic, yarn or "
                                       "llama3",
                                       type));
  }
}

/// A number that may stand in the block, beside it, or in both if they agree. Throws where two
/// places say two things: one of them would be ignored.
static double agreed(const ConfigObject &config, const ConfigObject *block, std::string_view key,
                     double otherwise) {
  double beside = config.number(key, otherwise);
  if (!block || !block->has(key))
    return beside;
  double inside = block->number(key, otherwise);
  if (config.has(key) && inside != beside)
    block->fail(key, fmt::format("found {} here and {} outside of it", inside, beside));
  return inside;
}

static bool sameScaling(const Rotary &a, const Rotary &b) {
  auto numbers = [](const Rotary &of) {
    return std::tuple(of.scaling, of.factor, of.originalContext, of.betaFast, of.betaSlow,
                      of.truncate, of.attentionFactor, of.lowFactor, of.highFactor);
  };
  return numbers(a) == numbers(b);
}

Rotary readRotary(const ConfigObject &config, int64_t context) {
  Rotary rotary;
  // As transformers does: the older block rules where a file has both.
  auto scaling = config.child("rope_scaling"), parameters = config.child("rope_parameters");
  const ConfigObject *block = scaling ? &*scaling : parameters ? &*parameters : nullptr;
  if (scaling && parameters) {
    // What the other one says of the base must not be lost.
    double older = agreed(config, &*scaling, "rope_theta", rotary.base);
    double newer = agreed(config, &*parameters, "rope_theta", older);
    if ((scaling->has("rope_theta") || config.has("rope_theta")) && older != newer)
      parameters->fail("rope_theta",
                       fmt::format("found {}, and {} in rope_scaling or outside", newer, older));
    rotary.base = newer;
  } else {
    rotary.base = agreed(config, block, "rope_theta", rotary.base);
  }
  if (!(rotary.base > 1))
    config.fail("rope_theta", fmt::format("found {}, expected a number above 1", rotary.base));
  if (agreed(config, block, "partial_rotary_factor", 1) != 1)
    config.fail("partial_rotary_factor", "only 1 is supported: all channels of a head turn");
  if (block)
    readScaling(config, *block, context, rotary);
  if (scaling && parameters && typeOf(*parameters) != "default") {
    Rotary other = rotary;
    readScaling(config, *parameters, context, other);
    if (!sameScaling(rotary, other))
      config.fail("rope_parameters", "says other positions than rope_scaling, which is read");
  }
  return rotary;
}

} // namespace roux::model
