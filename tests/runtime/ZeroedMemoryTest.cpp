//===- ZeroedMemoryTest.cpp - zeros that are there when they are read -----===//
//
// Also what an untouched run costs: address space, not memory.
//
//===----------------------------------------------------------------------===//
#include "runtime/ZeroedMemory.h"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/resource.h>

using namespace roux;

TEST(ZeroedMemory, HoldsZerosAtMultiplesOf64) {
  for (size_t bytes : {size_t(1), size_t(64), size_t(4097), size_t(5) << 20}) {
    ZeroedMemory memory(bytes, "a test");
    EXPECT_EQ(memory.size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % 64, 0u);
    EXPECT_TRUE(std::ranges::all_of(memory, [](std::byte b) { return b == std::byte(0); }));
    memory[bytes - 1] = std::byte(7);
    ZeroedMemory moved = std::move(memory);
    EXPECT_EQ(moved[bytes - 1], std::byte(7));
    EXPECT_EQ(memory.size(), 0u);
  }
  EXPECT_EQ(ZeroedMemory(0, "nothing").size(), 0u);
}

TEST(ZeroedMemory, CostsNothingUntilItIsTouched) {
  auto peak = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return used.ru_maxrss; // KiB
  };
  long before = peak();
  ZeroedMemory memory(size_t(1) << 30, "a test");
  EXPECT_LT(peak() - before, 64 << 10);
}

TEST(ZeroedMemory, NamesWhatThereIsNoMemoryFor) {
  for (size_t bytes : {SIZE_MAX / 4, SIZE_MAX})
    try {
      ZeroedMemory memory(bytes, "activations");
      FAIL();
    } catch (const std::runtime_error &error) {
      EXPECT_NE(std::string(error.what()).find("bytes of activations"), std::string::npos);
    }
}
