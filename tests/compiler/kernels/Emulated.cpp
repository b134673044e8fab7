//===- Emulated.cpp - kernels of a test on the emulator of GPUs ------------===//
//
// What runs, apart from what compiles: that is built without exceptions.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Emulated.h"

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
  bits.push_back(0);
  Emulator emulator(options);
  for (const EmulatedPhase &phase : phases.at(kernel)) {
    int64_t own = extent;
    if (phase.extentArgument >= 0)
      own = static_cast<int64_t>(bits[phase.extentArgument]);
    bits.back() = reinterpret_cast<uint64_t>(&own);
    int64_t groups =
        phase.extentPerBlock ? (own + phase.extentPerBlock - 1) / phase.extentPerBlock : 1;
    emulator.run({code.function(phase.name), groups * phase.blocksPerGroup, phase.threads,
                  phase.sharedBytes, bits, &memory, phase.name, "kernel:1"});
  }
}
