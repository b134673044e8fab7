//===- decode.cpp - tokens a second with and without a cache --------------===//
//
// What keeping keys and values is worth: the same tokens by `decode` and by running
// the whole sequence again for each, and eight or sixteen sequences at a time beside one; and
// what part of the machine's reading from memory it is, measured in the same run.
// Rounds take turns, and processor time is counted, so that neighbours matter little.
// The last line is JSON.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/cpu/Ceilings.h"
#include "runtime/eval/CompiledModel.h"
#include "runtime/model/FreshWeights.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

using namespace roux;

/// 21 M parameters, of which decode reads 19 M for every token.
static model::Model freshModel() {
  model::ModelConfig config;
  config.type = "llama";
  config.layers = 6;
  config.channels = 512;
  config.heads = 8;
  config.keyValueHeads = 4;
  config.headChannels = 64;
  config.feedForward = 1376;
  config.vocabulary = 4096;
  config.context = 2048;
  config.epsilon = 1e-5;
  return {config, model::freshWeights(config, 0.02, data::SeedTree(1))};
}

static std::unique_ptr<train::ModelProgram> compiled(const model::Model &model, StepType type,
                                                     unsigned threads) {
  StepSource source;
  source.config = model.config;
  source.type = type;
  source.trains = false;
  source.generates = true;
  std::optional<Program> program = compileStep(source, "");
  if (!program)
    std::exit(1);
  auto runs = std::make_unique<train::ModelProgram>(std::move(*program), model.config,
                                                    std::make_shared<CPUDevice>(threads));
  runs->setParameters(model.weights);
  return runs;
}

static double processorSeconds(const std::function<void()> &work) {
  std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

static std::vector<std::vector<int32_t>> promptsOf(size_t count, size_t tokens,
                                                   int64_t vocabulary) {
  std::vector<std::vector<int32_t>> prompts(count);
  for (size_t i = 0; i < count; ++i)
    for (size_t t = 0; t < tokens; ++t)
      prompts[i].push_back(static_cast<int32_t>(data::SeedTree(i).below(vocabulary, t)));
  return prompts;
}

/// Seconds for `tokens` more tokens of each of `count` sequences.
static double decodeSeconds(eval::CompiledModel &model, size_t count, size_t prompt,
                            size_t tokens) {
  std::vector<float> logits(count * model.vocabulary());
  model.prefill(promptsOf(count, prompt, model.vocabulary()), logits);
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  std::vector<int32_t> next(count, 5);
  return processorSeconds([&] {
    for (size_t i = 0; i < tokens; ++i)
      model.decode(rows, next, logits);
  });
}

static double recomputeSeconds(train::ModelProgram &program, size_t prompt, size_t tokens) {
  std::vector<int32_t> ids = promptsOf(1, prompt, program.config().vocabulary)[0];
  return processorSeconds([&] {
    for (size_t i = 0; i < tokens; ++i) {
      ids.push_back(5);
      std::vector<int32_t> positions(ids.size()), labels(ids.size(), -1);
      std::iota(positions.begin(), positions.end(), 0);
      program.logits({ids, labels, positions, {0, static_cast<int32_t>(ids.size())}});
    }
  });
}

/// Bytes that `decode` reads for a token after `tokens` others: the weights, of the embedding's but
/// a row, and the keys and values.
static double bytesOfToken(const model::ModelConfig &config, StepType type, size_t tokens) {
  double channels = double(config.channels),
         keyed = double(config.keyValueHeads * config.headChannels);
  double matrices = 2 * channels * double(config.heads * config.headChannels) +
                    2 * channels * keyed + 3 * channels * double(config.feedForward);
  double layer = matrices + 2 * keyed * double(tokens);
  double elements = double(config.layers) * layer + channels * double(config.vocabulary);
  return elements * (type == StepType::F32 ? 4 : 2);
}

/// Rows of the last line.
static std::vector<std::string> rows;

static void report(const char *name, const model::Model &model, StepType type, size_t prompt,
                   unsigned threads) {
  constexpr size_t tokens = 32, rounds = 5;
  std::unique_ptr<train::ModelProgram> program = compiled(model, type, threads);
  eval::CompiledModel writer(*program);
  std::vector<double> again, one, eight, sixteen;
  for (size_t round = 0; round <= rounds; ++round) {
    double samples[] = {recomputeSeconds(*program, prompt, 4) / 4,
                        decodeSeconds(writer, 1, prompt, tokens) / tokens,
                        decodeSeconds(writer, 8, prompt, tokens) / (8 * tokens),
                        decodeSeconds(writer, 16, prompt, tokens) / (16 * tokens)};
    if (round == 0)
      continue; // first touches
    again.push_back(samples[0]);
    one.push_back(samples[1]);
    eight.push_back(samples[2]);
    sixteen.push_back(samples[3]);
  }
  for (std::vector<double> *times : {&again, &one, &eight, &sixteen})
    std::sort(times->begin(), times->end());
  auto middle = [](const std::vector<double> &times) { return times[times.size() / 2]; };
  std::printf("%-22s after %4zu tokens: again %8.1f tokens/s, decode %8.1f (%.1f times), "
              "8 at a time %8.1f (%.2f times one), 16 %8.1f; spread of decode %.0f %%\n",
              name, prompt, 1 / middle(again), 1 / middle(one), middle(again) / middle(one),
              1 / middle(eight), middle(one) / middle(eight), 1 / middle(sixteen),
              100 * (one.back() - one.front()) / middle(one));
  std::fflush(stdout);
  rows.push_back(fmt::format(
      R"({{"shape": "{}, after {} tokens", "tokens": {:.1f}, "eight": {:.1f}, "sixteen": {:.1f}, "again": {:.1f}, )"
      R"("gigabytes": {:.2f}}})",
      name, prompt, 1 / middle(one), 1 / middle(eight), 1 / middle(sixteen), 1 / middle(again),
      1e-9 * bytesOfToken(model.config, type, prompt + tokens / 2) / middle(one)));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    model::Model given = model::openModel(argv[1]);
    for (size_t prompt : {64, 256})
      report("given, f32", given, StepType::F32, prompt, 1);
  }
  model::Model fresh = freshModel();
  for (size_t prompt : {64, 512})
    report("fresh 21 M, f32", fresh, StepType::F32, prompt, 1);
  for (size_t prompt : {64, 512})
    report("fresh 21 M, bf16", fresh, StepType::BF16, prompt, 1);
  fmt::print("{{\"shapes\": [{}], \"read\": {:.1f}}}\n", fmt::join(rows, ", "),
             measureCeilings().read);
  return 0;
}
