//===- StepOutputsTest.cpp - numbers that stay on a device for a while ----===//
//
// Many small ones come back in one copy, as they were put there; a device that looks
// after its buffers has each in one of its own.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/StepOutputs.h"

#include "tests/runtime/device/DistantDevice.h"
#include <gtest/gtest.h>

using namespace roux;
using train::StepOutputs;

namespace {

using Bytes = std::vector<std::byte>;

/// Puts `value` into all of a place.
void fill(std::span<std::byte> place, int value) {
  std::memset(test::DistantDevice::here<std::byte>(reinterpret_cast<uint64_t>(place.data())), value,
              place.size());
}

TEST(StepOutputs, ComeTogether) {
  auto device = std::make_shared<test::DistantDevice>();
  StepOutputs outputs(device);
  for (int step = 0; step < 3; ++step) {
    for (int i = 0; i < 100; ++i)
      fill(outputs.place(i % 2 ? 4 : 72), i);
    std::vector<Bytes> found = outputs.take();
    ASSERT_EQ(found.size(), 100u);
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(found[i], Bytes(i % 2 ? 4 : 72, std::byte(i)));
    EXPECT_EQ(device->downloads, step + 1);
  }
  EXPECT_EQ(device->allocated.size(), 1u);
  EXPECT_TRUE(outputs.take().empty());
}

TEST(StepOutputs, HaveRoomForMany) {
  auto device = std::make_shared<test::DistantDevice>();
  StepOutputs outputs(device);
  for (int step = 0; step < 2; ++step) {
    fill(outputs.place(8), 1);
    fill(outputs.place(100000), 2);
    fill(outputs.place(20), 3);
    EXPECT_EQ(outputs.take(),
              (std::vector<Bytes>{Bytes(8, std::byte(1)), Bytes(100000, std::byte(2)),
                                  Bytes(20, std::byte(3))}));
  }
}

TEST(StepOutputs, LieApartWhereTheyAreLookedAfter) {
  auto device = std::make_shared<test::DistantDevice>(/*apart=*/true);
  StepOutputs outputs(device);
  for (int step = 0; step < 2; ++step) {
    fill(outputs.place(4), 1);
    fill(outputs.place(24), 2);
    EXPECT_EQ(outputs.take(),
              (std::vector<Bytes>{Bytes(4, std::byte(1)), Bytes(24, std::byte(2))}));
  }
  std::vector<std::pair<std::string, size_t>> once = {{"a step's numbers", 4},
                                                      {"a step's numbers", 24}};
  EXPECT_EQ((std::vector(device->allocated.begin(), device->allocated.begin() + 2)), once);
}

TEST(StepOutputs, OfAStepThatIsGivenUpAreGone) {
  StepOutputs outputs(std::make_shared<test::DistantDevice>());
  outputs.place(8);
  outputs.clear();
  fill(outputs.place(4), 5);
  EXPECT_EQ(outputs.take(), std::vector<Bytes>{Bytes(4, std::byte(5))});
}

} // namespace
