//===- UpdateTest.cpp - twenty updates of every optimizer -----------------===//
//
// Compiled updates against their formulas in plain loops and double precision, as the
// papers and PyTorch have them, on gradients of the reference evaluator.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ParameterTable.h"
#include "tests/compiler/step/CompiledModel.h"
#include "tests/compiler/step/SmallModels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

using Row = std::vector<double>;

/// What one weight remembers from step to step.
struct Memory {
  Row first, second;
};

double rounded(double value, bool isHalf) {
  if (!isHalf)
    return value;
  auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

struct AdamW {
  double rate, decay, beta1, beta2, epsilon;
  int n;
  bool isHalf;
};

/// torch.optim.AdamW, and moments that are rounded where they are kept.
void updateByAdamW(Row &weights, const Row &gradient, Memory &memory, const AdamW &by) {
  memory.first.resize(weights.size());
  memory.second.resize(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    double m = by.beta1 * memory.first[i] + (1 - by.beta1) * gradient[i];
    double v = by.beta2 * memory.second[i] + (1 - by.beta2) * gradient[i] * gradient[i];
    double ofFirst = 1 - std::pow(by.beta1, by.n), ofSecond = 1 - std::pow(by.beta2, by.n);
    weights[i] *= 1 - by.rate * by.decay;
    weights[i] -= by.rate * (m / ofFirst) / (std::sqrt(v / ofSecond) + by.epsilon);
    memory.first[i] = rounded(m, by.isHalf);
    memory.second[i] = rounded(v, by.isHalf);
  }
}

/// a b, of n x k and k x m.
Row product(const Row &a, const Row &b, size_t n, size_t k, size_t m) {
  Row result(n * m);
  for (size_t i = 0; i < n; ++i)
    for (size_t l = 0; l < k; ++l)
      for (size_t j = 0; j < m; ++j)
        result[i * m + j] += a[i * k + l] * b[l * m + j];
  return result;
}

Row transposed(const Row &a, size_t n, size_t m) {
  Row result(a.size());
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < m; ++j)
      result[j * n + i] = a[i * m + j];
  return result;
}

/// torch.optim's _zeropower_via_newtonschulz, in double and always from the left.
Row orthogonal(Row x, size_t n, size_t m) {
  double square = 0;
  for (double value : x)
    square += value * value;
  for (double &value : x)
    value /= std::max(std::sqrt(square), 1e-7);
  for (int turn = 0; turn < 5; ++turn) {
    Row a = product(x, transposed(x, n, m), n, m, n), aa = product(a, a, n, n, n);
    for (size_t i = 0; i < a.size(); ++i)
      a[i] = -4.775 * a[i] + 2.0315 * aa[i];
    Row next = product(a, x, n, n, m);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = 3.4445 * x[i] + next[i];
  }
  return x;
}

/// torch.optim.Muon on one matrix of `n` x `m`; `length` is what its adjusted rate is to the rate.
void updateByMuon(Row &weights, const Row &gradient, Row &momentum, size_t n, size_t m,
                  const MuonSettings &muon, double rate, double decay, double length, bool isHalf) {
  Row update(weights.size());
  momentum.resize(weights.size());
  for (size_t i = 0; i < update.size(); ++i) {
    double added = (1 - muon.momentum) * gradient[i];
    double kept = muon.momentum * momentum[i] + added;
    update[i] = muon.isNesterov ? muon.momentum * kept + added : kept;
    momentum[i] = rounded(kept, isHalf);
  }
  update = orthogonal(std::move(update), n, m);
  for (size_t i = 0; i < update.size(); ++i)
    weights[i] = weights[i] * (1 - rate * decay) - rate * length * update[i];
}

struct UpdateCase {
  std::string name;
  model::ModelConfig config;
  StreamType type;
  UpdateSettings settings;
  double tolerance;
};

void PrintTo(const UpdateCase &test, std::ostream *stream) {
  *stream << test.name;
}

UpdateSettings grouped(UpdateSettings settings) {
  settings.groups = {{WeightGroup::Embeddings, 0.1, std::nullopt},
                     {WeightGroup::Norms, std::nullopt, 0.3},
                     {WeightGroup::FeedForward, 2.0, 0.0}};
  return settings;
}

std::vector<UpdateCase> updateCases() {
  UpdateSettings adamw;
  adamw.decay = 0.1;
  UpdateSettings half = adamw, muon = adamw;
  half.halfMoments = true;
  muon.muon = MuonSettings{.decay = 0.2, .restShare = 0.5};
  UpdateSettings plain = muon, halfMuon = muon;
  plain.muon = MuonSettings{.momentum = 0.9, .isNesterov = false, .matchesAdamW = true};
  halfMuon.halfMoments = true;
  constexpr double exact = 1e-10, single = 1e-5;
  // Where a sum of f32 rounds to another bf16, a moment differs by a part of 256.
  return {
      {"adamw_f64", smallLlama(), StreamType::F64, adamw, exact},
      {"adamw_f32", smallLlama(), StreamType::F32, adamw, single},
      {"groups_f64", smallLlama(), StreamType::F64, grouped(adamw), exact},
      {"groups_gpt2_f32", smallGpt2(), StreamType::F32, grouped(adamw), single},
      {"half_f64", smallLlama(), StreamType::F64, half, single},
      {"muon_f64", smallLlama(), StreamType::F64, muon, exact},
      {"muon_f32", smallLlama(), StreamType::F32, muon, single},
      {"muon_groups_gpt2_f64", smallGpt2(), StreamType::F64, grouped(muon), exact},
      {"muon_plain_f64", smallLlama(), StreamType::F64, plain, exact},
      {"muon_half_f64", smallLlama(), StreamType::F64, halfMuon, single},
  };
}

class Updates : public ::testing::TestWithParam<UpdateCase> {
protected:
  const UpdateCase &test = GetParam();
  const UpdateSettings &settings = test.settings;
  static constexpr double rate = 3e-3;
  std::map<std::string, Memory> memories;

  /// The `n`th update of `row`, by the definition of groups and rules.
  void update(const model::WeightRow &row, Row &weights, const Row &gradient, int n);
};

void Updates::update(const model::WeightRow &row, Row &weights, const Row &gradient, int n) {
  bool isMatrix = row.shape.size() == 2, isMuon = settings.muon && row.perLayer && isMatrix;
  double share = isMuon || !settings.muon ? 1 : settings.muon->restShare;
  double decay = isMuon ? settings.muon->decay : isMatrix ? settings.decay : 0;
  for (const GroupSettings &group : settings.groups)
    if (group.group == groupOf(row)) {
      share = group.share.value_or(share);
      decay = group.decay.value_or(decay);
    }
  Memory &memory = memories[row.name];
  if (!isMuon)
    return updateByAdamW(weights, gradient, memory,
                         {rate * share, decay, settings.beta1, settings.beta2, settings.epsilon, n,
                          settings.halfMoments});
  double outputs = double(row.shape[0]), inputs = double(row.shape[1]);
  if (test.config.transposed)
    std::swap(outputs, inputs);
  double length = settings.muon->matchesAdamW ? 0.2 * std::sqrt(std::max(outputs, inputs))
                                              : std::sqrt(std::max(1.0, outputs / inputs));
  size_t each = row.shape[0] * row.shape[1];
  memory.first.resize(weights.size());
  for (size_t begin = 0; begin < weights.size(); begin += each) {
    auto part = [&](const Row &all) { return Row(&all[begin], &all[begin] + each); };
    Row matrix = part(weights), momentum = part(memory.first);
    updateByMuon(matrix, part(gradient), momentum, row.shape[0], row.shape[1], *settings.muon,
                 rate * share, decay, length, settings.halfMoments);
    std::ranges::copy(matrix, &weights[begin]);
    std::ranges::copy(momentum, &memory.first[begin]);
  }
}

TEST_P(Updates, TwentyAreThoseOfTheFormula) {
  Parameters parameters = randomParameters(test.config, 7);
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});
  CompiledModel compiled(test.config, parameters, test.type, 2, nullptr, Activations::save,
                         settings);
  ModelRunner reference(test.config, parameters);
  for (int n = 1; n <= 20; ++n) {
    compiled.zeroGradients();
    compiled.run("train", columns);
    compiled.update(rate, 1 - std::pow(settings.beta1, n), 1 - std::pow(settings.beta2, n));
    Parameters gradients = reference.gradients(columns);
    for (const model::WeightRow &row : model::parameterTable(test.config))
      update(row, reference.parameters[row.name].values, gradients[row.name].values, n);
  }
  Parameters found = compiled.parameters();
  for (const auto &[name, expected] : reference.parameters)
    EXPECT_LT(relativeError(found[name], expected), test.tolerance) << name;
}

/// Muon keeps one moment of a layer's matrix, in as many bits as were asked for, and two of the
/// rest.
TEST_P(Updates, KeepWhatTheyNeed) {
  CompiledModel compiled(test.config, randomParameters(test.config, 7), test.type, 1, nullptr,
                         Activations::save, settings);
  for (const model::WeightRow &row : model::parameterTable(test.config)) {
    std::vector<std::string> kept;
    for (const ProgramBuffer &buffer : compiled.program().entry("update").buffers)
      if (buffer.name == row.name + ".first" || buffer.name == row.name + ".second")
        kept.push_back(buffer.element);
    bool isMuon = settings.muon && row.perLayer && row.shape.size() == 2;
    const char *whole = test.type == StreamType::F64 ? "f64" : "f32";
    EXPECT_EQ(kept, std::vector<std::string>(isMuon ? 1 : 2, settings.halfMoments ? "bf16" : whole))
        << row.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Updates, ::testing::ValuesIn(updateCases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
