//===- matmul.cpp - how fast compiled matmuls are --------------------------===//
//
// matmul-bench [threads [f32|bf16]]: GFLOP/s a core of the three passes of a
// linear layer at the shapes of small models, by processor time, so that other
// work on the machine counts little; the best of eleven runs each. Last, the
// same as JSON beside the machine's ceilings.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/Ceilings.h"
#include "tests/compiler/kernels/Compiled.h"

#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>

using namespace roux::test;

namespace {

double best(int times, const std::function<void()> &run) {
  double least = 1e300;
  for (int i = 0; i < times; ++i) {
    auto begin = std::clock();
    run();
    least = std::min(least, double(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return least;
}

const char *contract = R"(
kernel.func @contract(%a: memref<?x{L}x{T}>, %b: memref<?x{R}x{T}>, %y: memref<?x{N}xf32>) {
  kernel.contract {form} left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x{L}x{T}> -> vector<{L}x{T}>
    kernel.yield %v : vector<{L}x{T}>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x{R}x{T}> -> vector<{R}x{T}>
    kernel.yield %v : vector<{R}x{T}>
  } result {
  ^bb0(%i: index, %sum: vector<{N}xf32>):
    kernel.store %sum, %y[%i] : vector<{N}xf32>, memref<?x{N}xf32>
    kernel.yield
  }
  kernel.return
})";

double contractRate(const std::string &form, Element element, int rows, int columns, int terms,
                    unsigned threads) {
  bool nt = form == "nt", tn = form == "tn";
  Compiled kernels(substitute(contract, {{"form", form},
                                         {"L", std::to_string(tn ? rows : terms)},
                                         {"R", std::to_string(nt ? terms : columns)},
                                         {"N", std::to_string(columns)},
                                         {"T", spelling(element)}}));
  Buffer a(element, randomNumbers(size_t(rows) * terms, 1));
  Buffer b(element, randomNumbers(size_t(columns) * terms, 2));
  Buffer y(Element::F32, std::vector<double>(size_t(rows) * columns));
  double seconds =
      best(11, [&] { kernels.run("contract", tn ? terms : rows, {a, b, y}, threads); });
  return 2.0 * rows * columns * terms / seconds / 1e9;
}

} // namespace

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const int sizes[][3] = {{2048, 192, 192},   {2048, 704, 256},  {1024, 384, 384},
                          {1024, 1024, 384},  {2048, 512, 512},  {2048, 1024, 1024},
                          {2048, 2048, 2048}, {1024, 32000, 384}};
  fmt::print("{} threads; tokens, outputs, inputs: forward | input gradient | weight gradient, "
             "GFLOP/s a core\n",
             threads);
  std::vector<std::string> all;
  for (Element element : {Element::F32, Element::BF16}) {
    if (argc > 2 && argv[2] != std::string(spelling(element)))
      continue;
    for (auto [tokens, outputs, inputs] : sizes) {
      double forward = contractRate("nt", element, tokens, outputs, inputs, threads);
      double input = contractRate("nn", element, tokens, inputs, outputs, threads);
      double weight = contractRate("tn", element, outputs, inputs, tokens, threads);
      fmt::print("{:4} {:5} {:5} {:5}: {:6.1f} | {:6.1f} | {:6.1f}\n", spelling(element), tokens,
                 outputs, inputs, forward, input, weight);
      all.push_back(fmt::format(R"({{"sizes": [{}, {}, {}], "rates": [{:.1f}, {:.1f}, {:.1f}]}})",
                                tokens, outputs, inputs, forward, input, weight));
    }
  }
  roux::Ceilings best = roux::measureCeilings();
  fmt::print(R"({{"shapes": [{}], "f32": {:.1f}, "pairs": {:.1f}, "blocks": {:.1f}}})"
             "\n",
             fmt::join(all, ", "), best.f32, best.pairs, best.blocks);
}
