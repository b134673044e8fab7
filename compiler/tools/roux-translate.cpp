//===- roux-translate.cpp - kernels as text of a later stage --------------===//
//
// Re-entry at the kernel dialect: reads kernels as `--emit=kernel` prints them
// and writes what a machine is given. The tool of the lowerings' own tests.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/KernelText.h"
#include "compiler/pipeline/StagePasses.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  llvm::cl::opt<std::string> kernel("kernel", llvm::cl::desc("only the kernel of this name"));
  llvm::cl::opt<std::string> machine(
      "machine", llvm::cl::desc("avx512_amx, avx512_bf16, avx512, avx2 or portable"));
  llvm::cl::opt<std::string> arch("arch", llvm::cl::desc("sm_80, sm_90a, sm_100a or sm_120a"),
                                  llvm::cl::init("sm_90a"));
  for (const roux::Stage &stage : roux::stages) {
    if (!stage.isKernelByKernel() && stage.name != "table")
      continue;
    mlir::TranslateFromMLIRRegistration(
        "kernel-to-" + std::string(stage.name), stage.produces,
        [&](mlir::ModuleOp module, llvm::raw_ostream &out) {
          return roux::printKernels(module, {std::string(stage.name), kernel, machine, arch}, out);
        },
        roux::registerStages);
  }
  return failed(mlir::mlirTranslateMain(argc, argv, "Roux's kernels as text\n"));
}
