//===- Ceilings.cpp - what this machine can do at best --------------------===//
//
// Loops of nothing but the instruction, on enough registers to hide its latency;
// the best of a few runs.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/Ceilings.h"

#include "runtime/Processor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <immintrin.h>
#include <sys/mman.h>

namespace roux {

static double threadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// `work` of one call in a second, of the best of `times` calls.
static double rate(double work, int times, const std::function<void()> &call) {
  double least = 1e300;
  for (int i = 0; i < times; ++i) {
    double begin = threadSeconds();
    call();
    least = std::min(least, threadSeconds() - begin);
  }
  return work / least;
}

// Sixteen sums; a statement that the compiler neither merges nor drops for each.
#define ROUX_SIXTEEN(X)                                                                            \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

__attribute__((target("avx512f"))) static void addWide(long turns) {
  __m512 sums[16], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  for (long i = 0; i < turns; ++i) {
#define ROUX_ADD(k) asm volatile("vfmadd231ps %1,%2,%0" : "+v"(sums[k]) : "v"(a), "v"(b));
    ROUX_SIXTEEN(ROUX_ADD)
#undef ROUX_ADD
  }
}

__attribute__((target("avx2,fma"))) static void addNarrow(long turns) {
  __m256 sums[12], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (__m256 &sum : sums)
    sum = _mm256_setzero_ps();
  for (long i = 0; i < turns; ++i) {
#pragma clang loop unroll(full)
    for (__m256 &sum : sums)
      asm volatile("vfmadd231ps %1,%2,%0" : "+x"(sum) : "x"(a), "x"(b));
  }
}

__attribute__((target("avx512f,avx512bf16"))) static void addPairs(long turns) {
  __m512 sums[16], pairs = _mm512_castsi512_ps(_mm512_set1_epi32(0x3f003f00)); // a half, twice
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  for (long i = 0; i < turns; ++i) {
#define ROUX_ADD(k) asm volatile("vdpbf16ps %1,%1,%0" : "+v"(sums[k]) : "v"(pairs));
    ROUX_SIXTEEN(ROUX_ADD)
#undef ROUX_ADD
  }
}

__attribute__((target("amx-tile,amx-bf16"))) static void addBlocks(long turns) {
  alignas(64) unsigned char layout[64] = {1};
  for (int block = 0; block < 8; ++block)
    layout[16 + 2 * block] = 64, layout[48 + block] = 16;
  _tile_loadconfig(layout);
  asm volatile("tilezero %tmm4\ntilezero %tmm5\ntilezero %tmm6\ntilezero %tmm7\n"
               "tilezero %tmm0\ntilezero %tmm1\ntilezero %tmm2\ntilezero %tmm3");
  for (long i = 0; i < turns; ++i)
    asm volatile("tdpbf16ps %tmm6,%tmm4,%tmm0\ntdpbf16ps %tmm7,%tmm4,%tmm1\n"
                 "tdpbf16ps %tmm6,%tmm5,%tmm2\ntdpbf16ps %tmm7,%tmm5,%tmm3");
  _tile_release();
}

/// Far larger than the caches that a core has of its own.
static constexpr size_t streamBytes = size_t(192) << 20;

__attribute__((target("avx2"))) static void readAll(const char *from) {
  __m256i sums[4] = {};
  for (size_t at = 0; at < streamBytes; at += 128)
    for (size_t i = 0; i < 4; ++i)
      sums[i] = _mm256_xor_si256(
          sums[i], _mm256_load_si256(reinterpret_cast<const __m256i *>(from + at + 32 * i)));
  asm volatile("" ::"x"(sums[0]), "x"(sums[1]), "x"(sums[2]), "x"(sums[3]));
}

__attribute__((target("avx2"))) static void copyAll(const char *from, char *to) {
  for (size_t at = 0; at < streamBytes; at += 32)
    _mm256_stream_si256(reinterpret_cast<__m256i *>(to + at),
                        _mm256_load_si256(reinterpret_cast<const __m256i *>(from + at)));
  _mm_sfence();
}

Ceilings measureCeilings() {
  Ceilings best;
  constexpr long turns = 1000000;
  if (runsHere("avx512"))
    best.f32 = rate(turns * 16 * 32.0, 9, [] { addWide(turns); }) / 1e9;
  else if (runsHere("avx2"))
    best.f32 = rate(turns * 12 * 16.0, 9, [] { addNarrow(turns); }) / 1e9;
  if (runsHere("avx512_bf16"))
    best.pairs = rate(turns * 16 * 64.0, 9, [] { addPairs(turns); }) / 1e9;
  if (runsHere("avx512_amx"))
    best.blocks = rate(turns / 10 * 4 * 16384.0, 9, [] { addBlocks(turns / 10); }) / 1e9;
  if (!runsHere("avx2"))
    return best;
  // In pages as large as programs have theirs in.
  char *memory = static_cast<char *>(std::aligned_alloc(size_t(2) << 20, 2 * streamBytes));
  madvise(memory, 2 * streamBytes, MADV_HUGEPAGE);
  std::memset(memory, 1, 2 * streamBytes);
  best.read = rate(streamBytes, 12, [&] { readAll(memory); }) / 1e9;
  best.copy = rate(2.0 * streamBytes, 12, [&] { copyAll(memory, memory + streamBytes); }) / 1e9;
  std::free(memory);
  return best;
}

} // namespace roux
