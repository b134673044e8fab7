//===- Stages.h - what `roux inspect` can show ----------------------------===//
//
// The one list of stages: `roux` answers those of the front end itself and
// hands the others to roux-compiler.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string_view>

namespace roux {

struct Stage {
  std::string_view name;     ///< as spelled in --emit=
  std::string_view produces; ///< one line for --help
  bool needsMLIR;            ///< shown by roux-compiler
};

inline constexpr Stage stages[] = {
    {"ast", "what was written, as a tree", false},
    {"recipe", "what was asked: everything resolved, every value with its origin", true},
    {"loss", "the objective as a formula", false},
    {"plan", "the steps of a train: packs, cuts, places, counts", false},
    {"step", "what is computed: one optimizer step on whole tensors", true},
    {"grad", "the same with its gradients", true},
    {"kernel", "what is launched: kernels, buffers and their order", true},
    {"table", "each kernel's operations and bytes, and what is fused in it", true},
    {"memory", "the peak of a step, before the first one", true},
    {"loops", "kernels as vector loops of a CPU", true},
    {"llvm", "kernels as optimised LLVM IR of a CPU", true},
    {"asm", "kernels as assembly of a CPU", true},
    {"gpu", "row kernels as threads of a GPU", true},
    {"ptx", "row kernels as PTX", true},
};

} // namespace roux
