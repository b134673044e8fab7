//===- Emulator.cpp - launches of GPU kernels on the CPU -------------------===//
//
// Blocks share nothing but memory, so they run on all threads of the host.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Emulator.h"

#include "runtime/cpu/ThreadPool.h"
#include "runtime/simt/Block.h"

#include <limits>

namespace roux {

Emulator::Emulator(const EmulatorOptions &given)
    : options(given), pool(std::make_unique<ThreadPool>(options.threads)),
      shadow(std::make_unique<simt::Shadow>()) {
  for (unsigned i = 0; i < options.threads; ++i)
    blocks.push_back(std::make_unique<simt::Block>(options, *shadow, i));
}

Emulator::~Emulator() = default;

void Emulator::run(const SimtLaunch &launch) {
  if (launch.blocks <= 0)
    return;
  if (launch.blocks > std::numeric_limits<uint32_t>::max() - runs) {
    shadow->clear(); // what it knows is told by numbers that begin again
    runs = 0;
  }
  shadow->trim();
  simt::Grid grid{launch, runs + 1};
  runs += static_cast<uint32_t>(launch.blocks);

  std::mutex mutex;
  int64_t failed = launch.blocks; // the first block that has an error
  std::string error;
  auto run = [&](int64_t begin, int64_t end, unsigned thread) {
    for (int64_t block = begin; block < end; ++block) {
      {
        std::lock_guard lock(mutex);
        if (block > failed)
          return;
      }
      std::string said = blocks[thread]->run(grid, static_cast<uint32_t>(block));
      std::lock_guard lock(mutex);
      if (!said.empty() && block < failed) {
        failed = block;
        error = std::move(said);
      }
    }
  };
  pool->run(launch.blocks, Sharing::Chunks, run);
  if (!error.empty())
    throw SimtError(error);
}

} // namespace roux
