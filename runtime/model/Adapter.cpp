//===- Adapter.cpp - beginning and ending with an adapter -----------------===//
//
// Merging is done once, so it is done in double precision.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Adapter.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace roux::model {

using Part = WeightRow::Part;

/// The adapter's part of the table.
static std::vector<WeightRow> adapterTable(const ModelConfig &config) {
  std::vector<WeightRow> rows = parameterTable(config);
  std::erase_if(rows, [](const WeightRow &row) { return row.part == Part::Whole; });
  return rows;
}

Weights freshAdapter(const ModelConfig &config, const data::SeedTree &seed) {
  Weights weights;
  for (const WeightRow &row : adapterTable(config))
    for (int64_t layer = 0; layer < row.layers; ++layer) {
      std::string name = nameInLayer(row.name, layer);
      data::SeedTree own = seed / std::string_view(name);
      std::vector<float> values(static_cast<size_t>(row.shape[0] * row.shape[1]));
      // Kaiming's uniform distribution with a = sqrt(5) is this one.
      double bound = 1 / std::sqrt(static_cast<double>(row.shape[1]));
      for (size_t i = 0; row.part == Part::Down && i < values.size(); ++i)
        values[i] = static_cast<float>(bound * (2 * own.uniform(i) - 1));
      weights.addValues(name, row.shape, std::move(values));
    }
  return weights;
}

static std::vector<double> valuesOf(const Tensor &tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.elements()));
  read(tensor, std::span(values));
  return values;
}

/// `matrix` + scale `up` `down`, a row of outputs by inputs at a time.
static std::vector<float> mergedMatrix(const Tensor &matrix, const Tensor &down, const Tensor &up,
                                       double scale, bool isTransposed) {
  std::vector<double> sum = valuesOf(matrix), a = valuesOf(down), b = valuesOf(up);
  auto rank = static_cast<size_t>(down.shape[0]), inputs = static_cast<size_t>(down.shape[1]);
  size_t outputs = sum.size() / inputs;
  std::vector<double> row(inputs);
  for (size_t o = 0; o < outputs; ++o) {
    std::ranges::fill(row, 0.0);
    for (size_t k = 0; k < rank; ++k)
      for (size_t i = 0; i < inputs; ++i)
        row[i] += b[o * rank + k] * a[k * inputs + i];
    for (size_t i = 0; i < inputs; ++i)
      sum[isTransposed ? i * outputs + o : o * inputs + i] += scale * row[i];
  }
  return {sum.begin(), sum.end()};
}

Weights mergedWeights(const ModelConfig &config, const Weights &base, const Weights &adapter) {
  const Adapter &added = *config.tuning.adapter;
  Weights merged;
  merged.keep(std::make_shared<Weights>(base)); // the bytes that stay
  for (const BoundWeight &weight : bind(config, base))
    for (size_t i = 0; i < weight.tensors.size(); ++i) {
      const Tensor &tensor = *weight.tensors[i];
      std::string name = nameInLayer(weight.row.name, static_cast<int64_t>(i));
      const Tensor *down = adapter.find(adapterName(name, Part::Down));
      const Tensor *up = adapter.find(adapterName(name, Part::Up));
      if (down && up)
        merged.addValues(name, tensor.shape,
                         mergedMatrix(tensor, *down, *up, added.scale(), config.transposed));
      else
        merged.add(name, tensor);
    }
  return merged;
}

} // namespace roux::model
