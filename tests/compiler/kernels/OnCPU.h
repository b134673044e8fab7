//===- OnCPU.h - kernels that run on this machine's processor -------------===//
//
// What is undefined by contract is made to show: scratch is full of NaN, and what
// lies behind it, or behind a buffer, is neither read nor written.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Program.h"
#include "runtime/ZeroedMemory.h"
#include "runtime/cpu/SharedCode.h"
#include "tests/compiler/kernels/Compiled.h"

namespace roux::test {

/// What memory needs beside its bytes for forbidBehind.
inline constexpr size_t roomToForbid = 2 * 4096;
/// Nobody may touch what follows `bytes` of `memory` from some page on: where it begins.
size_t forbidBehind(ZeroedMemory &memory, size_t bytes);

class OnCPU {
public:
  explicit OnCPU(const Program &program) : code(program.code, "") {}
  /// Runs `kernel` on `threads` threads. What it writes behind its scratch fails the test.
  void run(const std::string &kernel, int64_t extent, const std::vector<Argument> &arguments,
           unsigned threads);

private:
  SharedCode code;
};

} // namespace roux::test
