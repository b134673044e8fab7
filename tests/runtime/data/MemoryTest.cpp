//===- MemoryTest.cpp - what a sequence costs in memory -------------------===//
//
// Data sets have tens of millions of sequences, so it matters what each of them takes
// while data are prepared and planned: at most forty bytes. Allocations are counted,
// which does not hang on the machine; what is mapped from files is not memory.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/data/Fixture.h"
#include "tests/runtime/data/pipeline/PipelineFixture.h"

#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {
std::atomic<size_t> held, most;
} // namespace

void *operator new(size_t size, const std::nothrow_t &) noexcept {
  void *made = std::malloc(size);
  if (!made)
    return nullptr;
  size_t now = held += malloc_usable_size(made);
  for (size_t before = most; before < now && !most.compare_exchange_weak(before, now);) {
  }
  return made;
}
void *operator new(size_t size) {
  void *made = operator new(size, std::nothrow);
  if (!made)
    throw std::bad_alloc();
  return made;
}

void operator delete(void *memory) noexcept {
  held -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void *memory, size_t) noexcept {
  operator delete(memory);
}

namespace roux::data {

/// Bytes that each sequence more adds to the most that `work` holds at once.
static double bytesEach(const std::function<void(uint64_t sequences)> &work) {
  constexpr uint64_t few = 100'000, many = 300'000;
  auto peak = [&](uint64_t sequences) {
    size_t before = held;
    most = before;
    work(sequences);
    return static_cast<double>(most - before);
  };
  peak(few); // what is made once
  double less = peak(few);
  return (peak(many) - less) / (many - few);
}

struct PlanMemory : testing::Test {
  test::Folder folder;
  std::vector<SequenceEntry> table;

  /// Sequences of 16 to 79 tokens, half of each targets.
  PlanInput input(uint64_t sequences) {
    PlanInput input;
    input.sequences = std::span(table).first(sequences);
    input.sources = {"data"};
    input.countLabels = [](uint32_t, TokenRange tokens) { return tokens.size() / 2; };
    return input;
  }
  void SetUp() override {
    for (uint64_t i = 0; i < 300'000; ++i) {
      SequenceEntry &entry = table.emplace_back();
      entry.record = i;
      entry.tokens = static_cast<uint32_t>(16 + SeedTree(i).below(64));
      entry.targets = entry.tokens / 2;
      entry.lastIsInput = 1;
    }
  }
  double of(BatchSpec batch, double epochs = 1) {
    PlanSpec spec{.seed = 1, .construct = "t", .batch = batch, .context = 4096};
    spec.length.amount = epochs;
    return bytesEach(
        [&](uint64_t sequences) { writePlan(folder / "plan", input(sequences), spec); });
  }
};

TEST_F(PlanMemory, IsFortyBytesASequenceAtMost) {
  EXPECT_LE(of({.policy = Policy::Tokens, .tokens = 4096}), 40);
  EXPECT_LE(of({.policy = Policy::Tokens, .tokens = 4096, .shuffle = true}, 2), 40);
  EXPECT_LE(of({.policy = Policy::Each, .sequences = 1}), 40);
  EXPECT_LE(of({.policy = Policy::Each, .sequences = 8, .shuffle = true}), 40);
  EXPECT_LE(of({.policy = Policy::Sorted, .units = 2, .sequences = 8}), 40);
  for (Fit fit : {Fit::Next, Fit::First, Fit::Best, Fit::Decreasing, Fit::FillNext, Fit::FillDrop})
    EXPECT_LE(of({.policy = Policy::Pack, .units = 2, .tokens = 4096, .fit = fit}), 40)
        << static_cast<int>(fit);
}

struct PipelineMemory : PipelineFixture {};

TEST_F(PipelineMemory, IsFortyBytesASequenceAtMost) {
  auto fileOf = [](uint64_t sequences) { return std::to_string(sequences) + ".jsonl"; };
  for (uint64_t sequences : {100'000u, 300'000u}) {
    std::string lines;
    for (uint64_t i = 0; i < sequences; ++i)
      lines += "{\"text\": \"text " + std::to_string(i) + "\"}\n";
    write(fileOf(sequences), lines);
  }
  uint32_t d = source("d", "", SourceKind::Text);
  auto expect = [&] {
    double bytes = bytesEach([&](uint64_t sequences) {
      pipeline.steps[d].source.files = fileOf(sequences);
      PipelineRunner runner(pipeline, consumer, ledger, 2);
      runner.runSteps();
      TokenStoreWriter store(folder / "store");
      runner.write(store, {});
      store.finish();
    });
    EXPECT_LE(bytes, 40) << spelling(pipeline.steps.back().operation);
    pipeline.steps.resize(1);
  };
  step(DataOperation::Where, {d}).expression =
      binary(Operation::Less, number(3), read(Scope::Sequence, Attribute::Tokens));
  step(DataOperation::Shuffle, {1});
  expect();
  step(DataOperation::Sample, {d}).amount = {0.1, true};
  step(DataOperation::Without, {d, 1});
  expect();
  step(DataOperation::Sample, {d}).amount = {0.1, true};
  step(DataOperation::Concat, {1, d});
  expect();
  step(DataOperation::Sort, {d}).expression = only(read(Scope::Sequence, Attribute::Tokens));
  expect();
  step(DataOperation::Mix, {d, d}).shares = {0.5, 0.5};
  pipeline.steps.back().byTokens = true;
  expect();
}

} // namespace roux::data
