//===- SimtDevice.cpp - the emulated GPU as a device ----------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/SimtDevice.h"

#include "runtime/simt/SimtTensorMap.h"

#include <cstring>
#include <fmt/format.h>

namespace roux {

/// What memory and loaded kernels of the device share, and outlives them.
struct SimtDevice::Machine {
  explicit Machine(const EmulatorOptions &options) : emulator(options) {}
  Emulator emulator;
  SimtMemory memory;
};

namespace {

/// On both sides of a buffer, so that who goes too far meets none of the others.
constexpr size_t redZone = 256;
/// In every type of a kernel's numbers no number; an index of no row.
constexpr int poison = 0xff;

class SimtKernels : public LoadedKernels {
public:
  SimtKernels(const Program &program, Emulator &emulator, SimtMemory &memory,
              std::shared_ptr<std::byte> extent)
      : program(program), emulator(emulator), memory(memory), extent(std::move(extent)) {
    if (program.kernels.empty())
      return;
    code = std::make_unique<SimtCode>(program.code, program.codeFile);
    for (const std::vector<GridPhase> &phases : program.phases) {
      functions.emplace_back();
      for (const GridPhase &phase : phases)
        functions.back().push_back(code->function(phase.function));
    }
  }

  void launch(const KernelLaunch &launch) override {
    const std::vector<GridPhase> &phases = program.phases[launch.kernel];
    for (size_t i = 0; i < phases.size(); ++i) {
      const GridPhase &phase = phases[i];
      int64_t count = phase.extentArgument < 0
                          ? launch.extent
                          : static_cast<int64_t>(launch.arguments[phase.extentArgument]);
      std::memcpy(extent.get(), &count, sizeof count);
      std::vector<uint64_t> bits(launch.arguments.begin(), launch.arguments.end());
      std::vector<SimtTensorMap> maps;
      for (const TensorMap &map : phase.maps)
        maps.push_back(simtTensorMap(map, launch.arguments[map.argument], count));
      for (const SimtTensorMap &map : maps)
        bits.push_back(reinterpret_cast<uint64_t>(&map));
      bits.push_back(reinterpret_cast<uint64_t>(extent.get()));
      if (int64_t blocks = phase.blocks(count); blocks > 0)
        emulator.run({functions[launch.kernel][i], blocks, phase.threads, phase.sharedBytes, bits,
                      &memory, phase.function, launch.location});
    }
  }

private:
  const Program &program;
  Emulator &emulator;
  SimtMemory &memory;
  std::shared_ptr<std::byte> extent;                ///< an int64_t that kernels read
  std::unique_ptr<SimtCode> code;                   ///< none of a program without kernels
  std::vector<std::vector<SimtFunction>> functions; ///< of each kernel's phases
};

} // namespace

SimtDevice::SimtDevice(const EmulatorOptions &options)
    : machine(std::make_shared<Machine>(options)) {}

std::shared_ptr<std::byte> SimtDevice::allocate(size_t bytes, const std::string &what, Fill fill) {
  constexpr size_t alignment = 256; // a GPU's own allocations have it
  size_t all = (bytes + 2 * redZone + alignment - 1) / alignment * alignment;
  void *memory = bytes <= SIZE_MAX / 2 ? std::aligned_alloc(alignment, all) : nullptr;
  if (!memory)
    throw NoDeviceMemory(fmt::format("no memory for {} bytes of {}", bytes, what));
  std::memset(memory, poison, all);
  std::byte *begin = static_cast<std::byte *>(memory) + redZone;
  if (fill == Fill::Zeros)
    std::memset(begin, 0, bytes);
  machine->memory.add(begin, static_cast<int64_t>(bytes), what);
  return {begin, [machine = machine, memory](std::byte *begin) {
            machine->memory.remove(begin);
            std::free(memory);
          }};
}

void SimtDevice::upload(std::byte *to, std::span<const std::byte> from) {
  copy(to, from.data(), from.size());
}

void SimtDevice::download(std::span<std::byte> to, const std::byte *from) {
  copy(to.data(), from, to.size());
}

void SimtDevice::copy(std::byte *to, const std::byte *from, size_t bytes) {
  if (bytes)
    std::memcpy(to, from, bytes);
}

void SimtDevice::zero(std::byte *memory, size_t bytes) {
  if (bytes)
    std::memset(memory, 0, bytes);
}

std::unique_ptr<LoadedKernels> SimtDevice::load(const Program &program) {
  if (program.kind != CodeKind::Emulated)
    throw std::runtime_error("the program is not for the emulated GPU; compile it with --device "
                             "simt");
  return std::make_unique<SimtKernels>(program, machine->emulator, machine->memory,
                                       allocate(sizeof(int64_t), "the extent", Fill::Zeros));
}

} // namespace roux
