//===- PlanLengths.cpp - plans made from lengths, as JSON ------------------===//
//
// The models written in Python know lengths and counts of targets; this program plans
// them with the library and prints what came out, so that both can be compared.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/MicroBatch.h"
#include "tests/runtime/data/Fixture.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <iostream>
#include <numeric>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

template <typename Enum>
using Words = std::map<std::string, Enum>;

const Words<Policy> policies = {{"each", Policy::Each},
                                {"tokens", Policy::Tokens},
                                {"pack", Policy::Pack},
                                {"sorted", Policy::Sorted},
                                {"bucket", Policy::Bucket}};
const Words<Fit> fits = {{"next", Fit::Next},
                         {"first", Fit::First},
                         {"best", Fit::Best},
                         {"decreasing", Fit::Decreasing}};
const Words<Overflow> overflows = {{"error", Overflow::Error},
                                   {"drop", Overflow::Drop},
                                   {"cut", Overflow::CutRight},
                                   {"split", Overflow::Split}};
const Words<Last> lasts = {{"keep", Last::Keep}, {"drop", Last::Drop}};

/// A pack: its segments' ends and, of each sequence, record, part, length, targets, weight.
std::string packText(const Plan &plan, const PlanInput &input, const StepWeights &weights,
                     Portion portion) {
  MicroBatch batch;
  materialize(plan, input, weights, portion, batch);
  std::string sequences;
  std::vector<double> each;
  for (uint32_t index : portion) {
    const PlacedSequence &placed = weights.step().sequences[index];
    const SequenceEntry &entry = input.sequences[placed.sequence];
    std::vector<uint32_t> positions(placed.positions);
    std::iota(positions.begin(), positions.end(), 0u);
    weights.weigh(index, positions, each);
    double weight = std::accumulate(each.begin(), each.end(), 0.0);
    sequences += fmt::format("{}[{}, {}, {}, {}, {}]", sequences.empty() ? "" : ", ", entry.record,
                             entry.part, placed.tokens(), placed.targets, weight);
  }
  return fmt::format("{{\"ends\": [{}], \"rows\": {}, \"sequences\": [{}]}}",
                     fmt::join(batch.segmentOffsets, ", "), batch.size(), sequences);
}

void print(const Plan &plan, const PlanInput &input, const Expression &weight) {
  fmt::print("{{\"ledger\": {}, \"steps\": [", plan.ledger().json());
  for (uint64_t s = 0; s < plan.steps(); ++s) {
    PlanStep step = plan.step(s);
    StepWeights weights(weight, input, plan, step);
    std::string packs;
    uint32_t first = 0;
    for (const PlannedPack &pack : step.packs) {
      Portion portion(pack.count);
      std::iota(portion.begin(), portion.end(), first);
      first += pack.count;
      packs += (packs.empty() ? "" : ",\n ") + packText(plan, input, weights, portion);
    }
    fmt::print("{}[{}]", s ? ",\n" : "\n", packs);
  }
  fmt::print("]}}\n");
}

} // namespace

/// Lines `record part tokens targets [label]` on stdin; `label`: the last token is only a label.
int main(int argc, char **argv) {
  PlanSpec spec{.seed = 42, .construct = "t", .context = 65536};
  std::string weight = "sequence";
  CLI::App app("plan lengths from stdin");
  app.add_option("--policy", spec.batch.policy)->transform(CLI::Transformer(policies));
  app.add_option("--fit", spec.batch.fit)->transform(CLI::Transformer(fits));
  app.add_option("--overflow", spec.batch.overflow)->transform(CLI::Transformer(overflows));
  app.add_option("--last", spec.batch.last)->transform(CLI::Transformer(lasts));
  app.add_option("--units", spec.batch.units);
  app.add_option("--sequences", spec.batch.sequences);
  app.add_option("--tokens", spec.batch.tokens);
  app.add_option("--cycles", spec.batch.cycles);
  app.add_option("--context", spec.context);
  app.add_option("--weight", weight);
  CLI11_PARSE(app, argc, argv);
  // Grow-P2 of Dataset Decomposition.
  spec.batch.odds = number(8192) / read(Scope::Bucket, Attribute::Length);

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("plan_lengths." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  {
    TokenStoreWriter writer(folder / "tokens");
    uint64_t record;
    uint32_t part, tokens, targets;
    std::string line;
    while (std::getline(std::cin, line)) {
      std::istringstream words(line);
      std::string label;
      words >> record >> part >> tokens >> targets >> label;
      append(writer, {tokens, targets, "data", record, label.empty(), part}, record);
    }
    writer.finish();
  }
  TokenStore store(folder / "tokens");
  PlanInput input(store);
  print(makePlan(folder / "plan", store, spec), input,
        weight == "sequence" ? sequenceMean() : tokenMean());
  std::filesystem::remove_all(folder);
}
