//===- step.cpp - how fast a compiled training step is ---------------------===//
//
// step-bench [rounds] [shape ...]: a whole step (gradient and update) of each
// shape on one thread, in f32 and bf16: tokens a processor second, what share of
// the peak its useful operations are, and where the time goes, kernel by kernel.
// A kernel's time is its least over the rounds, so that other work on the
// machine counts as little as it can. Useful operations are 6 a matrix element
// and token, and of attention's pairs the causal half: no recomputation.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <numeric>
#include <string>
#include <vector>

using namespace roux;

namespace {

/// GFLOP/s of one core of the machine the results are from, f32.
constexpr double peak = 117;

struct Shape {
  const char *name;
  int64_t layers, channels, heads, keyValueHeads, feedForward, vocabulary;
  int32_t segments, length; ///< of one micro-batch
};

const Shape shapes[] = {
    {"tiny", 2, 64, 4, 2, 176, 512, 4, 128},
    {"small", 4, 192, 6, 2, 512, 2048, 8, 256},
    {"medium", 6, 256, 8, 4, 704, 2048, 8, 256},
    {"long", 4, 192, 6, 2, 512, 2048, 1, 8192},
};

StepSource sourceOf(const Shape &shape, StepType type) {
  StepSource source;
  model::ModelConfig &config = source.config;
  config.type = "llama";
  config.layers = shape.layers;
  config.channels = shape.channels;
  config.heads = shape.heads;
  config.keyValueHeads = shape.keyValueHeads;
  config.headChannels = shape.channels / shape.heads;
  config.feedForward = shape.feedForward;
  config.vocabulary = shape.vocabulary;
  config.context = shape.length;
  config.epsilon = 1e-5;
  source.type = type;
  return source;
}

double usefulOperations(const Shape &shape) {
  double width = double(shape.channels), head = width / double(shape.heads);
  double matrices = 2 * width * width + 2 * width * head * double(shape.keyValueHeads) +
                    3 * width * double(shape.feedForward);
  double elements = double(shape.layers) * matrices + width * double(shape.vocabulary);
  double pairs = double(shape.segments) * shape.length * double(shape.length);
  return 6 * elements * shape.segments * shape.length + 6 * double(shape.layers) * width * pairs;
}

/// A pack of equal segments of arbitrary words.
struct Pack {
  std::vector<int32_t> tokens, labels, positions, segments{0};

  explicit Pack(const Shape &shape) {
    int32_t count = shape.segments * shape.length;
    for (int32_t i = 0; i < count; ++i) {
      tokens.push_back(static_cast<int32_t>(int64_t(i) * 7919 % shape.vocabulary));
      positions.push_back(i % shape.length);
    }
    labels.assign(tokens.begin() + 1, tokens.end());
    labels.push_back(-1);
    for (int32_t i = 0; i < shape.segments; ++i)
      segments.push_back((i + 1) * shape.length);
  }
  train::StreamColumns columns() const { return {tokens, labels, positions, segments}; }
};

/// The least time of a step and of each kernel in it.
struct Timed {
  double step = 1e300;
  std::vector<double> kernels;
  std::vector<int64_t> launches;
};

Timed timeStep(train::ModelProgram &program, const Pack &pack, int rounds) {
  Timed least;
  std::vector<KernelTime> before = program.executor().times();
  least.kernels.assign(before.size(), 1e300);
  for (int round = 0; round < rounds; ++round) {
    auto begin = std::clock();
    program.addGradient(pack.columns());
    program.update(1e-3, 0.1, 0.001);
    least.step = std::min(least.step, double(std::clock() - begin) / CLOCKS_PER_SEC);
    program.zeroGradients();
    std::vector<KernelTime> after = program.executor().times();
    least.launches.clear();
    for (size_t i = 0; i < after.size(); ++i) {
      least.kernels[i] = std::min(least.kernels[i], after[i].seconds - before[i].seconds);
      least.launches.push_back(after[i].launches - before[i].launches);
    }
    before = std::move(after);
  }
  return least;
}

void printKernels(const Program &program, const Timed &timed) {
  std::vector<size_t> order(timed.kernels.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return timed.kernels[a] > timed.kernels[b]; });
  double all = std::accumulate(timed.kernels.begin(), timed.kernels.end(), 0.0);
  for (size_t i : order)
    if (timed.kernels[i] > 0.005 * all)
      fmt::print("  {:5.1f} %  {:9.3f} ms  {:4} x {}\n", 100 * timed.kernels[i] / all,
                 1e3 * timed.kernels[i], timed.launches[i], program.kernels[i].shape.name);
}

void run(const Shape &shape, StepType type, bool saves, int rounds) {
  StepSource source = sourceOf(shape, type);
  source.savesActivations = saves;
  source.weight.formula.nodes = {{.number = 1.0 / (shape.segments * shape.length)}};
  std::optional<Program> compiled = compileStep(source, "");
  if (!compiled)
    std::exit(1);
  train::ModelProgram program(std::move(*compiled), source.config, 1);
  model::Weights fresh = model::freshWeights(source.config, 0.02, data::SeedTree(1));
  program.setParameters(fresh);
  Pack pack(shape);
  program.addGradient(pack.columns()); // the arena's first touch
  program.zeroGradients();
  Timed timed = timeStep(program, pack, rounds);
  double rate = usefulOperations(shape) / timed.step / 1e9;
  fmt::print("{} {}, activations {}: {:.0f} tokens/s, {:.1f} GFLOP/s useful, {:.0f} % of f32 peak, "
             "arena {:.0f} MB\n",
             shape.name, type == StepType::F32 ? "f32" : "bf16", saves ? "kept" : "computed again",
             shape.segments * shape.length / timed.step, rate, 100 * rate / peak,
             double(train::activationPlan(program.executor().program(), source.config, "train",
                                          shape.segments * shape.length)
                        .arenaBytes) /
                 1e6);
  printKernels(program.executor().program(), timed);
}

} // namespace

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  std::vector<std::string> wanted(argv + std::min(argc, 2), argv + argc);
  for (const Shape &shape : shapes)
    if (wanted.empty() || std::count(wanted.begin(), wanted.end(), shape.name))
      for (StepType type : {StepType::F32, StepType::BF16})
        for (bool saves : {false, true})
          run(shape, type, saves, rounds);
}
