//===- Stages.h - what `roux inspect` can show ----------------------------===//
//
// The one list of stages, in the order a recipe goes through them: `roux` answers
// those of the front end itself and hands the others to roux-compiler.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace roux {

/// What of the command line makes a difference to a stage.
namespace reads {
enum Bits : uint32_t {
  Recipe = 1u << 0, ///< the checked recipe with its run block
  Train = 1u << 1,  ///< of the recipe, one train
  Shape = 1u << 2,  ///< the model's shape, and text edited
  Kernel = 1u << 3, ///< kernel by kernel
  CPU = 1u << 4,    ///< code of a processor
  GPU = 1u << 5,    ///< code of a GPU
};
inline constexpr uint32_t Step = Recipe | Train | Shape;
} // namespace reads

struct Stage {
  std::string_view name;     ///< as spelled in --emit=
  std::string_view produces; ///< one line for --help
  bool needsMLIR;            ///< shown by roux-compiler
  uint32_t reads = 0;
};

inline constexpr Stage stages[] = {
    {"ast", "what was written, as a tree", false},
    {"recipe", "what was asked: everything resolved, every value with its origin", true,
     reads::Recipe},
    {"loss", "the objective as a formula", false},
    {"plan", "the steps of a train: packs, cuts, places, counts", false, reads::Train},
    {"step", "what is computed: one optimizer step on whole tensors", true, reads::Step},
    {"grad", "the same with its gradients", true, reads::Step},
    {"fuse", "the same with operations joined, and on stderr what was not", true, reads::Step},
    {"kernel", "what is launched: kernels, buffers and their order", true,
     reads::Step | reads::Kernel},
    {"table", "each kernel's operations and bytes, and what is fused in it", true,
     reads::Step | reads::Kernel},
    {"memory", "the peak of a step, before the first one", true, reads::Step},
    {"loops", "kernels as vector loops of a CPU", true, reads::Step | reads::Kernel | reads::CPU},
    {"llvm", "kernels as optimised LLVM IR of a CPU", true,
     reads::Step | reads::Kernel | reads::CPU},
    {"asm", "kernels as assembly of a CPU", true, reads::Step | reads::Kernel | reads::CPU},
    {"gpu", "row kernels as threads of a GPU", true, reads::Step | reads::Kernel},
    {"ptx", "row kernels as PTX", true, reads::Step | reads::Kernel | reads::GPU},
    {"sass", "row kernels as a GPU's instructions, where ptxas and nvdisasm are here", true,
     reads::Step | reads::Kernel | reads::GPU},
};

/// Null where there is none of that name.
const Stage *stageNamed(std::string_view name);

} // namespace roux
