//===- Layers.cpp - how the layers of a model differ ----------------------===//
//
// A list of every layer's type rules, where a file has one; without it a rule that
// has a number or two. Files get the list and the numbers, for older versions of
// transformers know only those.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ConfigObject.h"
#include "runtime/model/ObjectText.h"
#include "runtime/model/families/Families.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

namespace roux::model::families {

using Turn = LayerKind::Turn;

static constexpr std::string_view windowed = "sliding_attention", whole = "full_attention";

static void checkLength(const ConfigObject &from, std::string_view key, size_t length,
                        const ModelConfig &config) {
  if (length != static_cast<size_t>(config.layers))
    from.fail(key, fmt::format("has {} entries, but there are {} layers", length, config.layers));
}

/// Sets each layer's kind: as `layer_types` says, or those that `otherwise` has a window for.
static void readTypes(const ConfigObject &from, ModelConfig &config,
                      const std::function<bool(int64_t)> &otherwise) {
  std::vector<std::string> types = from.texts("layer_types");
  if (from.has("layer_types"))
    checkLength(from, "layer_types", types.size(), config);
  config.kinds.clear();
  for (int64_t layer = 0; layer < std::min<int64_t>(config.layers, mostLayers); ++layer) {
    bool has = types.empty() ? otherwise(layer) : types[layer] == windowed;
    if (!types.empty() && !has && types[layer] != whole)
      from.fail("layer_types",
                fmt::format("found '{}', expected {} or {}", types[layer], whole, windowed));
    config.kinds.push_back({.windowed = has && config.window > 0});
  }
}

void readLastWindowed(const ConfigObject &from, ModelConfig &config) {
  bool used = from.truth("use_sliding_window", false);
  int64_t window = from.size("sliding_window", from.isNull("sliding_window") ? 0 : 4096);
  int64_t first = from.size("max_window_layers", 28);
  config.window = used ? window : 0;
  readTypes(from, config, [&](int64_t layer) { return layer >= first; });
}

void writeLastWindowed(const ModelConfig &config, ObjectText &out) {
  int64_t first = config.layers;
  while (config.window && first > 0 && config.kind(first - 1).windowed)
    --first;
  out.truth("use_sliding_window", config.window != 0);
  out.sizeOrNull("sliding_window", config.window);
  out.size("max_window_layers", first);
  writeLayerTypes(config, out);
}

/// A layer that turns by the positions of windowed ones is of their type, window or not.
static bool isWindowed(LayerKind kind) {
  return kind.windowed || kind.turn == Turn::Local;
}

void writeLayerTypes(const ModelConfig &config, ObjectText &out) {
  std::vector<std::string> types;
  for (int64_t layer = 0; layer < config.layers; ++layer)
    types.push_back(fmt::format("\"{}\"", isWindowed(config.kind(layer)) ? windowed : whole));
  out.raw("layer_types", fmt::format("[{}]", fmt::join(types, ", ")));
}

void readAlternating(const ConfigObject &from, ModelConfig &config) {
  readTypes(from, config, [](int64_t layer) { return layer % 2 == 0; });
}

/// Layers with a window turn by the local positions.
static void turnLocally(ModelConfig &config, const std::vector<std::string> &types,
                        const std::function<bool(int64_t)> &otherwise) {
  for (size_t layer = 0; layer < config.kinds.size(); ++layer)
    if (types.empty() ? otherwise(static_cast<int64_t>(layer)) : types[layer] == windowed)
      config.kinds[layer].turn = Turn::Local;
}

static void readLocal(const ConfigObject &from, ModelConfig &config, int64_t period) {
  auto isLocal = [&](int64_t layer) { return (layer + 1) % period != 0; };
  readTypes(from, config, isLocal);
  turnLocally(config, from.texts("layer_types"), isLocal);
}

void readGemma3Layers(const ConfigObject &from, ModelConfig &config) {
  int64_t period = from.size("sliding_window_pattern", 6);
  if (period == 0)
    from.fail("sliding_window_pattern", "found 0, expected a positive number of layers");
  readLocal(from, config, period);
}

void writeGemma3Layers(const ModelConfig &config, ObjectText &out) {
  writeLayerTypes(config, out);
  // Who knows only the number gets it if it says the same.
  auto isLocal = [&](int64_t layer) { return config.kind(layer).turn == Turn::Local; };
  int64_t period = 1;
  while (period <= config.layers && isLocal(period - 1))
    ++period;
  for (int64_t layer = 0; layer < config.layers; ++layer)
    if (isLocal(layer) != ((layer + 1) % period != 0))
      return;
  out.size("sliding_window_pattern", period);
}

void readOlmo3Layers(const ConfigObject &from, ModelConfig &config) {
  readLocal(from, config, 4);
}

void readUnturned(const ConfigObject &from, ModelConfig &config) {
  bool used = from.truth("use_sliding_window", false);
  config.window = used ? from.size("sliding_window", 0) : 0;
  std::vector<int64_t> turned = from.sizes("no_rope_layers");
  int64_t interval = from.size("no_rope_layer_interval", 4);
  if (from.has("no_rope_layers"))
    checkLength(from, "no_rope_layers", turned.size(), config);
  else if (interval == 0)
    from.fail("no_rope_layer_interval", "found 0, expected a positive number of layers");
  auto turns = [&](int64_t layer) {
    return turned.empty() ? (layer + 1) % interval != 0 : turned[layer] != 0;
  };
  readTypes(from, config, [&](int64_t layer) { return !turns(layer); });
  for (size_t layer = 0; layer < config.kinds.size(); ++layer)
    if (!turns(static_cast<int64_t>(layer)))
      config.kinds[layer].turn = Turn::None;
}

void writeUnturned(const ModelConfig &config, ObjectText &out) {
  std::vector<int> turned;
  for (int64_t layer = 0; layer < config.layers; ++layer)
    turned.push_back(config.kind(layer).turn != Turn::None);
  out.raw("no_rope_layers", fmt::format("[{}]", fmt::join(turned, ", ")));
  out.truth("use_sliding_window", config.window != 0);
  out.sizeOrNull("sliding_window", config.window);
  writeLayerTypes(config, out);
}

void readOptNorms(const ConfigObject &from, ModelConfig &config) {
  config.epsilon = 1e-5; // no key of OPT's says it
  config.normsAfterSum = !from.truth("do_layer_norm_before", true);
  config.finalNorm = !config.normsAfterSum && !from.truth("_remove_final_layer_norm", false);
}

void writeOptNorms(const ModelConfig &config, ObjectText &out) {
  out.truth("do_layer_norm_before", !config.normsAfterSum);
  out.truth("_remove_final_layer_norm", !config.normsAfterSum && !config.finalNorm);
  out.truth("layer_norm_elementwise_affine", true);
}

} // namespace roux::model::families
