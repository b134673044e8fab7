//===- StagePasses.cpp - how each stage is made of the one before ---------===//
//
// A row a stage. Gradients are taken of what was imported, before anything is
// fused or sharded, so those see forward and backward alike.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StagePasses.h"

#include "compiler/codegen/PTX.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/step/ModelToStep.h"
#include "compiler/fusion/Passes.h"
#include "compiler/transforms/Passes.h"
#include "dialects/Recipe/Recipe.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace roux;

static void addStep(OpPassManager &passes, const StageTarget &target) {
  passes.addPass(createStepOfTrain(target.step));
}

static void addGradient(OpPassManager &passes, const StageTarget &) {
  passes.addPass(step::createStepGrad());
  passes.addPass(createCSEPass()); // derivatives repeat their constants
}

static void addFusion(OpPassManager &passes, const StageTarget &) {
  passes.addPass(step::createFuseLinearAdd());
}

static void addKernels(OpPassManager &passes, const StageTarget &target) {
  passes.addPass(createStepToKernel({target.machine->name, target.machine->attentionLibrary}));
  if (target.fuses)
    kernel::addKernelFusion(passes, target.machine->shortColumns,
                            target.hasSecondPhase ? target.machine->foldBlock : 0);
  passes.addPass(kernel::createMarkFewRows({/*apart=*/target.machine->isGPU()}));
  passes.addPass(step::createVerifyProgram());
}

static void addLoops(OpPassManager &passes, const StageTarget &target) {
  passes.addPass(createConvertKernelToCPU({target.machine->name}));
}

static void addCPUCode(OpPassManager &passes, const StageTarget &target, const char *form) {
  OpPassManager &kernels = passes.nest<ModuleOp>();
  buildLoopsToLLVM(kernels);
  kernels.addPass(createEmitCPUCode({target.machine->name, form}));
}

static void addThreads(OpPassManager &passes, const StageTarget &target) {
  passes.addPass(createConvertKernelToGPU({target.architecture}));
}

static void addPTX(OpPassManager &passes, const StageTarget &target) {
  OpPassManager &kernels = passes.nest<ModuleOp>();
  buildThreadsToNVVM(kernels);
  kernels.addPass(createEmitPTX({target.architecture}));
}

static void addSimtCode(OpPassManager &passes, const StageTarget &target) {
  OpPassManager &kernels = passes.nest<ModuleOp>();
  buildThreadsToNVVM(kernels);
  kernels.addPass(createEmitSimtCode({target.architecture}));
}

namespace {
/// How a stage is made of the one it comes after.
struct Way {
  StringLiteral stage, after;
  void (*add)(OpPassManager &, const StageTarget &);
};
} // namespace

static constexpr Way ways[] = {
    {"step", "recipe", addStep},
    {"grad", "step", addGradient},
    {"fuse", "grad", addFusion},
    {"kernel", "fuse", addKernels},
    {"loops", "kernel", addLoops},
    {"llvm", "loops", [](auto &passes, auto &target) { addCPUCode(passes, target, "llvm"); }},
    {"asm", "loops", [](auto &passes, auto &target) { addCPUCode(passes, target, "asm"); }},
    {"object", "loops", [](auto &passes, auto &target) { addCPUCode(passes, target, "object"); }},
    {"gpu", "kernel", addThreads},
    {"ptx", "gpu", addPTX},
    {"simt-object", "gpu", addSimtCode},
};

/// The ways from `from` to `to`, last first; none where there are none.
static std::optional<SmallVector<const Way *>> waysBetween(StringRef from, StringRef to) {
  SmallVector<const Way *> found;
  while (to != from) {
    const Way *way = llvm::find_if(ways, [&](const Way &w) { return w.stage == to; });
    if (way == std::end(ways))
      return std::nullopt;
    found.push_back(way);
    to = way->after;
  }
  return found;
}

LogicalResult roux::addStages(OpPassManager &passes, StringRef from, StringRef to,
                              const StageTarget &target) {
  std::optional<SmallVector<const Way *>> between = waysBetween(from, to);
  if (!between)
    return failure();
  for (const Way *way : llvm::reverse(*between))
    way->add(passes, target);
  return success();
}

LogicalResult roux::runStages(ModuleOp module, StringRef from, StringRef to,
                              const StageTarget &target) {
  PassManager passes(module.getContext());
  // What is read or edited ends with the kernels. What passes make of those is verified where tests
  // run them, not each time that somebody waits for code.
  passes.enableVerifier(!to.ends_with("object") && to != "ptx" && to != "asm");
  if (failed(addStages(passes, from, to, target)))
    return emitError(module.getLoc()) << "no way leads from stage " << from << " to " << to;
  return passes.run(module);
}

void roux::registerStages(DialectRegistry &registry) {
  // All that a stage may print, so that each can be read back.
  registry
      .insert<cf::ControlFlowDialect, gpu::GPUDialect, index::IndexDialect, kernel::KernelDialect,
              LLVM::LLVMDialect, memref::MemRefDialect, NVVM::NVVMDialect, recipe::RecipeDialect,
              scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
  step::registerStepDialects(registry);
  registerCPUCode(registry);
  registerPTX(registry);
}

namespace {
struct StageOptions : PassPipelineOptions<StageOptions> {
  Option<std::string> from{*this, "from", llvm::cl::desc("the stage that is given"),
                           llvm::cl::init("step")};
  Option<std::string> to{*this, "to", llvm::cl::desc("the stage that is wanted"),
                         llvm::cl::init("object")};
  Option<std::string> machine{*this, "machine",
                              llvm::cl::desc("of CPU code; otherwise the host's")};
  Option<bool> fuses{*this, "fuse", llvm::cl::desc("join kernels"), llvm::cl::init(true)};
  Option<std::string> architecture{*this, "architecture", llvm::cl::desc("of GPU code"),
                                   llvm::cl::init("sm_90a")};
  Option<std::string> train{*this, "train", llvm::cl::desc("of a recipe")};
  Option<std::string> model{*this, "model", llvm::cl::desc("its config.json")};
};
} // namespace

void roux::registerStagePasses() {
  step::registerStepPasses();
  registerConversionPasses();
  kernel::registerFusionPasses();
  registerCodegenPasses();
  PassRegistryFunction build = [](OpPassManager &passes, StringRef text,
                                  llvm::function_ref<LogicalResult(const Twine &)> refuse) {
    StageOptions options;
    if (failed(options.parseFromString(text)))
      return failure();
    StageTarget target;
    if (const TargetDescription *machine = targetNamed(options.machine))
      target.machine = machine;
    else if (!options.machine.empty())
      return refuse("there is no machine '" + options.machine + "'");
    target.architecture = options.architecture;
    target.fuses = options.fuses;
    target.step = {.train = options.train, .configFile = options.model};
    if (succeeded(addStages(passes, options.from, options.to, target)))
      return success();
    return refuse("no way leads from stage '" + options.from + "' to '" + options.to + "'");
  };
  registerPassPipeline(
      "roux-stages", "what roux does between two of its stages", build,
      [](llvm::function_ref<void(const detail::PassOptions &)> tell) { tell(StageOptions()); });
}
