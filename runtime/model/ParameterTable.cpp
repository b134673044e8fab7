//===- ParameterTable.cpp - cut at frozen layers, with adapters -----------===//
//
// Without a tuning the table is the model's own, row for row.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ParameterTable.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux::model {

double Adapter::scale() const {
  auto channels = static_cast<double>(rank);
  return alpha / (isRankStabilized ? std::sqrt(channels) : channels);
}

std::vector<LayerRange> layerRanges(const ModelConfig &config) {
  std::vector<LayerRange> ranges;
  int64_t next = 0;
  auto add = [&](int64_t end, bool isFrozen) {
    if (end > next)
      ranges.push_back({next, end - next, isFrozen});
    next = std::max(next, end);
  };
  for (auto [first, last] : config.tuning.frozenLayers) {
    add(first, false);
    add(last + 1, true);
  }
  add(config.layers, false);
  return ranges;
}

std::string adapterName(const std::string &name, WeightRow::Part part) {
  std::string_view module = name;
  if (size_t end = module.rfind(".weight"); end != module.npos)
    module = module.substr(0, end);
  return fmt::format("{}.lora_{}.weight", module, part == WeightRow::Part::Down ? 'A' : 'B');
}

/// A and B beside the matrix `row`, which may be stored as inputs by outputs.
static void addAdapter(const ModelConfig &config, const WeightRow &row,
                       std::vector<WeightRow> &rows) {
  int64_t outputs = row.shape[0], inputs = row.shape[1], rank = config.tuning.adapter->rank;
  if (config.transposed)
    std::swap(outputs, inputs);
  WeightRow down = row, up = row;
  down.isFrozen = up.isFrozen = false;
  down.part = WeightRow::Part::Down;
  down.shape = {rank, inputs};
  up.part = WeightRow::Part::Up;
  up.shape = {outputs, rank};
  for (WeightRow *part : {&down, &up}) {
    part->name = adapterName(row.name, part->part);
    rows.push_back(std::move(*part));
  }
}

std::vector<WeightRow> parameterTable(const ModelConfig &config) {
  const Tuning &tuning = config.tuning;
  std::vector<LayerRange> ranges = layerRanges(config);
  std::vector<WeightRow> rows, adapters;
  for (WeightRow row : weightTable(config)) {
    row.isFrozen =
        tuning.adapter || std::ranges::find(tuning.frozen, row.role) != tuning.frozen.end();
    if (!row.perLayer || ranges.size() == 1) {
      row.isFrozen |= row.perLayer && ranges.front().isFrozen;
      bool isAdapted = tuning.adapter && row.perLayer &&
                       std::ranges::find(tuning.adapter->on, row.role) != tuning.adapter->on.end();
      if (isAdapted)
        addAdapter(config, row, adapters);
      rows.push_back(std::move(row));
      continue;
    }
    for (const LayerRange &range : ranges) {
      WeightRow part = row;
      part.isFrozen |= range.isFrozen;
      part.firstLayer = range.first;
      part.layers = range.count;
      std::string hole = "{layer}";
      part.name.replace(part.name.find(hole), hole.size(),
                        fmt::format("{{{}..{}}}", range.first, range.first + range.count - 1));
      rows.push_back(std::move(part));
    }
  }
  rows.insert(rows.end(), adapters.begin(), adapters.end());
  return rows;
}

std::vector<WeightRow> layerParameters(const ModelConfig &config, int64_t firstLayer) {
  std::vector<WeightRow> rows = parameterTable(config);
  std::erase_if(
      rows, [&](const WeightRow &row) { return !row.perLayer || row.firstLayer != firstLayer; });
  return rows;
}

} // namespace roux::model
