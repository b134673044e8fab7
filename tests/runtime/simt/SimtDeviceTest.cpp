//===- SimtDeviceTest.cpp - the emulated GPU's memory shows mistakes ------===//
//
// What kernels do there is tested with the kernels; this is what they meet.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/SimtDevice.h"

#include "runtime/device/DeviceMemory.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace roux;

namespace {

float floatAt(const std::byte *memory, int64_t index) {
  float value;
  std::memcpy(&value, memory + index * 4, 4);
  return value;
}

TEST(SimtDevice, HasNoNumbersWhereNobodyWroteAny) {
  auto device = std::make_shared<SimtDevice>(EmulatorOptions{});
  DeviceMemory fresh(device, 40, "fresh", Fill::Nothing), zeros(device, 40, "zeros");
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(std::isnan(floatAt(fresh.data(), i)));
    EXPECT_EQ(floatAt(zeros.data(), i), 0);
  }
  // Beside a buffer there is none, on both sides.
  for (int64_t beside : {-1, -40, 10, 40})
    EXPECT_TRUE(std::isnan(floatAt(zeros.data(), beside))) << beside;
  DeviceMemory none(device, 0, "none");
  EXPECT_EQ(none.size(), 0u);
}

TEST(SimtDevice, IsCopiedToAndFrom) {
  auto device = std::make_shared<SimtDevice>(EmulatorOptions{});
  MirroredMemory memory(device, 8, "weights");
  memory.onHost()[5] = std::byte(7);
  memory.changedOnHost();
  EXPECT_EQ(memory.onDevice()[5], std::byte(7));
  EXPECT_NE(memory.onHost().data(), memory.onDevice().data());
  memory.zero();
  EXPECT_EQ(memory.onHost()[5], std::byte(0));
}

TEST(SimtDevice, RefusesCodeOfOthers) {
  SimtDevice device{EmulatorOptions{}};
  for (CodeKind kind : {CodeKind::Processor, CodeKind::PTX}) {
    Program program;
    program.kind = kind;
    try {
      device.load(program);
      FAIL() << "code that is not for it was taken";
    } catch (const std::runtime_error &error) {
      EXPECT_STREQ(error.what(), "the program is not for the emulated GPU; compile it with "
                                 "--device simt");
    }
  }
}

} // namespace
