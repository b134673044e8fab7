//===- StepStages.cpp - import, differentiate, fuse -----------------------===//
//
// The order is the pipeline's: gradients are taken of what was imported, before
// anything is fused or sharded, so those see forward and backward alike.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StepStages.h"

#include "compiler/transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

OwningOpRef<ModuleOp> roux::step::buildStepStage(MLIRContext &context, const StepRequest &request,
                                                 StepStage last, LocateNode locate) {
  OwningOpRef<ModuleOp> module = buildStep(context, request, locate);
  if (!module || last == StepStage::Step)
    return module;
  if (request.trains && failed(differentiate(*module)))
    return nullptr;
  if (last == StepStage::Fuse && failed(fuse(*module)))
    return nullptr;
  return module;
}

LogicalResult roux::step::differentiate(ModuleOp module) {
  PassManager passes(module.getContext());
  passes.addPass(createStepGrad());
  passes.addPass(createCSEPass()); // derivatives repeat their constants
  return passes.run(module);
}

LogicalResult roux::step::fuse(ModuleOp module) {
  PassManager passes(module.getContext());
  passes.addPass(createFuseLinearAdd());
  return passes.run(module);
}

std::string roux::step::printModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}
