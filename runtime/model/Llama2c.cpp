//===- Llama2c.cpp - tensors by position ----------------------------------===//
//
// The order of the original export.py: each kind of weight for all layers, one
// after the other, and two tables of angles that nobody needs.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Llama2c.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace roux::model {

static constexpr size_t headerBytes = 7 * sizeof(int32_t);
static constexpr uint32_t laterMagic = 0x616b3432; // "ak42", versions 1 and 2

ModelConfig parseLlama2cHeader(std::span<const std::byte> bytes,
                               const std::filesystem::path &file) {
  auto fail = [&](const std::string &what) {
    throw ModelError(fmt::format("{}: {}", file.string(), what));
  };
  if (bytes.size() < headerBytes)
    fail(fmt::format("{} bytes are too few for a llama2.c checkpoint", bytes.size()));
  std::array<int32_t, 7> header;
  std::memcpy(header.data(), bytes.data(), headerBytes);
  if (static_cast<uint32_t>(header[0]) == laterMagic)
    fail(fmt::format("version {} of llama2.c's format is not supported, only the original one",
                     header[1]));
  ModelConfig config;
  config.file = file;
  config.type = "llama";
  config.channels = header[0];
  config.feedForward = header[1];
  config.layers = header[2];
  config.heads = header[3];
  config.keyValueHeads = header[4];
  config.vocabulary = std::abs(static_cast<int64_t>(header[5]));
  config.tied = header[5] > 0; // an untied vocabulary is told by a negative count
  config.context = header[6];
  if (config.heads > 0 && config.channels % config.heads != 0)
    fail(fmt::format("{} heads do not divide {} channels evenly", config.heads, config.channels));
  config.headChannels = config.heads > 0 ? config.channels / config.heads : 0;
  config.epsilon = 1e-5;
  config.rotary.style = Rotary::Style::Interleaved;
  config.beginToken = 1;
  config.endTokens = {2};
  checkSizes(config);
  return config;
}

Weights readLlama2c(const std::filesystem::path &file, ModelConfig &config) {
  auto mapped = std::make_shared<MappedFile>(file);
  config = parseLlama2cHeader(mapped->bytes(), file);
  std::vector<WeightRow> table = weightTable(config);
  Weights weights;
  size_t at = headerBytes;
  auto need = [&](size_t count, const std::string &what) {
    size_t left = (mapped->bytes().size() - at) / sizeof(float);
    if (count > left)
      throw ModelError(fmt::format("{}: truncated: {} needs {} numbers at byte {}, {} are left",
                                   file.string(), what, count, at, left));
  };
  auto take = [&](Role role) {
    for (const WeightRow &row : table)
      if (row.role == role)
        for (int64_t layer = 0; layer < (row.perLayer ? config.layers : 1); ++layer) {
          // Each length has 31 bits, so a product of two has 62.
          size_t count = 1;
          for (int64_t length : row.shape)
            count *= static_cast<size_t>(length);
          std::string name = nameInLayer(row.name, layer);
          need(count, "'" + name + "'");
          weights.add(name, {DataType::F32, row.shape,
                             mapped->bytes().subspan(at, count * sizeof(float)), file});
          at += count * sizeof(float);
        }
  };
  for (Role role : llama2cOrder)
    take(role);
  size_t angles = static_cast<size_t>(config.context) * static_cast<size_t>(config.headChannels);
  need(angles, "the table of angles");
  at += angles * sizeof(float);
  take(Role::Vocabulary);
  if (at != mapped->bytes().size())
    throw ModelError(fmt::format("{}: {} bytes are left after the last tensor", file.string(),
                                 mapped->bytes().size() - at));
  weights.keep(std::move(mapped));
  return weights;
}

} // namespace roux::model
