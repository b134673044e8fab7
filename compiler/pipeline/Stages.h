//===- Stages.h - the one list of stages -----------------------------------===//
//
// In the order in which a recipe goes through them. `roux inspect`, `--from`,
// `--dump-dir`, roux-opt and roux-translate all read this table; how each stage is
// made of the one before is beside it, in StagePasses.
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
  Times = 1u << 6,  ///< how long kernels take here
};
inline constexpr uint32_t Step = Recipe | Train | Shape;
inline constexpr uint32_t Kernels = Step | Kernel;
} // namespace reads

/// What a stage is once it is there.
enum class StageForm : uint8_t {
  Report,  ///< text for people
  Module,  ///< MLIR with the entries, which can be edited and read back
  Kernels, ///< a text for each kernel
};

struct Stage {
  std::string_view name;     ///< as spelled in --emit=
  std::string_view produces; ///< one line for --help
  StageForm form;
  bool needsMLIR; ///< shown by roux-compiler
  uint32_t reads = 0;
  std::string_view extension = {}; ///< of a kernel's file in a dump
  std::string_view comment = {};   ///< what begins a line of it that is not its own

  constexpr bool isKernelByKernel() const { return !comment.empty(); }
  constexpr bool isOnGPU() const {
    return name == "gpu" || (reads & reads::GPU && form == StageForm::Kernels);
  }
};

inline constexpr Stage stages[] = {
    {"ast", "what was written, as a tree", StageForm::Report, false},
    {"recipe", "what was asked: everything resolved, every value with its origin",
     StageForm::Module, true, reads::Recipe},
    {"loss", "the objective as a formula", StageForm::Report, false},
    {"plan", "the steps of a train: packs, cuts, places, counts", StageForm::Report, false,
     reads::Train},
    {"step", "what is computed: one optimizer step on whole tensors", StageForm::Module, true,
     reads::Step},
    {"grad", "the same with its gradients", StageForm::Module, true, reads::Step},
    {"fuse", "the same with operations joined, and on stderr what was not", StageForm::Module, true,
     reads::Step},
    {"kernel", "what is launched: kernels, buffers and their order", StageForm::Module, true,
     reads::Kernels, ".mlir", "//"},
    {"table", "each kernel's operations and bytes, and what is fused in it", StageForm::Report,
     true, reads::Kernels | reads::Times | reads::GPU},
    {"memory", "the peak of a step, before the first one", StageForm::Report, true, reads::Step},
    {"loops", "kernels as vector loops of a CPU", StageForm::Kernels, true,
     reads::Kernels | reads::CPU, ".mlir", "//"},
    {"llvm", "kernels as optimised LLVM IR of a CPU", StageForm::Kernels, true,
     reads::Kernels | reads::CPU, ".ll", ";"},
    {"asm", "kernels as assembly of a CPU", StageForm::Kernels, true, reads::Kernels | reads::CPU,
     ".s", "#"},
    {"gpu", "kernels as threads of a GPU", StageForm::Kernels, true, reads::Kernels, ".mlir", "//"},
    {"ptx", "all kernels as one module of PTX", StageForm::Kernels, true,
     reads::Kernels | reads::GPU, ".ptx", "//"},
    {"sass", "kernels as a GPU's instructions, where ptxas and nvdisasm are here",
     StageForm::Kernels, true, reads::Kernels | reads::GPU, ".sass", "//"},
};

/// Null where there is none of that name.
constexpr const Stage *stageNamed(std::string_view name) {
  for (const Stage &stage : stages)
    if (stage.name == name)
      return &stage;
  return nullptr;
}

} // namespace roux
