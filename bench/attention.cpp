//===- attention.cpp - how fast compiled attention is ----------------------===//
//
// attention-bench [threads]: GFLOP/s a core of attention and its gradients on
// one long segment and on many short ones, by processor time, so that other
// work on the machine does not count; the best of five runs each. Counts only
// what the causal triangle needs: 4 operations a pair and column, 10 for both
// gradients.
//
//===----------------------------------------------------------------------===//
#include "runtime/LaunchLists.h"
#include "runtime/TargetDescription.h"
#include "tests/compiler/kernels/Compiled.h"

#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <functional>

using namespace roux;
using namespace roux::test;

namespace {

const char *attention = R"(
kernel.func @forward(%q: memref<?x{Q}xf32>, %k: memref<?x{K}xf32>, %v: memref<?x{K}xf32>,
                     %o: memref<?x{Q}xf32>, %l: memref<?x{H}xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work
    {heads = {H} : i64, kv_heads = {G} : i64, block = {B} : i64, scale = 0.125 : f64}
    : memref<?x{Q}xf32>, memref<?x{K}xf32>, memref<?x{K}xf32>, memref<?x{Q}xf32>,
      memref<?x{H}xf32>, memref<?x6xi32>
  kernel.return
}
kernel.func @gradient(%q: memref<?x{Q}xf32>, %k: memref<?x{K}xf32>, %v: memref<?x{K}xf32>,
                      %do: memref<?x{Q}xf32>, %l: memref<?x{H}xf32>, %d: memref<?x{H}xf32>,
                      %work: memref<?x7xi32>, %parts: memref<?x{Q}xf32>, %sums: memref<?x11xi32>,
                      %count: index, %dq: memref<?x{D}xf32>, %dk: memref<?x{D}xf32>,
                      %dv: memref<?x{D}xf32>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %parts by %sums, %count
    {heads = {H} : i64, kv_heads = {G} : i64, block = {B} : i64, scale = 0.125 : f64}
    : memref<?x{Q}xf32>, memref<?x{K}xf32>, memref<?x{K}xf32>, memref<?x{Q}xf32>,
      memref<?x{H}xf32>, memref<?x{H}xf32>, memref<?x7xi32>, memref<?x{Q}xf32>,
      memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<{D}xf32>):
    kernel.store %s, %dq[%i] : vector<{D}xf32>, memref<?x{D}xf32>
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<{D}xf32>):
    kernel.store %s, %dk[%i] : vector<{D}xf32>, memref<?x{D}xf32>
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<{D}xf32>):
    kernel.store %s, %dv[%i] : vector<{D}xf32>, memref<?x{D}xf32>
    kernel.yield
  }
  kernel.return
})";

double best(const std::function<void()> &run) {
  double least = 1e300;
  for (int i = 0; i < 5; ++i) {
    auto begin = std::clock();
    run();
    double took = double(std::clock() - begin) / CLOCKS_PER_SEC;
    least = std::min(least, took);
  }
  return least;
}

template <typename Work>
Buffer listed(const std::vector<Work> &work) {
  auto *numbers = reinterpret_cast<const int32_t *>(work.data());
  return Buffer(Element::I32, {numbers, numbers + work.size() * sizeof(Work) / 4});
}

void measure(int segments, int length, int heads, int keyHeads, int columns, unsigned threads) {
  Compiled kernels(substitute(attention, {{"H", std::to_string(heads)},
                                          {"B", std::to_string(hostTarget().attentionRows)},
                                          {"G", std::to_string(keyHeads)},
                                          {"Q", std::to_string(heads * columns)},
                                          {"K", std::to_string(keyHeads * columns)},
                                          {"D", std::to_string(columns)}}));
  size_t tokens = size_t(segments) * length, own = tokens * heads * columns;
  size_t shared = tokens * keyHeads * columns;
  std::vector<int32_t> offsets;
  for (int i = 0; i <= segments; ++i)
    offsets.push_back(i * length);
  const TargetDescription &target = hostTarget();
  auto queries = attentionWork(offsets, heads, target.attentionRows);
  auto lists = gradientLists(offsets, keyHeads, target.attentionPart, target.attentionItems);
  Buffer queryWork = listed(queries), keyWork = listed(lists.work), sums = listed(lists.sums);
  Buffer parts(Element::F32, std::vector<double>(lists.partialRows * heads * columns));
  Buffer q(Element::F32, randomNumbers(own, 1)), k(Element::F32, randomNumbers(shared, 2));
  Buffer v(Element::F32, randomNumbers(shared, 3)), o = q, dq = q, dk = k, dv = k;
  Buffer l(Element::F32, std::vector<double>(tokens * heads)), d = l;
  double pairs = segments * (length * (length + 1.0) / 2) * heads * columns / 1e9;
  double forward =
      best([&] { kernels.run("forward", queries.size(), {q, k, v, o, l, queryWork}, threads); });
  double gradients = best([&] {
    kernels.run("gradient", lists.work.size(),
                {q, k, v, o, l, d, keyWork, parts, sums, int64_t(lists.sums.size()), dq, dk, dv},
                threads);
  });
  fmt::print(
      "{:3} x {:5} tokens, {}/{} heads of {}: forward {:6.1f}, gradients {:6.1f} GFLOP/s a core\n",
      segments, length, heads, keyHeads, columns, 4 * pairs / forward, 10 * pairs / gradients);
}

} // namespace

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? std::atoi(argv[1]) : 1;
  fmt::print("{} threads\n", threads);
  measure(1, 4096, 6, 2, 64, threads);
  measure(16, 256, 6, 2, 64, threads);
  measure(64, 32, 6, 2, 64, threads);
  measure(1, 2048, 4, 4, 128, threads);
}
