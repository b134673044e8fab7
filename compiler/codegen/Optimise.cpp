//===- Optimise.cpp - LLVM's passes as the targets run them ---------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/Optimise.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

#include <mutex>

using namespace llvm;

namespace {
/// What passes keep about a module, made for one machine.
struct Analyses {
  explicit Analyses(TargetMachine &machine) : builder(&machine) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(calls);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, calls, modules);
  }

  PassBuilder builder;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager calls;
  ModuleAnalysisManager modules;
};
} // namespace

void roux::optimiseThreads(Module &module, TargetMachine &machine) {
  ModulePassManager passes;
  Analyses analyses(machine);
  // Libdevice asks what is wanted of it by reflection, and is inlined. What is hoisted without
  // need, speculatively, costs registers that the assembler then lacks.
  cantFail(analyses.builder.parsePassPipeline(
      passes, "nvvm-reflect,always-inline,globalopt,ipsccp,function("
              "sroa<modify-cfg>,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,"
              "loop-mssa(loop-rotate,licm<no-allowspeculation>),"
              "loop(indvars,loop-unroll-full),loop-unroll<O2>,"
              "early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,adce)"));
  passes.run(module, analyses.modules);
}

void roux::optimiseVectors(Module &module, TargetMachine &machine) {
  FunctionPassManager passes;
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(InstCombinePass());
  passes.addPass(SimplifyCFGPass());
  LoopPassManager loops;
  loops.addPass(LoopRotatePass());
  loops.addPass(LICMPass(LICMOptions()));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(loops), /*UseMemorySSA=*/true));
  passes.addPass(EarlyCSEPass());
  passes.addPass(ADCEPass());

  Analyses analyses(machine);
  for (Function &function : module)
    if (!function.isDeclaration())
      passes.run(function, analyses.functions);
}

llvm::LogicalResult roux::addCodeGeneration(TargetMachine &machine, legacy::PassManager &passes,
                                            raw_pwrite_stream &out, CodeGenFileType form,
                                            LoopAddresses addresses) {
  // LLVM has only an option of the whole process for it, which it reads where passes are added.
  // Without it compiling takes longer.
  static std::mutex oneAtATime;
  std::scoped_lock lock(oneAtATime);
  static auto *leaves =
      static_cast<cl::opt<bool> *>(cl::getRegisteredOptions().lookup("disable-lsr"));
  bool before = leaves && *leaves;
  if (leaves && addresses == LoopAddresses::AsTheyAre)
    leaves->setValue(true);
  bool refused = machine.addPassesToEmitFile(passes, out, nullptr, form);
  if (leaves)
    leaves->setValue(before);
  return failure(refused);
}
