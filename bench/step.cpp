//===- step.cpp - how fast a compiled training step is ---------------------===//
//
// step-bench SHAPE f32|bf16 [threads] [steps] [FOLDER]: whole optimizer steps of
// one shape; of SHAPE-apart with every operation's own kernels. Where the time goes, kernel by
// kernel, then one line of JSON: losses, seconds of each step by the clock and by the processor,
// useful operations, the machine's ceilings in the same run, memory. With a folder the fresh
// weights and the micro-batch are left there for another program to run the same steps. Useful
// operations are 6 a matrix element and token, and of attention's pairs the causal half: no
// recomputation.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/cpu/Ceilings.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/model/SafetensorsWriter.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace roux;

namespace {

struct Shape {
  const char *name;
  int64_t layers, channels, heads, keyValueHeads, feedForward, vocabulary;
  std::vector<int32_t> lengths; ///< of the segments of the one micro-batch of a step
  bool saves;                   ///< activations; else layers are computed again
  int targets = 100;            ///< percent of the tokens that have a label
  int64_t again = 0;            ///< values of a layer that are not kept all the same
  const char *type = "llama";
  bool fuses = true;
};

/// Twelve conversations of very different length, as in a pack of long-context fine-tuning.
const std::vector<int32_t> twelve = {700, 512, 256, 160, 128, 96, 64, 48, 32, 24, 16, 12};
/// As llm.c trains GPT-2: four rows of 256.
const std::vector<int32_t> rows = {256, 256, 256, 256};
const Shape shapes[] = {
    {"small4k", 6, 384, 6, 2, 1024, 4096, twelve, true},
    {"small32k", 6, 384, 6, 2, 1024, 32000, twelve, true},
    {"lean32k", 6, 384, 6, 2, 1024, 32000, twelve, true, 100, 9},
    {"chat32k", 6, 384, 6, 2, 1024, 32000, twelve, true, 12}, // answers alone have labels
    {"small152k", 6, 384, 6, 2, 1024, 151936, twelve, true},
    {"long8k", 6, 384, 6, 2, 1024, 4096, {8192}, true},
    {"long32k", 6, 384, 6, 2, 1024, 4096, {32768}, false},
    {"gpt2-30m", 6, 384, 6, 6, 1536, 50257, rows, true, 100, 0, "gpt2"},
    {"gpt2-124m", 12, 768, 12, 12, 3072, 50257, rows, true, 100, 0, "gpt2"},
};

/// What the model is to the compiler and to another program: a Hugging Face config.
std::string configText(const Shape &shape) {
  int64_t context = *std::max_element(shape.lengths.begin(), shape.lengths.end());
  if (shape.type == std::string("gpt2"))
    return fmt::format(R"({{"model_type": "gpt2", "n_layer": {}, "n_embd": {}, "n_head": {}, )"
                       R"("n_inner": {}, "vocab_size": {}, "n_positions": {}, )"
                       R"("activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}})",
                       shape.layers, shape.channels, shape.heads, shape.feedForward,
                       shape.vocabulary, context);
  return fmt::format(R"({{"model_type": "llama", "num_hidden_layers": {}, "hidden_size": {}, )"
                     R"("num_attention_heads": {}, "num_key_value_heads": {}, )"
                     R"("intermediate_size": {}, "vocab_size": {}, )"
                     R"("max_position_embeddings": {}, "rms_norm_eps": 1e-5}})",
                     shape.layers, shape.channels, shape.heads, shape.keyValueHeads,
                     shape.feedForward, shape.vocabulary, context);
}

double usefulOperations(const Shape &shape) {
  double width = double(shape.channels), head = width / double(shape.heads);
  double forward = shape.type == std::string("gpt2") ? 2 : 3; // matrices; a gate is the third
  double matrices = 2 * width * width + 2 * width * head * double(shape.keyValueHeads) +
                    forward * width * double(shape.feedForward);
  double elements = double(shape.layers) * matrices + width * double(shape.vocabulary);
  double tokens = 0, pairs = 0;
  for (double length : shape.lengths)
    tokens += length, pairs += length * length;
  return 6 * elements * tokens + 6 * double(shape.layers) * width * pairs;
}

/// Segments of arbitrary words; each token's label is the next one of its segment.
struct Pack {
  std::vector<int32_t> tokens, labels, positions, segments{0};
  int32_t targets = 0;

  explicit Pack(const Shape &shape) {
    data::SeedTree seed(7);
    for (int32_t length : shape.lengths) {
      for (int32_t i = 0; i < length; ++i) {
        tokens.push_back(static_cast<int32_t>(seed.below(shape.vocabulary, tokens.size())));
        positions.push_back(i);
        if (i)
          labels.push_back(tokens.back());
      }
      labels.push_back(-1);
      segments.push_back(static_cast<int32_t>(tokens.size()));
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      if (static_cast<int>(i * 7919 % 100) >= shape.targets)
        labels[i] = -1;
      targets += labels[i] >= 0;
    }
  }
  train::StreamColumns columns() const { return {tokens, labels, positions, segments}; }
};

constexpr double learningRate = 1e-3, firstBeta = 0.9, secondBeta = 0.95;

StepSource sourceOf(const Shape &shape, StepType type, int32_t targets) {
  StepSource source;
  source.config = model::parseConfig(configText(shape), shape.name);
  source.type = type;
  source.savesActivations = shape.saves;
  source.again = shape.again;
  source.fuses = shape.fuses;
  source.update.beta2 = secondBeta;
  source.weight.formula.nodes = {{.number = 1.0 / targets}};
  return source;
}

void leave(const std::filesystem::path &folder, const Shape &shape, const StepSource &source,
           const model::Weights &weights, const Pack &pack) {
  std::filesystem::create_directories(folder);
  model::writeSafetensors(folder / "weights.safetensors", weights);
  const model::ModelConfig &config = source.config;
  std::ofstream(folder / "step.json") << fmt::format(
      R"({{"type": "{}", "layers": {}, "channels": {}, "heads": {}, "kv_heads": {}, "theta": {}, )"
      R"("epsilon": {}, "rate": {}, "betas": [{}, {}], "tokens": {}, "labels": {}, )"
      R"("positions": {}, "segments": {}, "targets": {}, "vocabulary": {}}})",
      shape.type, config.layers, config.channels, config.heads, config.keyValueHeads,
      config.rotary.base, config.epsilon, learningRate, firstBeta, secondBeta, pack.tokens,
      pack.labels, pack.positions, pack.segments, pack.targets, shape.vocabulary);
}

struct Request {
  const Shape *shape;
  StepType type;
  unsigned threads;
  int steps;
  std::string folder;
};

/// Most processor time first; last the part of the threads' time by the clock in which they ran.
void printKernels(const train::ModelProgram &program, const std::vector<KernelTime> &before,
                  const Request &request) {
  std::vector<KernelTime> took = program.executor().times();
  double all = 0;
  for (size_t i = 0; i < took.size(); ++i) {
    took[i].launches -= before[i].launches;
    took[i].seconds -= before[i].seconds;
    all += took[i].processor -= before[i].processor;
  }
  std::vector<size_t> order(took.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, std::greater(), [&](size_t i) { return took[i].processor; });
  for (size_t i : order)
    if (took[i].processor > 0.005 * all)
      fmt::print("{:5.1f} %  {:9.3f} core-ms  {:4} x {:<44} {:3.0f} %\n",
                 100 * took[i].processor / all, 1e3 * took[i].processor / request.steps,
                 took[i].launches / request.steps, program.executor().program().kernels[i],
                 100 * took[i].processor / took[i].seconds / request.threads);
}

double clockSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double processorSeconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

double peakMegabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) / 1024;
}

void run(const Request &request) {
  const Shape &shape = *request.shape;
  Pack pack(shape);
  StepSource source = sourceOf(shape, request.type, pack.targets);
  double begin = clockSeconds();
  std::optional<Program> compiled = compileStep(source, "");
  if (!compiled)
    std::exit(1);
  double compiling = clockSeconds() - begin;
  train::ModelProgram program(std::move(*compiled), source.config,
                              std::make_shared<CPUDevice>(request.threads));
  {
    model::Weights fresh = model::freshWeights(source.config, 0.02, data::SeedTree(1));
    program.setParameters(fresh);
    if (!request.folder.empty())
      leave(request.folder, shape, source, fresh, pack);
  }
  std::vector<double> losses, wall, core;
  std::vector<KernelTime> before;
  for (int step = 0; step <= request.steps; ++step) { // the first touches the memory
    if (step == 1)
      before = program.executor().times();
    double clock = clockSeconds(), processor = processorSeconds();
    losses.push_back(program.addGradient(pack.columns()));
    double t = step + 1;
    program.update(learningRate, 1 - std::pow(firstBeta, t), 1 - std::pow(secondBeta, t));
    program.zeroGradients();
    wall.push_back(clockSeconds() - clock);
    core.push_back(processorSeconds() - processor);
  }
  wall.erase(wall.begin()), core.erase(core.begin());
  printKernels(program, before, request);
  double megabytes = peakMegabytes(); // the ceilings need memory of their own
  Ceilings best = measureCeilings();
  fmt::print(R"({{"shape": "{}", "type": "{}", "threads": {}, "tokens": {}, "operations": {}, )"
             R"("losses": [{:.9g}], "wall": [{:.6g}], "core": [{:.6g}], "compile": {:.3f}, )"
             R"("megabytes": {:.0f}, "f32": {:.1f}, "pairs": {:.1f}, "blocks": {:.1f}, )"
             R"("read": {:.1f}, "copy": {:.1f}}})"
             "\n",
             shape.name, request.type == StepType::F32 ? "f32" : "bf16", request.threads,
             pack.tokens.size(), usefulOperations(shape), fmt::join(losses, ", "),
             fmt::join(wall, ", "), fmt::join(core, ", "), compiling, megabytes, best.f32,
             best.pairs, best.blocks, best.read, best.copy);
}

} // namespace

int main(int argc, char **argv) {
  auto given = [&](int i, const char *otherwise) -> std::string {
    return argc > i ? argv[i] : otherwise;
  };
  std::string name = given(1, "small32k");
  bool fuses = !name.ends_with("-apart");
  name.resize(name.size() - (fuses ? 0 : std::strlen("-apart")));
  auto known = std::find_if(std::begin(shapes), std::end(shapes),
                            [&](const Shape &s) { return s.name == name; });
  if (known == std::end(shapes)) {
    fmt::print(stderr, "there is no shape '{}'\n", argv[1]);
    return 1;
  }
  Shape shape = *known;
  shape.fuses = fuses;
  run({&shape, given(2, "f32") == "bf16" ? StepType::BF16 : StepType::F32,
       unsigned(std::stoi(given(3, "1"))), std::stoi(given(4, "5")), given(5, "")});
}
