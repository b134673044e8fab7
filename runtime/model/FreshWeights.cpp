//===- FreshWeights.cpp - the weights of a model nobody has trained -------===//
//
// Marsaglia's polar method needs a logarithm and a root and nothing else; the
// logarithm is our own and a root is exact, so no libm has a say.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/FreshWeights.h"

#include "runtime/Maths.h"

#include <cmath>

namespace roux::model {

double normalDraw(const data::SeedTree &seed, uint64_t place) {
  data::SeedTree own = seed / place;
  // One try in five misses the disc; a draw that misses 64 times does not exist.
  for (uint64_t attempt = 0;; ++attempt) {
    double x = 2 * own.uniform(2 * attempt) - 1, y = 2 * own.uniform(2 * attempt + 1) - 1;
    double square = x * x + y * y;
    if (square > 0 && square < 1)
      return x * std::sqrt(-2 * maths::log(square) / square);
  }
}

enum class Start : uint8_t { Normal, Residual, One, Zero };

static Start startOf(const ModelConfig &config, Role role) {
  switch (role) {
  case Role::AttentionNorm:
  case Role::AttentionOutNorm:
  case Role::FeedForwardNorm:
  case Role::FeedForwardOutNorm:
  case Role::FinalNorm:
  case Role::QueryNorm:
  case Role::KeyNorm:
    return config.gainAroundOne ? Start::Zero : Start::One;
  case Role::AttentionNormBias:
  case Role::QueryBias:
  case Role::KeyBias:
  case Role::ValueBias:
  case Role::QueryKeyValueBias:
  case Role::OutputBias:
  case Role::FeedForwardNormBias:
  case Role::GateBias:
  case Role::UpBias:
  case Role::DownBias:
  case Role::FinalNormBias:
  case Role::VocabularyBias:
    return Start::Zero;
  case Role::Output:
  case Role::Down:
    return Start::Residual;
  default:
    return Start::Normal;
  }
}

static double truncatedDraw(const data::SeedTree &seed, uint64_t place, double truncation) {
  double draw = normalDraw(seed, place);
  for (uint64_t attempt = 0; std::fabs(draw) > truncation; ++attempt)
    draw = normalDraw(seed / "again" / place, attempt);
  return draw;
}

static std::vector<float> startValues(Start start, size_t count, double deviation,
                                      double truncation, const data::SeedTree &seed) {
  if (start == Start::One || start == Start::Zero)
    return std::vector<float>(count, start == Start::One ? 1.0f : 0.0f);
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(deviation * truncatedDraw(seed, i, truncation));
  return values;
}

Weights freshWeights(const ModelConfig &config, double deviation, const data::SeedTree &seed,
                     double truncation) {
  double residual = deviation / std::sqrt(2.0 * static_cast<double>(config.layers));
  Weights weights;
  for (const WeightRow &row : weightTable(config)) {
    size_t count = 1;
    for (int64_t length : row.shape)
      count *= static_cast<size_t>(length);
    Start start = startOf(config, row.role);
    for (int64_t layer = 0; layer < (row.perLayer ? config.layers : 1); ++layer) {
      std::string name = nameInLayer(row.name, layer);
      weights.addValues(name, row.shape,
                        startValues(start, count, start == Start::Residual ? residual : deviation,
                                    truncation, seed / std::string_view(name)));
    }
  }
  return weights;
}

} // namespace roux::model
