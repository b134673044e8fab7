//===- CPUDevice.cpp - this machine's processor ---------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/cpu/CPUDevice.h"

#include "runtime/Processor.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>

namespace roux {

void runKernel(const std::vector<KernelPhase> &phases, void *const *arguments, int64_t extent,
               ThreadPool &pool, std::span<ZeroedMemory> scratch) {
  for (const auto &[code, shape] : phases) {
    int64_t count = extent;
    if (shape.extentArgument) // its bits lie in the pointer's place
      count = static_cast<int64_t>(reinterpret_cast<uint64_t>(arguments[*shape.extentArgument]));
    for (ZeroedMemory &own : scratch)
      std::memset(own.data(), 0, scratchMarkBytes);
    pool.run(shape.items(count), shape.itemsShare() ? Sharing::Runs : Sharing::Chunks,
             [&, code = code](int64_t first, int64_t end, unsigned thread) {
               code(arguments, count, first, end, scratch[thread].data());
             });
  }
}

namespace {

class CPUKernels : public LoadedKernels {
public:
  CPUKernels(const Program &program, ThreadPool &pool) : pool(pool) {
    int64_t most = scratchMarkBytes;
    if (!program.kernels.empty())
      code = std::make_unique<SharedCode>(program.code, program.codeFile);
    for (const std::string &name : program.kernels) {
      kernels.push_back(code->kernel(name));
      for (const KernelPhase &phase : kernels.back())
        most = std::max(most, phase.shape.scratchBytes);
    }
    // Tiles run over the padding of their operands: what stands there must not be slow to add, as
    // zeros are not.
    for (unsigned i = 0; i < pool.threads(); ++i)
      scratch.emplace_back(most, "scratch");
  }

  void launch(const KernelLaunch &launch) override {
    std::vector<void *> arguments;
    for (uint64_t bits : launch.arguments)
      arguments.push_back(reinterpret_cast<void *>(bits));
    runKernel(kernels[launch.kernel], arguments.data(), launch.extent, pool, scratch);
  }

private:
  ThreadPool &pool;
  std::unique_ptr<SharedCode> code; ///< none of a program without kernels
  std::vector<std::vector<KernelPhase>> kernels;
  std::vector<ZeroedMemory> scratch; ///< one a thread
};

} // namespace

std::shared_ptr<std::byte> CPUDevice::allocate(size_t bytes, const std::string &what, Fill) {
  auto memory = std::make_shared<ZeroedMemory>(bytes, what.c_str());
  return {memory, memory->data()};
}

void CPUDevice::upload(std::byte *to, std::span<const std::byte> from) {
  copy(to, from.data(), from.size());
}

void CPUDevice::download(std::span<std::byte> to, const std::byte *from) {
  copy(to.data(), from, to.size());
}

void CPUDevice::copy(std::byte *to, const std::byte *from, size_t bytes) {
  if (bytes)
    std::memcpy(to, from, bytes);
}

void CPUDevice::zero(std::byte *memory, size_t bytes) {
  std::fill_n(memory, bytes, std::byte(0));
}

std::unique_ptr<LoadedKernels> CPUDevice::load(const Program &program) {
  if (program.target.isGPU())
    throw std::runtime_error(
        fmt::format("the program is for a GPU, {}, and this is a processor; compile it for one",
                    program.target.name));
  if (!runsHere(program.target.name))
    throw std::runtime_error(fmt::format(
        "the program is for a processor with '{}', which this one has not; compile it here",
        program.target.name));
  return std::make_unique<CPUKernels>(program, pool);
}

} // namespace roux
