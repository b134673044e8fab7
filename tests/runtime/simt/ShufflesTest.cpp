//===- ShufflesTest.cpp - shfl.sync as CUDA's functions explain it ---------===//
//
// Every kind at every width of a segment against the words of the CUDA guide: up
// and down stop at the segment's ends, index counts within it, butterfly must not
// leave it upwards. The kernel is C++ that calls the table, as retargeted code does.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Emulator.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace roux;

namespace {

struct Operands {
  uint32_t mask, value, b, c;
};
struct Result {
  uint32_t value;
  bool isValid;
};

/// The entry of the table for `name`.
SimtCall *instruction(std::string_view name) {
  auto place = static_cast<unsigned>(SimtTableEntry::Instructions);
  for (const SimtInstruction &each : simtInstructions()) {
    if (each.name == name)
      return reinterpret_cast<SimtCall *>(const_cast<void *>(simtTable()[place]));
    ++place;
  }
  std::abort();
}

uint32_t lane() {
  using Special = uint32_t(uint32_t);
  void *entry = const_cast<void *>(simtTable()[static_cast<unsigned>(SimtTableEntry::Special)]);
  return reinterpret_cast<Special *>(entry)(static_cast<uint32_t>(SimtRegister::Lane));
}

/// Arguments: the instruction, b, c, and where each lane's result goes.
void shuffle(const uint64_t *arguments) {
  Operands operands{~0u, 100 + lane(), static_cast<uint32_t>(arguments[1]),
                    static_cast<uint32_t>(arguments[2])};
  auto *run = reinterpret_cast<SimtCall *>(arguments[0]);
  run(&operands, reinterpret_cast<Result *>(arguments[3]) + lane(), nullptr);
}

/// The lane that `from` reads of, or none where it keeps its own number.
int sourceOf(const std::string &kind, int from, int b, int width) {
  int begin = from / width * width, end = begin + width;
  int source = kind == "up"     ? from - b
               : kind == "down" ? from + b
               : kind == "idx"  ? begin + b % width
                                : from ^ b;
  bool isThere = kind == "up" ? source >= begin : source < end;
  return isThere ? source : -1;
}

TEST(Shuffles, AsTheGuideSays) {
  Emulator emulator({.checks = false});
  for (std::string kind : {"up", "down", "idx", "bfly"})
    for (int width : {1, 2, 4, 8, 16, 32})
      for (int b : {0, 1, 3, 5, 17, 31}) {
        Result results[32];
        uint32_t c = (32 - width) << 8 | (kind == "up" ? 0 : 31);
        uint64_t arguments[] = {
            reinterpret_cast<uint64_t>(instruction("shfl.sync." + kind + ".i32p")),
            static_cast<uint64_t>(b), c, reinterpret_cast<uint64_t>(results)};
        emulator.run({{shuffle, 0}, 1, 32, 0, arguments, nullptr, "shuffle", "here"});
        for (int from = 0; from < 32; ++from) {
          int source = sourceOf(kind, from, b, width);
          EXPECT_EQ(results[from].isValid, source >= 0) << kind << " " << width << " " << b;
          EXPECT_EQ(results[from].value, 100u + (source >= 0 ? source : from))
              << kind << " of " << b << " in " << width << ", lane " << from;
        }
      }
}

} // namespace
