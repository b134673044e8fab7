//===- DeviceMemoryTest.cpp - what the host sees of a device's memory -----===//
//
// On a device with memory of its own, whose bytes are copied exactly when one side
// has changed them.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/DeviceMemory.h"

#include "tests/runtime/device/DistantDevice.h"
#include <gtest/gtest.h>

using namespace roux;
using test::DistantDevice;

namespace {

TEST(MirroredMemory, IsCopiedWhenTheOtherSideChangedIt) {
  auto device = std::make_shared<DistantDevice>();
  MirroredMemory memory(device, 4, "weights");
  auto *there = DistantDevice::here<uint8_t>(reinterpret_cast<uint64_t>(memory.onDevice().data()));
  EXPECT_EQ(memory.onHost()[2], std::byte(0));
  memory.onHost()[2] = std::byte(7);
  EXPECT_EQ(device->downloads, 1); // of the first look
  memory.changedOnHost();
  EXPECT_EQ(there[2], 7);
  there[2] = 9;
  EXPECT_EQ(memory.onHost()[2], std::byte(7)); // nobody said so
  memory.changedOnDevice();
  EXPECT_EQ(memory.onHost()[2], std::byte(9));
  EXPECT_EQ(device->downloads, 2);
  memory.zero();
  EXPECT_EQ(memory.onHost()[2], std::byte(0));
}

TEST(MirroredMemory, ThatNobodyLookedAtIsNotOverwritten) {
  auto device = std::make_shared<DistantDevice>();
  MirroredMemory memory(device, 4, "weights");
  auto *there = DistantDevice::here<uint8_t>(reinterpret_cast<uint64_t>(memory.onDevice().data()));
  there[0] = 5;
  memory.changedOnHost();
  EXPECT_EQ(there[0], 5);
  EXPECT_EQ(device->uploads, 0);
}

TEST(DeviceMemory, OfNoBytesIsAskedForAndMoved) {
  auto device = std::make_shared<DistantDevice>();
  DeviceMemory none(device, 0, "nothing"), some(device, 8, "something", Fill::Nothing);
  DeviceMemory moved = std::move(some);
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(moved.span().size(), 8u);
  MirroredMemory empty(device, 0, "nothing");
  EXPECT_TRUE(empty.onHost().empty());
  empty.changedOnHost();
  EXPECT_EQ(device->uploads + device->downloads, 0);
}

} // namespace
