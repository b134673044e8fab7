//===- RunProgram.cpp - runs a saved program on a text's ids --------------===//
//
// Linked with the runtime alone. Prints the line that `roux score` prints, the
// loss and the gradient's norm of a step, and how the first token goes on.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/CPUDevice.h"
#include "runtime/eval/CompiledModel.h"
#include "runtime/eval/Generate.h"
#include "runtime/model/Model.h"
#include "runtime/train/ModelProgram.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <iterator>
#include <numeric>
#include <simdjson.h>

using namespace roux;

/// `tokens` of the reference data's JSON.
static std::vector<int32_t> tokensOf(const char *path) {
  simdjson::dom::parser parser;
  simdjson::dom::element root = parser.load(path);
  std::vector<int32_t> ids;
  for (int64_t id : root["tokens"].get_array().value())
    ids.push_back(static_cast<int32_t>(id));
  return ids;
}

/// The likeliest tokens after `first`, one after the other.
static std::vector<int32_t> likeliestAfter(int32_t first, train::ModelProgram &program) {
  eval::CompiledModel model(program);
  eval::GenerateOptions options;
  options.tokens = 50;
  std::vector<std::vector<int32_t>> prompts{{first}};
  auto text = [](std::span<const int32_t>) { return std::string(); };
  return eval::generate(model, text, prompts, options)[0].tokens;
}

static int run(char **arguments) {
  std::ifstream file(arguments[2], std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  model::Model model = model::openModel(arguments[1]);
  train::ModelProgram program(Program::load(bytes, arguments[2]), model.config,
                              std::make_shared<CPUDevice>(2));
  program.setParameters(model.weights);
  std::vector<int32_t> ids = tokensOf(arguments[3]);
  std::vector<int32_t> inputs(ids.begin(), ids.end() - 1), labels(ids.begin() + 1, ids.end());
  std::vector<int32_t> positions(inputs.size());
  std::iota(positions.begin(), positions.end(), 0);
  std::vector<WeightValues> targets{{"step.targets", false, {double(inputs.size())}}};
  train::StreamColumns columns{
      inputs, labels, positions, {0, static_cast<int32_t>(inputs.size())}, targets};
  double loss = program.addGradient(columns);
  fmt::print("{{\"nll\": [{:.7g}], \"loss\": {:.9g}, \"norm\": {:.9g}, \"greedy\": [{}]}}\n",
             fmt::join(program.nll(columns), ", "), loss, program.gradientNorm(),
             fmt::join(likeliestAfter(ids[0], program), ", "));
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: run-program MODEL PROGRAM REFERENCE\n");
    return 1;
  }
  try {
    return run(argv);
  } catch (const std::exception &error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
