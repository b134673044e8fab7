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

static void readLlama3(const ConfigObject &from, Rotary &rotary) {
  rotary.lowFactor = from.positive("low_freq_factor");
  rotary.highFactor = from.positive("high_freq_factor");
  if (rotary.highFactor <= rotary.lowFactor)
    from.fail("high_freq_factor", fmt::format("{} should be above low_freq_factor {}",
                                              rotary.highFactor, rotary.lowFactor));
  from.size("original_max_position_embeddings"); // has no stand-in for this type
}

static void readScaling(const ConfigObject &from, int64_t context, Rotary &rotary) {
  std::string type = from.text("rope_type", from.text("type", "default"));
  if (type == "default")
    return;
  rotary.factor = from.positive("factor");
  rotary.originalContext = from.size("original_max_position_embeddings", context);
  if (rotary.originalContext == 0)
    from.fail("original_max_position_embeddings", "found 0, expected a positive length");
  if (type == "linear") {
    rotary.scaling = Rotary::Scaling::Linear;
  } else if (type == "dynamic") {
    rotary.scaling = Rotary::Scaling::Dynamic;
  } else if (type == "yarn") {
    rotary.scaling = Rotary::Scaling::Yarn;
    readYarn(from, rotary);
  } else if (type == "llama3") {
    rotary.scaling = Rotary::Scaling::Llama3;
    readLlama3(from, rotary);
  } else {
    from.fail("rope_type", fmt::format("found '{}', expected default, linear, dynamic, yarn or "
                                       "llama3",
                                       type));
  }
}

Rotary readRotary(const ConfigObject &config, int64_t context) {
  Rotary rotary;
  auto parameters = config.child("rope_parameters");
  const ConfigObject &from = parameters ? *parameters : config;
  if (from.has("rope_theta"))
    rotary.base = from.positive("rope_theta");
  if (rotary.base <= 1)
    from.fail("rope_theta", fmt::format("found {}, expected a number above 1", rotary.base));
  if (from.number("partial_rotary_factor", 1) != 1)
    from.fail("partial_rotary_factor", "only 1 is supported: all channels of a head turn");
  if (parameters)
    readScaling(*parameters, context, rotary);
  else if (auto scaling = config.child("rope_scaling"))
    readScaling(*scaling, context, rotary);
  return rotary;
}

} // namespace roux::model
