//===- Llama2cWriter.cpp - tensors by position, outwards ------------------===//
//
// The header has seven integers and nothing else, so every other property of a
// model must be the one that run.c assumes.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Llama2cWriter.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/model/Llama2c.h"
#include "runtime/model/RotaryStyle.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace roux::model {

static void checkFits(const std::filesystem::path &file, const ModelConfig &config) {
  struct Property {
    bool fits;
    const char *what;
  };
  const Property properties[] = {
      {config.type == "llama" || config.type == "mistral" || config.type.starts_with("qwen"),
       "a family other than llama"},
      {!config.queryKeyValueBias && !config.outputBias && !config.feedForwardBias, "biases"},
      {config.headNorms == Blocks::HeadNorms::None, "head norms"},
      {config.window == 0, "an attention window"},
      {config.activation == Activation::Silu, "an activation other than silu"},
      {config.rotary.scaling == Rotary::Scaling::None, "stretched rotary positions"},
      {config.rotary.base == 10000, "a rotary base other than 10000"},
      {config.epsilon == 1e-5, "a norm's epsilon other than 1e-5"},
      {config.headChannels * config.heads == config.channels, "heads of a width of their own"}};
  for (const Property &property : properties)
    if (!property.fits)
      throw ModelError(fmt::format("{}: a llama2.c checkpoint has no place for {}", file.string(),
                                   property.what));
}

/// The cosines and sines of every position, which early versions of run.c read.
static std::vector<float> angles(const ModelConfig &config) {
  std::vector<double> rates = frequencies(config.rotary, config.headChannels, config.context);
  std::vector<float> table;
  table.reserve(static_cast<size_t>(config.context) * rates.size() * 2);
  for (bool sine : {false, true})
    for (int64_t position = 0; position < config.context; ++position)
      for (double rate : rates) {
        double angle = static_cast<double>(position) * rate;
        table.push_back(static_cast<float>(sine ? std::sin(angle) : std::cos(angle)));
      }
  return table;
}

void writeLlama2c(const std::filesystem::path &file, const Model &model) {
  ModelConfig config = model.config;
  checkFits(file, config);
  Weights weights = withRotaryStyle(config, model.weights, Rotary::Style::Interleaved);
  std::vector<BoundWeight> bound = bind(config, weights);

  auto narrow = [](int64_t size) { return static_cast<int32_t>(size); }; // checkSizes() saw to it
  const std::array<int32_t, 7> header{
      narrow(config.channels),      narrow(config.feedForward),
      narrow(config.layers),        narrow(config.heads),
      narrow(config.keyValueHeads), narrow(config.tied ? config.vocabulary : -config.vocabulary),
      narrow(config.context)};
  data::AtomicFile out(file, sizeof header);
  auto put = [&](Role role) {
    for (const BoundWeight &weight : bound)
      if (weight.row.role == role)
        for (const Tensor *tensor : weight.tensors) {
          std::vector<float> values(static_cast<size_t>(tensor->elements()));
          read<float>(*tensor, values);
          out.writeValues<float>(values);
        }
  };
  for (Role role : llama2cOrder)
    put(role);
  out.writeValues<float>(angles(config));
  put(Role::Vocabulary);
  out.commit(std::as_bytes(std::span(header)));
}

} // namespace roux::model
