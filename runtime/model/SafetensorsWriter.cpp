//===- SafetensorsWriter.cpp - header, then bytes -------------------------===//
//
// Wide types first and names in order, as the reference implementation lays them
// out, so every tensor is aligned and equal weights give equal files.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/SafetensorsWriter.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/JsonText.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace roux::model {

using NamedTensor = std::pair<std::string, const Tensor *>;

static void writeFile(const std::filesystem::path &file, std::vector<NamedTensor> tensors) {
  std::ranges::sort(tensors, {}, [](const NamedTensor &named) {
    return std::pair(-byteSize(named.second->type), std::string_view(named.first));
  });
  // transformers refuses files that do not say which framework's layout they have.
  std::string header = R"({"__metadata__":{"format":"pt"})";
  uint64_t at = 0;
  for (const auto &[name, tensor] : tensors) {
    header += fmt::format(R"(,{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                          data::jsonText(name), spelling(tensor->type),
                          fmt::join(tensor->shape, ","), at, at + tensor->bytes.size());
    at += tensor->bytes.size();
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');

  uint64_t length = header.size();
  std::string start(sizeof length, '\0');
  std::memcpy(start.data(), &length, sizeof length);
  start += header;
  data::AtomicFile out(file, start.size());
  for (const auto &[name, tensor] : tensors)
    out.write(tensor->bytes);
  out.commit(std::as_bytes(std::span(start)));
}

void writeSafetensors(const std::filesystem::path &file, const Weights &weights) {
  std::vector<NamedTensor> tensors;
  for (const auto &[name, tensor] : weights.all())
    tensors.emplace_back(name, &tensor);
  writeFile(file, std::move(tensors));
}

static std::vector<std::vector<NamedTensor>> shards(const Weights &weights, uint64_t shardBytes) {
  std::vector<std::vector<NamedTensor>> all(1);
  uint64_t filled = 0;
  for (const auto &[name, tensor] : weights.all()) {
    if (!all.back().empty() && filled + tensor.bytes.size() > shardBytes) {
      all.emplace_back();
      filled = 0;
    }
    all.back().emplace_back(name, &tensor);
    filled += tensor.bytes.size();
  }
  return all;
}

void writeSafetensorsFolder(const std::filesystem::path &folder, const Weights &weights,
                            uint64_t shardBytes) {
  std::vector<std::vector<NamedTensor>> all = shards(weights, shardBytes);
  if (all.size() == 1)
    return writeFile(folder / "model.safetensors", all.front());

  uint64_t total = 0;
  std::vector<std::string> map;
  for (size_t i = 0; i < all.size(); ++i) {
    std::string file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, all.size());
    writeFile(folder / file, all[i]);
    for (const auto &[name, tensor] : all[i]) {
      total += tensor->bytes.size();
      map.push_back(fmt::format("    {}: \"{}\"", data::jsonText(name), file));
    }
  }
  data::writeWhole(folder / "model.safetensors.index.json",
                   fmt::format("{{\n  \"metadata\": {{\"total_size\": {}}},\n  \"weight_map\": "
                               "{{\n{}\n  }}\n}}\n",
                               total, fmt::join(map, ",\n")));
}

} // namespace roux::model
