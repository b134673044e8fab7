//===- Processor.cpp - which machines' code this processor runs -----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/Processor.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace roux {

#ifdef __x86_64__
/// Whether Linux lets this process use the registers of matrix blocks: their state is large, so a
/// process has to ask.
static bool mayUseBlocks() {
  constexpr long askForState = 0x1023, blocks = 18; // ARCH_REQ_XCOMP_PERM, XTILEDATA
  return syscall(SYS_arch_prctl, askForState, blocks) == 0;
}

static bool hasBlocks() {
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && mayUseBlocks();
}

bool runsHere(std::string_view name) {
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi2");
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
  bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  return name == "portable" || (name == "avx2" && avx2) || (name == "avx512" && avx512) ||
         (name == "avx512_bf16" && bf16) || (name == "avx512_amx" && bf16 && hasBlocks());
}
#else
bool runsHere(std::string_view name) {
  return name == "portable";
}
#endif

} // namespace roux
