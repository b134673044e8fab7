//===- StagePasses.h - how each stage is made of the one before -----------===//
//
// Passes and nothing else, so whatever MLIR can show of a pass, its IR, its time,
// its remarks, what reproduces a crash, it can show of the whole way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/CPUCode.h"
#include "compiler/conversion/step/RecipeToStep.h"
#include "compiler/pipeline/Stages.h"
#include "mlir/Pass/PassManager.h"

namespace roux {

/// What code is for, and of a recipe, of which train.
struct StageTarget {
  const TargetDescription *machine = &hostTarget();
  std::string architecture = "sm_90a"; ///< of a GPU
  bool fuses = true;                   ///< else each operation keeps its kernels
  bool hasSecondPhase = true;          ///< of kernels that sum over their own rows
  TrainedStep step = {};
};

/// The dialects, translations and interfaces that the stages need.
void registerStages(mlir::DialectRegistry &registry);

/// Adds the passes that make the module of stage `to` out of that of stage `from`; fails where no
/// way leads there. Behind `loops` and `gpu` every kernel is a module of its own, and its code at
/// last the attribute codeAttribute. Stages are `recipe`, those of Stages.h from `step` to
/// `ptx`, `object`, and behind `gpu` `simt-object`.
mlir::LogicalResult addStages(mlir::OpPassManager &passes, llvm::StringRef from, llvm::StringRef to,
                              const StageTarget &target);

/// Runs them on `module`. Fails with a diagnostic.
mlir::LogicalResult runStages(mlir::ModuleOp module, llvm::StringRef from, llvm::StringRef to,
                              const StageTarget &target);

/// Makes all passes, and `--roux-stages="from=… to=…"`, known to MLIR's command line.
void registerStagePasses();

} // namespace roux
