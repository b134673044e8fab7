//===- AttentionTest.cpp - attention kernels against plain loops ----------===//
//
// Forward and both gradients over segments of lengths around the block sizes,
// with grouped heads and windows; that segments do not see each other; and one
// query over a cache.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Compiled.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace roux::test;

namespace {

struct Case {
  const char *machine;
  Element element;
  int heads, keyHeads, columns, block, window;
  bool grouped = false; ///< items of a query's heads that share keys
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.machine << " " << spelling(c.element) << " heads " << c.heads << "/" << c.keyHeads
       << " of " << c.columns << ", block " << c.block << ", window " << c.window
       << (c.grouped ? ", grouped" : "");
}

const char *attention = R"(
kernel.func @forward(%q: memref<?x{Q}x{T}>, %k: memref<?x{K}x{T}>, %v: memref<?x{K}x{T}>,
                     %o: memref<?x{Q}x{T}>, %l: memref<?x{H}x{A}>, %work: memref<?x6xi32>) {
  kernel.attention %q, %k, %v into %o, %l over %work {{same} {grouped} scale = 0.3 : f64}
    : memref<?x{Q}x{T}>, memref<?x{K}x{T}>, memref<?x{K}x{T}>, memref<?x{Q}x{T}>,
      memref<?x{H}x{A}>, memref<?x6xi32>
  kernel.return
}
kernel.func @gradient(%q: memref<?x{Q}x{T}>, %k: memref<?x{K}x{T}>, %v: memref<?x{K}x{T}>,
                      %do: memref<?x{Q}x{T}>, %l: memref<?x{H}x{A}>, %d: memref<?x{H}x{A}>,
                      %work: memref<?x7xi32>, %parts: memref<?x{Q}x{A}>, %sums: memref<?x11xi32>,
                      %count: index, %dq: memref<?x{D}x{T}>, %dk: memref<?x{D}x{T}>,
                      %dv: memref<?x{D}x{T}>) {
  kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work gathering %parts by %sums, %count
    {{same} scale = 0.3 : f64}
    : memref<?x{Q}x{T}>, memref<?x{K}x{T}>, memref<?x{K}x{T}>, memref<?x{Q}x{T}>,
      memref<?x{H}x{A}>, memref<?x{H}x{A}>, memref<?x7xi32>, memref<?x{Q}x{A}>,
      memref<?x11xi32> query {
  ^bb0(%i: index, %s: vector<{D}x{A}>):
    {bf16} %n = arith.truncf %s : vector<{D}x{A}> to vector<{D}x{T}>
    {bf16} kernel.store %n, %dq[%i] : vector<{D}x{T}>, memref<?x{D}x{T}>
    {plain} kernel.store %s, %dq[%i] : vector<{D}x{T}>, memref<?x{D}x{T}>
    kernel.yield
  } key {
  ^bb0(%i: index, %s: vector<{D}x{A}>):
    {bf16} %n = arith.truncf %s : vector<{D}x{A}> to vector<{D}x{T}>
    {bf16} kernel.store %n, %dk[%i] : vector<{D}x{T}>, memref<?x{D}x{T}>
    {plain} kernel.store %s, %dk[%i] : vector<{D}x{T}>, memref<?x{D}x{T}>
    kernel.yield
  } value {
  ^bb0(%i: index, %s: vector<{D}x{A}>):
    {bf16} %n = arith.truncf %s : vector<{D}x{A}> to vector<{D}x{T}>
    {bf16} kernel.store %n, %dv[%i] : vector<{D}x{T}>, memref<?x{D}x{T}>
    {plain} kernel.store %s, %dv[%i] : vector<{D}x{T}>, memref<?x{D}x{T}>
    kernel.yield
  }
  kernel.return
})";

Compiled compile(const Case &c) {
  const char *wide = c.element == Element::F64 ? "f64" : "f32";
  return Compiled(
      substitute(attention, {{"same", fmt::format("heads = {} : i64, kv_heads = {} : "
                                                  "i64, block = {} : i64, window = {} "
                                                  ": i64,",
                                                  c.heads, c.keyHeads, c.block, c.window)},
                             {"grouped", c.grouped ? "grouped," : ""},
                             {"T", spelling(c.element)},
                             {"A", wide},
                             {"H", std::to_string(c.heads)},
                             {"Q", std::to_string(c.heads * c.columns)},
                             {"K", std::to_string(c.keyHeads * c.columns)},
                             {"D", std::to_string(c.columns)},
                             {"bf16", c.element == Element::BF16 ? "" : "//"},
                             {"plain", c.element == Element::BF16 ? "//" : ""}}),
      c.machine);
}

/// The work list of the kernels' documentation, for segments one after another.
std::vector<double> workList(const std::vector<int> &lengths, int heads, int block) {
  std::vector<double> work;
  int begin = 0;
  for (int length : lengths) {
    for (int head = 0; head < heads; ++head)
      for (int at = 0; at < length; at += block)
        for (int column :
             {begin + at, std::min(block, length - at), begin, begin + length, at, head})
          work.push_back(column);
    begin += length;
  }
  return work;
}

/// The lists of the gradient's documentation; keys are cut into parts of `part`.
struct Lists {
  std::vector<double> work, sums;
  int rows = 0;
};

Lists gradientLists(const std::vector<int> &lengths, int keyHeads) {
  constexpr int part = 48, mostParts = 8;
  Lists lists;
  int begin = 0;
  for (int length : lengths) {
    std::vector<int> shifts;
    for (int at = 0; at < length; at += part) {
      int first = begin + at, rows = std::min(part, length - at);
      shifts.push_back(lists.rows - first);
      lists.rows += length - at;
      for (int head = 0; head < keyHeads; ++head)
        for (int column : {first, rows, begin, begin + length, at, head, shifts.back()})
          lists.work.push_back(column);
      for (int column : {first, rows, int(shifts.size())})
        lists.sums.push_back(column);
      for (size_t i = 0; i < mostParts; ++i)
        lists.sums.push_back(i < shifts.size() ? first + shifts[i] : -1);
    }
    begin += length;
  }
  return lists;
}

struct Numbers {
  std::vector<double> output, logsumexp, delta, dq, dk, dv;
};

Numbers reference(const Case &c, const std::vector<int> &lengths, Buffer &q, Buffer &k, Buffer &v,
                  Buffer &dout) {
  int d = c.columns, width = c.heads * d, keyWidth = c.keyHeads * d, tokens = q.size() / width;
  Numbers n;
  n.output.resize(q.size()), n.dq.resize(q.size());
  n.dk.resize(k.size()), n.dv.resize(k.size());
  n.logsumexp.resize(tokens * c.heads), n.delta.resize(tokens * c.heads);
  int begin = 0;
  for (int length : lengths) {
    for (int h = 0; h < c.heads; ++h)
      for (int i = 0; i < length; ++i) {
        int g = h / (c.heads / c.keyHeads), first = c.window ? std::max(0, i - c.window + 1) : 0;
        size_t row = size_t(begin + i) * width + h * d;
        auto keyRow = [&](int j) { return size_t(begin + j) * keyWidth + g * d; };
        std::vector<double> p(length);
        double max = -1e300, sum = 0, delta = 0;
        for (int j = first; j <= i; ++j) {
          for (int e = 0; e < d; ++e)
            p[j] += 0.3 * q[row + e] * k[keyRow(j) + e];
          max = std::max(max, p[j]);
        }
        for (int j = first; j <= i; ++j)
          sum += p[j] = std::exp(p[j] - max);
        n.logsumexp[(begin + i) * c.heads + h] = max + std::log(sum);
        for (int j = first; j <= i; ++j)
          for (int e = 0; e < d; ++e)
            n.output[row + e] += p[j] / sum * v[keyRow(j) + e];
        for (int e = 0; e < d; ++e)
          delta += dout[row + e] * n.output[row + e];
        n.delta[(begin + i) * c.heads + h] = delta;
        for (int j = first; j <= i; ++j) {
          double slope = -delta;
          for (int e = 0; e < d; ++e)
            slope += dout[row + e] * v[keyRow(j) + e];
          slope *= p[j] / sum;
          for (int e = 0; e < d; ++e) {
            n.dq[row + e] += 0.3 * slope * k[keyRow(j) + e];
            n.dk[keyRow(j) + e] += 0.3 * slope * q[row + e];
            n.dv[keyRow(j) + e] += p[j] / sum * dout[row + e];
          }
        }
      }
    begin += length;
  }
  return n;
}

class Attention : public testing::TestWithParam<Case> {};

TEST_P(Attention, ForwardAndGradients) {
  const Case &c = GetParam();
  if (!runs(c.machine))
    GTEST_SKIP() << "this processor does not run code for " << c.machine;
  Compiled kernels = compile(c);
  std::vector<int> lengths = {1, 70, 5, 64, 131, 290};
  int tokens = 561, width = c.heads * c.columns, keyWidth = c.keyHeads * c.columns;
  Element wide = c.element == Element::F64 ? c.element : Element::F32;
  auto numbers = [&](int columns, int seed, double size) {
    auto values = randomNumbers(size_t(tokens) * columns, seed);
    for (double &value : values)
      value *= size;
    return Buffer(c.element, values);
  };
  Buffer q = numbers(width, 1, 3), k = numbers(keyWidth, 2, 3), v = numbers(keyWidth, 3, 1);
  Buffer dout = numbers(width, 4, 1), output = numbers(width, 5, 0), dq = output;
  Buffer dk = numbers(keyWidth, 5, 0), dv = dk;
  Buffer logsumexp(wide, std::vector<double>(tokens * c.heads));
  Numbers expected = reference(c, lengths, q, k, v, dout);

  auto queries = workList(lengths, c.grouped ? c.keyHeads : c.heads, c.block);
  Buffer queryWork(Element::I32, queries);
  kernels.run("forward", queries.size() / 6, {q, k, v, output, logsumexp, queryWork}, 2);
  Buffer delta(wide, expected.delta);
  Lists lists = gradientLists(lengths, c.keyHeads);
  Buffer gradientWork(Element::I32, lists.work), sums(Element::I32, lists.sums);
  Buffer parts(wide,
               std::vector<double>(lists.rows * width, 1e30)); // nothing is to be there before
  kernels.run("gradient", lists.work.size() / 7,
              {q, k, v, dout, logsumexp, delta, gradientWork, parts, sums,
               int64_t(lists.sums.size() / 11), dq, dk, dv},
              2);
  // A score's rounding becomes a relative error of its weight.
  double score = std::ranges::max(expected.logsumexp, {}, [](double x) { return std::abs(x); });
  double allowed = c.element == Element::F64   ? 1e-13
                   : c.element == Element::F32 ? 3 * 0x1p-24 * std::abs(score)
                                               : 4e-3;
  bool onGPU = isGPU(c.machine) && c.element == Element::BF16;
  if (onGPU || c.machine == std::string("avx512_bf16") || c.machine == std::string("avx512_amx"))
    allowed *= 2; // weights are rounded to bf16 as well as results
  EXPECT_LT(normalizedError(logsumexp.values(), expected.logsumexp),
            wide == Element::F64 ? 1e-13 : 1e-6);
  EXPECT_LT(normalizedError(output.values(), expected.output), allowed);
  EXPECT_LT(normalizedError(dq.values(), expected.dq), allowed);
  EXPECT_LT(normalizedError(dk.values(), expected.dk), allowed);
  EXPECT_LT(normalizedError(dv.values(), expected.dv), allowed);
}

const std::vector<Case> cases = {
    {"avx512", Element::F32, 8, 4, 8, 32, 0}, // stories260K: heads narrower than a vector
    {"avx512", Element::F32, 4, 1, 20, 32, 17},
    {"avx512", Element::F32, 2, 2, 64, 64, 0},
    {"avx512", Element::F32, 2, 2, 64, 64, 100}, // a window that spans blocks
    {"avx512", Element::F64, 4, 2, 20, 32, 17},
    {"avx512", Element::BF16, 4, 2, 16, 32, 0},
    {"avx512_bf16", Element::BF16, 4, 2, 20, 32, 17}, // pairs
    {"avx512_bf16", Element::BF16, 2, 2, 64, 64, 100},
    {"avx512_bf16", Element::BF16, 2, 1, 13, 32, 0}, // odd heads: no pairs
    {"avx512_amx", Element::BF16, 4, 2, 20, 32, 17}, // blocks
    {"avx512_amx", Element::BF16, 2, 2, 64, 64, 100},
    {"avx512_amx", Element::BF16, 4, 2, 64, 64, 0},
    {"avx512_amx", Element::BF16, 4, 2, 20, 1, 17},
    {"avx2", Element::F32, 2, 2, 64, 64, 0},
    {"avx2", Element::F32, 4, 2, 20, 20, 0},
    {"avx2", Element::F32, 4, 2, 16, 256, 0}, // what programs have, of no whole number of tiles
    {"avx512", Element::F32, 4, 2, 16, 256, 0},
    {"avx512_bf16", Element::BF16, 4, 2, 16, 256, 0},
    {"avx512_amx", Element::BF16, 4, 2, 16, 256, 0},
    {"portable", Element::F32, 2, 2, 16, 256, 100},
    {"avx2", Element::F64, 4, 2, 8, 32, 65},
    {"portable", Element::F32, 4, 2, 20, 32, 17},
    // One query an item, as for a sequence's next token.
    {"avx512", Element::F32, 8, 4, 8, 1, 0},
    {"avx512", Element::F32, 4, 2, 64, 1, 0}, // whole vectors: nothing is laid out
    {"avx512", Element::F64, 4, 2, 64, 1, 0},
    {"avx512_bf16", Element::BF16, 4, 2, 64, 1, 100},
    {"avx2", Element::F32, 4, 2, 48, 1, 0},
    {"portable", Element::F32, 4, 2, 16, 1, 17},
    {"avx512_bf16", Element::BF16, 4, 2, 20, 1, 17},
    {"avx2", Element::F32, 4, 2, 20, 1, 100},
    {"portable", Element::F64, 4, 2, 20, 1, 0},
    // All heads of a group: laid out, in place, of odd sizes, more than a tile or a vector has.
    {"avx512", Element::F32, 8, 4, 8, 1, 0, true},
    {"avx512", Element::F32, 6, 2, 64, 1, 0, true},
    {"avx512", Element::F32, 4, 4, 64, 1, 17, true},
    {"avx512", Element::F64, 4, 2, 64, 1, 100, true},
    {"avx512", Element::BF16, 4, 1, 64, 1, 0, true},
    {"avx512_bf16", Element::BF16, 6, 2, 64, 1, 0, true},
    {"avx512_bf16", Element::BF16, 7, 1, 32, 1, 100, true},
    {"avx512_bf16", Element::BF16, 20, 1, 20, 1, 17, true},
    {"avx512_amx", Element::BF16, 6, 2, 64, 1, 0, true},
    {"avx2", Element::F32, 12, 1, 48, 1, 0, true},
    {"avx2", Element::BF16, 4, 2, 64, 1, 0, true},
    {"portable", Element::F32, 4, 2, 16, 1, 17, true},
    {"portable", Element::F64, 9, 3, 20, 1, 0, true},
    {"simt", Element::F32, 8, 4, 8, 64, 0},
    {"simt", Element::F32, 4, 1, 20, 32, 17},
    {"simt", Element::F64, 4, 2, 20, 32, 17},
    {"simt", Element::BF16, 2, 2, 64, 64, 100},
    {"simt", Element::BF16, 4, 2, 16, 64, 0},
    {"simt", Element::BF16, 2, 1, 13, 32, 0},
    {"simt", Element::BF16, 4, 2, 20, 1, 17},
    // By wgmma: one block of 64 columns or two, some of which are not there; more are not for it.
    {"simt_hopper", Element::BF16, 2, 1, 64, 256, 0},
    {"simt_hopper", Element::BF16, 2, 2, 64, 256, 200},
    {"simt_hopper", Element::BF16, 2, 1, 128, 256, 100},
    {"simt_hopper", Element::BF16, 2, 2, 80, 256, 0},
    {"simt_hopper", Element::BF16, 4, 2, 20, 48, 17},
    {"simt_hopper", Element::BF16, 2, 1, 13, 32, 0},
    {"simt_hopper", Element::BF16, 2, 1, 144, 64, 0},
    {"simt_hopper", Element::BF16, 4, 2, 20, 1, 17},
};
INSTANTIATE_TEST_SUITE_P(Every, Attention, testing::ValuesIn(andOnGPU(cases)), MachineAndNumber());

TEST(AttentionSegments, DoNotSeeEachOther) {
  Case c = {"", Element::F32, 4, 2, 16, 32, 0};
  Compiled kernels = compile(c);
  auto q = randomNumbers(100 * 64, 1), k = randomNumbers(100 * 32, 2),
       v = randomNumbers(100 * 32, 3);
  auto outputs = [&](int first, std::vector<int> lengths) {
    int tokens = 0;
    for (int length : lengths)
      tokens += length;
    auto rows = [&](const std::vector<double> &all, int columns) {
      return Buffer(Element::F32,
                    {all.begin() + first * columns, all.begin() + (first + tokens) * columns});
    };
    Buffer qs = rows(q, 64), ks = rows(k, 32), vs = rows(v, 32), out = rows(q, 64);
    Buffer logsumexp(Element::F32, std::vector<double>(tokens * 4));
    auto work = workList(lengths, 4, 32);
    Buffer list(Element::I32, work);
    kernels.run("forward", work.size() / 6, {qs, ks, vs, out, logsumexp, list}, 3);
    return out.values();
  };
  auto packed = outputs(0, {33, 67}), alone = outputs(33, {67});
  for (auto &value : k)
    value = -value;
  for (int i = 33 * 32; i < 100 * 32; ++i)
    k[i] = -k[i]; // only the first segment's keys have changed
  auto changed = outputs(0, {33, 67});
  for (int i = 0; i < 67 * 64; ++i) {
    ASSERT_EQ(packed[33 * 64 + i], alone[i]);
    ASSERT_EQ(packed[33 * 64 + i], changed[33 * 64 + i]);
  }
}

TEST(AttentionDecode, OneQueryOverACache) {
  Case c = {"", Element::F32, 4, 2, 16, 1, 0};
  Compiled kernels = compile(c);
  std::vector<int> lengths = {90};
  Buffer q(Element::F32, randomNumbers(90 * 64, 1)), k(Element::F32, randomNumbers(90 * 32, 2));
  Buffer v(Element::F32, randomNumbers(90 * 32, 3)), out(Element::F32, std::vector<double>(64));
  Numbers all = reference(c, lengths, q, k, v, q);
  std::vector<double> last, work;
  for (int e = 0; e < 64; ++e)
    last.push_back(q[89 * 64 + e]);
  for (int head = 0; head < 4; ++head)
    for (int column : {0, 1, 0, 90, 89, head})
      work.push_back(column);
  Buffer query(Element::F32, last), list(Element::I32, work);
  Buffer logsumexp(Element::F32, std::vector<double>(4));
  kernels.run("forward", 4, {query, k, v, out, logsumexp, list});
  std::vector<double> expected(all.output.end() - 64, all.output.end());
  EXPECT_LT(normalizedError(out.values(), expected), 2e-6);
}

} // namespace
