//===- Emulated.h - kernels of a test on the emulator of GPUs --------------===//
//
// From text of the stages `kernel` or `gpu` to runs with all checks on.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Program.h"
#include "runtime/simt/Emulator.h"
#include "tests/compiler/kernels/Compiled.h"

#include <map>

namespace roux::test {

/// Kernels as code for the emulator.
struct EmulatedCode {
  std::string sealed;
  std::map<std::string, std::vector<GridPhase>> phases;
};

/// `text` is of the stage `from`; errors of its kernels name its lines as those of `file`.
EmulatedCode compileForEmulator(const std::string &text, const std::string &from,
                                const std::string &file = "kernel",
                                const std::string &architecture = "sm_80");

/// Kernels of stage `kernel` as text of stage `gpu`.
std::string lowerForGPU(const std::string &text, const std::string &architecture);

class Emulated {
public:
  explicit Emulated(EmulatedCode code);

  /// Throws SimtError.
  void run(const std::string &kernel, int64_t extent, const std::vector<Argument> &arguments,
           const EmulatorOptions &options = {});

private:
  SimtCode code;
  std::map<std::string, std::vector<GridPhase>> phases;
};

} // namespace roux::test
