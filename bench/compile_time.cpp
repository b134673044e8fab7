//===- compile_time.cpp - how long a model takes to compile ---------------===//
//
// compile-time-bench [rounds]: from a process's start to a step that could run, with
// nothing kept, with everything kept, on one core and on all. Layers share kernels,
// so depth must not cost; steps of other lengths compile nothing. Processor time
// stands beside the wall's, which other work on the machine makes longer. The last
// line is JSON.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace roux;

namespace {

/// A whole training step, Llama-like, narrow: compile time does not depend on widths, but running
/// does.
StepSource modelOf(int64_t layers) {
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
  source.type = StepType::BF16;
  source.update.clip = 1;
  return source;
}

/// What a whole process took.
struct Took {
  double wall, processor;
};

double secondsOf(const timeval &time) {
  return double(time.tv_sec) + 1e-6 * double(time.tv_usec);
}

/// Everything up to a step that could run.
void makeReady(int64_t layers, const std::string &cache) {
  StepSource source = modelOf(layers);
  std::optional<Program> compiled = compileStep(source, cache);
  if (!compiled)
    std::_Exit(1);
  train::ModelProgram program(std::move(*compiled), source.config, std::make_shared<CPUDevice>(1));
}

/// This program again, told to make ready, on `cores` cores (0: all).
Took timeProcess(int64_t layers, const std::string &cache, int cores) {
  auto begin = std::chrono::steady_clock::now();
  pid_t child = fork();
  if (child == 0) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    for (int core = 0; core < cores; ++core)
      CPU_SET(core, &allowed);
    if (cores)
      sched_setaffinity(0, sizeof allowed, &allowed);
    std::string count = std::to_string(layers);
    execl("/proc/self/exe", "compile-time-bench", "--once", count.c_str(), cache.c_str(), nullptr);
    std::_Exit(1);
  }
  int status = 0;
  rusage used{};
  wait4(child, &status, 0, &used);
  std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  if (status != 0)
    std::exit(1);
  return {wall.count(), secondsOf(used.ru_utime) + secondsOf(used.ru_stime)};
}

struct Spread {
  double median, least, most;
};

Spread spreadOf(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

struct Timed {
  Spread wall, processor;
};

/// Each round a process of its own, with what `prepare` leaves in the cache.
template <typename Prepare>
Timed timeRounds(const char *what, int rounds, int64_t layers, int cores, Prepare prepare) {
  std::vector<double> wall, processor;
  for (int round = 0; round < rounds; ++round) {
    Took took = timeProcess(layers, prepare(), cores);
    wall.push_back(took.wall);
    processor.push_back(took.processor);
  }
  Timed timed{spreadOf(wall), spreadOf(processor)};
  auto text = [](const Spread &s) {
    return fmt::format("{:.3f} s ({:.3f}..{:.3f})", s.median, s.least, s.most);
  };
  fmt::print("{:<34} wall {}   processor {}\n", what, text(timed.wall), text(timed.processor));
  return timed;
}

/// Kernels that steps of other lengths compile; the program's kernels in `kernels`.
int64_t compiledByLengths(size_t &kernels) {
  StepSource source = modelOf(6);
  train::ModelProgram program(*compileStep(source, ""), source.config,
                              std::make_shared<CPUDevice>(2));
  kernels = program.executor().program().kernels.size();
  int64_t before = kernelsCompiled();
  for (const std::vector<int32_t> &segments :
       {std::vector<int32_t>{0, 64}, {0, 1, 2, 130}, {0, 500, 777}, {0, 2048}}) {
    std::vector<int32_t> tokens(segments.back(), 1), positions;
    for (size_t s = 1; s < segments.size(); ++s)
      for (int32_t i = segments[s - 1]; i < segments[s]; ++i)
        positions.push_back(i - segments[s - 1]);
    program.addGradient({tokens, tokens, positions, segments});
  }
  return kernelsCompiled() - before;
}

void run(int rounds, const std::filesystem::path &folder) {
  auto emptied = [&] {
    std::filesystem::remove_all(folder);
    return folder.string();
  };
  auto kept = [&] { return folder.string(); };
  Timed deep = timeRounds("32 layers, empty cache, all cores", rounds, 32, 0, emptied);
  Timed cold = timeRounds("6 layers, empty cache, all cores", rounds, 6, 0, emptied);
  Timed one = timeRounds("6 layers, empty cache, one core", rounds, 6, 1, emptied);
  Timed warm = timeRounds("6 layers, full cache, one core", rounds, 6, 1, kept);
  size_t kernels = 0;
  int64_t others = compiledByLengths(kernels);
  fmt::print("4 steps of other lengths: {} kernels compiled of {}\n", others, kernels);
  fmt::print("{{\"row\": \"C11\", \"ours\": {:.3f}, \"unit\": \"s of one core, cold\", "
             "\"kernels\": {}, \"cold_wall\": {:.3f}, \"cores\": {}, \"warm\": {:.3f}, "
             "\"depth_ratio\": {:.2f}, \"compiled_by_other_lengths\": {}, \"rounds\": {}}}\n",
             one.processor.median, kernels, cold.wall.median, sysconf(_SC_NPROCESSORS_ONLN),
             warm.processor.median, deep.processor.median / cold.processor.median, others, rounds);
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--once") {
    makeReady(std::atoll(argv[2]), argv[3]);
    std::_Exit(0);
  }
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("compile-time-{}", getpid());
  run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5, folder);
  std::filesystem::remove_all(folder);
}
