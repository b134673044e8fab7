//===- StepStages.cpp - a model's step, imported and taken further --------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StepStages.h"

#include "compiler/pipeline/StagePasses.h"

using namespace mlir;

OwningOpRef<ModuleOp> roux::step::buildStepStage(MLIRContext &context, const StepRequest &request,
                                                 StringRef stage, bool fuses) {
  OwningOpRef<ModuleOp> module = buildStep(context, request);
  StringRef from = request.trains || stage == "step" ? "step" : "grad"; // it has none
  if (!module || failed(runStages(*module, from, stage, {.fuses = fuses})))
    return nullptr;
  return module;
}

std::string roux::step::printModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}
