//===- Blend.cpp - models added to models ---------------------------------===//
//
// Shapes are compared before anything is added, so that a refusal costs nothing.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Blend.h"

#include "runtime/model/RotaryStyle.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cassert>

namespace roux::model {

static std::string shapeText(const std::vector<WeightRow> &table, size_t i) {
  return i < table.size() ? fmt::format("'{}' [{}]", table[i].name, fmt::join(table[i].shape, ", "))
                          : "no further tensor";
}

static void checkAlike(const BlendPart &first, const BlendPart &other) {
  auto refuse = [&](const std::string &what) {
    throw ModelError(
        fmt::format("models '{}' and '{}' cannot be added: {}", first.name, other.name, what));
  };
  const ModelConfig &a = first.model.config, &b = other.model.config;
  if (a.layers != b.layers)
    refuse(fmt::format("they have {} and {} layers", a.layers, b.layers));
  if (a.heads != b.heads)
    refuse(fmt::format("they have {} and {} heads", a.heads, b.heads));
  std::vector<WeightRow> ours = weightTable(a), theirs = weightTable(b);
  for (size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i)
    if (i >= ours.size() || i >= theirs.size() || ours[i].name != theirs[i].name ||
        ours[i].shape != theirs[i].shape)
      refuse(fmt::format("one has {}, the other {}", shapeText(ours, i), shapeText(theirs, i)));
}

Model blend(std::span<const BlendPart> parts) {
  assert(!parts.empty() && "a sum has a term");
  Model sum{parts.front().model.config, {}};
  std::vector<Weights> turned;
  for (const BlendPart &part : parts) {
    checkAlike(parts.front(), part);
    ModelConfig config = part.model.config;
    turned.push_back(withRotaryStyle(config, part.model.weights, sum.config.rotary.style));
  }
  std::vector<std::vector<BoundWeight>> bound;
  for (const Weights &weights : turned)
    bound.push_back(bind(sum.config, weights));

  for (size_t row = 0; row < bound.front().size(); ++row)
    for (size_t layer = 0; layer < bound.front()[row].tensors.size(); ++layer) {
      size_t count = static_cast<size_t>(bound.front()[row].tensors[layer]->elements());
      std::vector<double> total(count);
      for (size_t part = 0; part < parts.size(); ++part) {
        const Tensor &tensor = *bound[part][row].tensors[layer];
        for (size_t i = 0; i < count; ++i)
          total[i] += parts[part].coefficient * element(tensor, static_cast<int64_t>(i));
      }
      const WeightRow &what = bound.front()[row].row;
      sum.weights.addValues(nameInLayer(what.name, static_cast<int64_t>(layer)), what.shape,
                            std::vector<float>(total.begin(), total.end()));
    }
  return sum;
}

} // namespace roux::model
