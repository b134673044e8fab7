//===- OnGPU.cpp - kernels of a test on an NVIDIA GPU ----------------------===//
//
// What runs, apart from what compiles: that is built without exceptions.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/OnGPU.h"

#include "runtime/device/DeviceMemory.h"

#include <algorithm>
#include <stdexcept>

using namespace roux;
using namespace roux::test;

static constexpr size_t guardBytes = 256;
static constexpr std::byte guard{0xA5};

std::shared_ptr<cuda::CudaDevice> test::gpuHere() {
  static const std::shared_ptr<cuda::CudaDevice> opened = [] {
    try {
      return std::make_shared<cuda::CudaDevice>();
    } catch (const cuda::CudaError &) {
      return std::shared_ptr<cuda::CudaDevice>();
    }
  }();
  return opened;
}

OnGPU::OnGPU(Program given, bool byLibrary) : program(std::move(given)) {
  if (!byLibrary)
    program.products.clear();
  kernels = gpuHere()->load(program);
}

/// A test's buffer on the GPU, with what lies behind it.
static DeviceMemory uploaded(const Argument &argument) {
  DeviceMemory memory(gpuHere(), argument.bytes + guardBytes, "an argument", Fill::Nothing);
  std::vector<std::byte> all(argument.bytes + guardBytes, guard);
  std::copy_n(static_cast<const std::byte *>(argument.bits), argument.bytes, all.begin());
  gpuHere()->upload(memory.data(), all);
  return memory;
}

static void download(const Argument &argument, const DeviceMemory &memory, size_t place) {
  std::vector<std::byte> all(argument.bytes + guardBytes);
  gpuHere()->download(all, memory.data());
  std::copy_n(all.begin(), argument.bytes, static_cast<std::byte *>(argument.bits));
  if (!std::all_of(all.begin() + argument.bytes, all.end(), [](auto b) { return b == guard; }))
    throw std::runtime_error("bytes behind argument " + std::to_string(place) + " were written");
}

void OnGPU::run(const std::string &kernel, int64_t extent, const std::vector<Argument> &arguments) {
  std::vector<DeviceMemory> memory(arguments.size());
  std::vector<uint64_t> bits;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].bytes > 0)
      memory[i] = uploaded(arguments[i]);
    bits.push_back(
        reinterpret_cast<uint64_t>(arguments[i].bytes > 0 ? memory[i].data() : arguments[i].bits));
  }
  size_t index = std::ranges::find(program.kernels, kernel) - program.kernels.begin();
  kernels->launch({index, extent, bits, "kernel:1"});
  gpuHere()->synchronise();
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].bytes > 0)
      download(arguments[i], memory[i], i);
}
