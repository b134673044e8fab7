//===- compile_time.cpp - how long models take to compile -----------------===//
//
// Layers share kernels, so depth must not cost: 6 layers beside 32, with no cache,
// an empty one and a full one. And what running other lengths compiles: nothing.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelToProgram.h"
#include "compiler/pipeline/CompileStep.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <unistd.h>
#include <vector>

using namespace roux;

/// Llama-3-like, narrow: compile time does not depend on widths, but running does.
static StepSource modelOf(int64_t layers) {
  StepSource source;
  model::ModelConfig &config = source.config;
  config.type = "llama";
  config.layers = layers;
  config.channels = 256;
  config.heads = 8;
  config.keyValueHeads = 4;
  config.headChannels = 32;
  config.feedForward = 688;
  config.vocabulary = 1024;
  config.context = 2048;
  config.epsilon = 1e-5;
  return source;
}

static double seconds(const StepSource &source, const std::string &cache) {
  auto begin = std::chrono::steady_clock::now();
  if (!compileStep(source, cache))
    std::exit(1);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

static double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

static void timeDepths(int rounds) {
  std::vector<double> few, many;
  seconds(modelOf(1), ""); // what LLVM does once a process
  for (int i = 0; i < rounds; ++i) {
    few.push_back(seconds(modelOf(6), ""));
    many.push_back(seconds(modelOf(32), ""));
  }
  std::printf("6 layers, no cache      %8.3f s\n32 layers, no cache     %8.3f s   %.3f times\n",
              median(few), median(many), median(many) / median(few));
}

static void timeCache(const std::string &folder) {
  StepSource source = modelOf(32);
  int64_t before = kernelsCompiled();
  double cold = seconds(source, folder);
  int64_t compiled = kernelsCompiled() - before;
  double warm = seconds(source, folder);
  std::printf("32 layers, cold cache   %8.3f s   %lld kernels compiled\n"
              "32 layers, warm cache   %8.3f s   %lld kernels compiled\n",
              cold, (long long)compiled, warm, (long long)(kernelsCompiled() - before - compiled));
}

static void runLengths() {
  StepSource source = modelOf(6);
  train::ModelProgram program(*compileStep(source, ""), source.config, 2);
  int64_t before = kernelsCompiled();
  for (const std::vector<int32_t> &segments :
       {std::vector<int32_t>{0, 64}, {0, 1, 2, 130}, {0, 500, 777}, {0, 2048}}) {
    std::vector<int32_t> tokens(segments.back(), 1), positions;
    for (size_t s = 1; s < segments.size(); ++s)
      for (int32_t i = segments[s - 1]; i < segments[s]; ++i)
        positions.push_back(i - segments[s - 1]);
    program.addGradient({tokens, tokens, positions, segments});
  }
  std::printf("4 steps, other lengths             %lld kernels compiled\n",
              (long long)(kernelsCompiled() - before));
}

int main() {
  timeDepths(3);
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("compile-time-" + std::to_string(getpid()));
  timeCache(folder.string());
  std::filesystem::remove_all(folder);
  runLengths();
  return 0;
}
