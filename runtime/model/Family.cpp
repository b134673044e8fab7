//===- Family.cpp - the list of families ----------------------------------===//
//
// In the order in which a message names them.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Family.h"

#include "runtime/model/families/Families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace roux::model {

std::span<const Family *const> everyFamily() {
  using namespace families;
  static const Family *const all[] = {
      &llama,   &mistral, &qwen2, &qwen3,      &gemma2,   &gemma3, &phi,    &phi3, &olmo2,   &olmo3,
      &smollm3, &granite, &glm4,  &starcoder2, &stablelm, &cohere, &openlm, &gpt2, &gptNeox, &opt};
  return all;
}

const Family *findFamily(std::string_view type) {
  auto found =
      std::ranges::find(everyFamily(), type, [](const Family *each) { return each->type; });
  return found == everyFamily().end() ? nullptr : *found;
}

const Family &familyOf(const ModelConfig &config) {
  const Family *family = findFamily(config.type);
  assert(family && "a config is of a family");
  return *family;
}

std::string differenceOfBlocks(const ModelConfig &a, const ModelConfig &b) {
  struct Number {
    const char *what;
    double one, other;
  };
  auto flag = [](bool value) { return value ? 1.0 : 0.0; };
  // Of heads of other sizes it differs for that, which is said where shapes are compared.
  bool sameHeads = a.headChannels == b.headChannels;
  const Number numbers[] = {
      {"the share of a head that turns", a.rotaryShare, b.rotaryShare},
      {"the scale of scores", a.scoreScale(), sameHeads ? b.scoreScale() : a.scoreScale()},
      {"the cap of scores", a.attentionSoftcap, b.attentionSoftcap},
      {"the scale of embeddings", a.embeddingScale, b.embeddingScale},
      {"the scale of what blocks add", a.residualScale, b.residualScale},
      {"the divisor of logits", a.logitDivisor, b.logitDivisor},
      {"the cap of logits", a.logitSoftcap, b.logitSoftcap},
      {"norms around one", flag(a.gainAroundOne), flag(b.gainAroundOne)},
      {"norms after sums", flag(a.normsAfterSum), flag(b.normsAfterSum)},
      {"norms of centred rows", flag(a.norm == Blocks::Norm::Layer),
       flag(b.norm == Blocks::Norm::Layer)},
      {"parallel blocks", flag(a.parallel), flag(b.parallel)},
      {"rotated positions", flag(a.rotates), flag(b.rotates)},
      {"the base of windowed layers", a.localRotary.base, b.localRotary.base}};
  for (const Number &number : numbers)
    if (number.one != number.other)
      return fmt::format("{} ({:g} and {:g})", number.what, number.one, number.other);
  for (int64_t layer = 0; layer < std::min(a.layers, b.layers); ++layer)
    if (!(a.kind(layer) == b.kind(layer)))
      return fmt::format("the kind of layer {}", layer);
  return "";
}

int64_t ModelConfig::rotaryChannels() const {
  return static_cast<int64_t>(rotaryShare * static_cast<double>(headChannels));
}

LayerKind ModelConfig::kind(int64_t layer) const {
  if (!kinds.empty())
    return kinds[static_cast<size_t>(layer)];
  return {.windowed = window > 0,
          .turn = rotates ? LayerKind::Turn::Rotary : LayerKind::Turn::None};
}

double ModelConfig::scoreScale() const {
  if (attentionScale >= 0)
    return attentionScale;
  return 1 / std::sqrt(attentionDivisor ? attentionDivisor : static_cast<double>(headChannels));
}

} // namespace roux::model
