//===- Emulated.cpp - kernels of a test on the emulator of GPUs ------------===//
//
// What runs, apart from what compiles: that is built without exceptions.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Emulated.h"

#include "runtime/simt/SimtTensorMap.h"

using namespace roux;
using namespace roux::test;

Emulated::Emulated(EmulatedCode compiled)
    : code(compiled.sealed, ""), phases(std::move(compiled.phases)) {}

void Emulated::run(const std::string &kernel, int64_t extent,
                   const std::vector<Argument> &arguments, const EmulatorOptions &options) {
  SimtMemory memory;
  std::vector<uint64_t> bits;
  for (const Argument &argument : arguments) {
    bits.push_back(reinterpret_cast<uint64_t>(argument.bits));
    if (argument.bytes > 0)
      memory.add(argument.bits, argument.bytes, "argument " + std::to_string(bits.size() - 1));
  }
  Emulator emulator(options);
  for (const GridPhase &phase : phases.at(kernel)) {
    int64_t own =
        phase.extentArgument < 0 ? extent : static_cast<int64_t>(bits[phase.extentArgument]);
    std::vector<uint64_t> given = bits;
    std::vector<SimtTensorMap> maps;
    for (const TensorMap &map : phase.maps)
      maps.push_back(simtTensorMap(map, bits[map.argument], own));
    for (const SimtTensorMap &map : maps)
      given.push_back(reinterpret_cast<uint64_t>(&map));
    given.push_back(reinterpret_cast<uint64_t>(&own));
    emulator.run({code.function(phase.function), phase.blocks(own), phase.threads,
                  phase.sharedBytes, given, &memory, phase.function, "kernel:1"});
  }
}
