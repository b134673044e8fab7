//===- ExecutorTest.cpp - entries walked on a device that is elsewhere ----===//
//
// y = 3 * x + constant in two launches over an activation, on a device that sees
// nothing of the host's memory: what is bound as the host's is brought there and back.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/Executor.h"

#include "tests/runtime/device/DistantDevice.h"
#include <gtest/gtest.h>

using namespace roux;
using test::DistantDevice;

namespace {

/// A program as the compiler writes one.
Program program() {
  Program program;
  program.kernels = {"scale", "add"};
  Entry &entry = program.entries.emplace_back();
  entry.name = "nll";
  auto emit = [&](Opcode opcode, std::vector<uint32_t> operands, int64_t immediate,
                  const char *name = "") {
    entry.instructions.push_back(
        {opcode, entry.registers, immediate, std::move(operands), name, ""});
    return entry.registers++;
  };
  auto buffer = [&](BufferRole role, const char *name, std::vector<uint32_t> sizes) {
    entry.buffers.push_back({role, name, "f32", 4, 1, std::move(sizes), "", 0, 7});
    return emit(Opcode::Buffer, {}, int64_t(entry.buffers.size()) - 1);
  };
  uint32_t tokens = emit(Opcode::Extent, {}, 0, "tokens");
  uint32_t factor = emit(Opcode::Scalar, {}, int64_t(ScalarType::F32), "factor");
  uint32_t x = buffer(BufferRole::Input, "x", {tokens});
  uint32_t y = buffer(BufferRole::Output, "y", {tokens});
  uint32_t scaled = buffer(BufferRole::Activation, "scaled", {tokens});
  uint32_t constant = buffer(BufferRole::Constant, "constant", {});
  float half = 0.5;
  entry.buffers.back().value.assign(reinterpret_cast<const char *>(&half), 4);
  emit(Opcode::Launch, {tokens, x, factor, scaled}, 0);
  emit(Opcode::Launch, {tokens, scaled, constant, y}, 1);
  return program;
}

std::shared_ptr<DistantDevice> deviceWithKernels(bool apart) {
  auto device = std::make_shared<DistantDevice>(apart);
  auto at = [](uint64_t address) { return DistantDevice::here<float>(address); };
  device->kernels["scale"] = [=](int64_t extent, std::span<const uint64_t> a) {
    float factor;
    std::memcpy(&factor, &a[1], 4);
    for (int64_t i = 0; i < extent; ++i)
      at(a[2])[i] = factor * at(a[0])[i];
  };
  device->kernels["add"] = [=](int64_t extent, std::span<const uint64_t> a) {
    for (int64_t i = 0; i < extent; ++i)
      at(a[2])[i] = at(a[0])[i] + *at(a[1]);
  };
  return device;
}

std::vector<float> run(Executor &executor, std::vector<float> x) {
  std::vector<float> y(x.size());
  Bindings bindings;
  bindings.extents["tokens"] = static_cast<int64_t>(x.size());
  bindings.scalars["factor"] = 3;
  bindings.host["x"] = std::as_writable_bytes(std::span(x));
  bindings.host["y"] = std::as_writable_bytes(std::span(y));
  executor.run("nll", bindings);
  return y;
}

class ExecutorTest : public testing::TestWithParam<bool> {};

TEST_P(ExecutorTest, BringsTheHostsBuffersThereAndBack) {
  auto device = deviceWithKernels(GetParam());
  Executor executor(program(), device);
  EXPECT_EQ(run(executor, {1, 2, 3}), (std::vector<float>{3.5, 6.5, 9.5}));
  EXPECT_EQ(run(executor, {4}), (std::vector<float>{12.5}));
  EXPECT_EQ(run(executor, {1, 2, 3, 4}), (std::vector<float>{3.5, 6.5, 9.5, 12.5}));
  EXPECT_EQ(executor.times()[0].launches, 3);
  EXPECT_EQ(executor.times()[0].rows, 8);
}

INSTANTIATE_TEST_SUITE_P(ActivationsInAnArenaAndApart, ExecutorTest, testing::Bool());

TEST(Executor, GivesActivationsAnArenaThatStays) {
  auto device = deviceWithKernels(false);
  Executor executor(program(), device);
  run(executor, {1, 2, 3});
  run(executor, {1});
  std::vector<std::pair<std::string, size_t>> expected = {
      {"constant", 4}, {"activations", 64}, {"x", 12}, {"y", 12}};
  EXPECT_EQ(device->allocated, expected);
}

TEST(Executor, KeepsActivationsApartWhereTheDeviceLooks) {
  auto device = deviceWithKernels(true);
  Executor executor(program(), device);
  run(executor, {1, 2, 3});
  run(executor, {1});
  std::vector<std::pair<std::string, size_t>> expected = {
      {"constant", 4}, {"x", 12}, {"y", 12}, {"scaled", 12}, {"x", 4}, {"y", 4}, {"scaled", 4}};
  EXPECT_EQ(device->allocated, expected);
}

/// Buffers that are the device's are used where they are.
TEST(Executor, CopiesNothingThatIsThere) {
  auto device = deviceWithKernels(false);
  Executor executor(program(), device);
  DeviceMemory x(device, 8, "x"), y(device, 8, "y");
  DistantDevice::here<float>(reinterpret_cast<uint64_t>(x.data()))[1] = 2;
  Bindings bindings;
  bindings.extents["tokens"] = 2;
  bindings.scalars["factor"] = 3;
  bindings.buffers["x"] = x.span();
  bindings.buffers["y"] = y.span();
  int64_t before = device->uploads;
  executor.run("nll", bindings);
  EXPECT_EQ(DistantDevice::here<float>(reinterpret_cast<uint64_t>(y.data()))[1], 6.5);
  EXPECT_EQ(device->uploads, before);
  EXPECT_EQ(device->downloads, 0);
}

TEST(Executor, RefusesABufferOfTheHostThatIsTooSmall) {
  Executor executor(program(), deviceWithKernels(false));
  std::vector<std::byte> bytes(4);
  Bindings bindings;
  bindings.extents["tokens"] = 2;
  bindings.scalars["factor"] = 3;
  bindings.host["x"] = bindings.host["y"] = bytes;
  try {
    executor.run("nll", bindings);
    FAIL() << "it ran";
  } catch (const std::runtime_error &error) {
    EXPECT_STREQ(error.what(), "buffer 'x' has 4 bytes but entry 'nll' needs 8");
  }
}

} // namespace
