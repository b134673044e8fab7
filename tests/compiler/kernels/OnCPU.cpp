//===- OnCPU.cpp - kernels that run on this machine's processor -----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/OnCPU.h"

#include "runtime/cpu/CPUDevice.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/mman.h>

using namespace roux;
using namespace roux::test;

static constexpr size_t page = roomToForbid / 2;

size_t test::forbidBehind(ZeroedMemory &memory, size_t bytes) {
  size_t end = (bytes + page - 1) / page * page;
  if (mprotect(memory.data() + end, page, PROT_NONE) != 0)
    throw std::runtime_error("cannot protect a page");
  return end;
}

void OnCPU::run(const std::string &kernel, int64_t extent, const std::vector<Argument> &arguments,
                unsigned threads) {
  std::vector<void *> slots;
  for (const Argument &argument : arguments)
    slots.push_back(argument.bits);
  std::vector<KernelPhase> phases = code.kernel(kernel);
  size_t most = scratchMarkBytes;
  for (const KernelPhase &phase : phases)
    most = std::max<size_t>(most, phase.shape.scratchBytes);
  std::vector<ZeroedMemory> scratch;
  for (unsigned i = 0; i < threads; ++i) {
    ZeroedMemory &own = scratch.emplace_back(most + roomToForbid, "scratch");
    std::memset(own.data(), 0xff, forbidBehind(own, most));
  }
  ThreadPool pool(threads);
  runKernel(phases, slots.data(), extent, pool, scratch);
  for (const ZeroedMemory &own : scratch)
    EXPECT_TRUE(std::all_of(own.begin() + most, own.begin() + (most + page - 1) / page * page,
                            [](std::byte each) { return each == std::byte(0xff); }))
        << kernel << " writes behind its scratch of " << most << " bytes";
}
