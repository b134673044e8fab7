//===- RotaryStyle.cpp - from one pairing of channels to the other --------===//
//
// Rows are moved as bytes, so nothing is rounded and every type is served.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/RotaryStyle.h"

#include <cstring>

namespace roux::model {

static bool isTurned(Role role) {
  switch (role) {
  case Role::Query:
  case Role::QueryBias:
  case Role::QueryNorm:
  case Role::Key:
  case Role::KeyBias:
  case Role::KeyNorm:
    return true;
  default:
    return false;
  }
}

/// Row `row` of a head in `style` is this row of the other style.
static int64_t rowElsewhere(int64_t row, int64_t headChannels, Rotary::Style style) {
  int64_t half = headChannels / 2;
  if (style == Rotary::Style::Half)
    return row < half ? 2 * row : 2 * (row - half) + 1;
  return row % 2 == 0 ? row / 2 : half + row / 2;
}

Weights withRotaryStyle(ModelConfig &config, const Weights &weights, Rotary::Style style) {
  if (!config.rotates || config.rotary.style == style)
    return weights;
  Weights turned;
  turned.keep(std::make_shared<Weights>(weights)); // the bytes that stay
  std::vector<BoundWeight> bound = bind(config, weights);
  for (const BoundWeight &weight : bound)
    for (size_t layer = 0; layer < weight.tensors.size(); ++layer) {
      std::string name = nameInLayer(weight.row.name, static_cast<int64_t>(layer));
      Tensor tensor = *weight.tensors[layer];
      if (isTurned(weight.row.role)) {
        int64_t rows = tensor.shape.front(), head = config.headChannels;
        size_t each = tensor.bytes.size() / static_cast<size_t>(rows);
        auto moved = std::make_shared<std::vector<std::byte>>(tensor.bytes.size());
        for (int64_t row = 0; row < rows; ++row) {
          int64_t from = row / head * head + rowElsewhere(row % head, head, style);
          std::memcpy(moved->data() + row * each, tensor.bytes.data() + from * each, each);
        }
        tensor.bytes = *moved;
        turned.keep(std::move(moved));
      }
      turned.add(name, std::move(tensor));
    }
  config.rotary.style = style;
  return turned;
}

} // namespace roux::model
