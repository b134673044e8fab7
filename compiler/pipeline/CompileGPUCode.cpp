//===- CompileGPUCode.cpp - a program's kernels as code of a GPU ----------===//
//
// All kernels of a program are one module of PTX: the assembler and the driver take
// a third of the time for it that they take for as many modules, and what kernels
// share of CUDA's maths is there once. So a program's code is kept as a whole, its
// launches' shapes with it, for those are known only when kernels are lowered.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileGPUCode.h"

#include "compiler/codegen/CodeCache.h"
#include "compiler/codegen/LinkCode.h"
#include "compiler/codegen/Passes.h"
#include "compiler/pipeline/ManyThreads.h"
#include "compiler/pipeline/StagePasses.h"
#include "runtime/Kernel.h"
#include "runtime/Seal.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// What is kept: a program without entries, which has all that a program's code needs.
static std::string keepable(const Program &program) {
  Program code;
  code.target = program.target;
  code.kind = program.kind;
  code.kernels = program.kernels;
  code.phases = program.phases;
  code.code = program.code;
  return code.save();
}

/// What `bytes` keep of this program; false where it is another's.
static bool takeKept(const std::string &bytes, Program &program) {
  std::optional<Program> kept = Program::loadIfUsable(bytes);
  if (!kept || kept->kernels != program.kernels || kept->kind != program.kind)
    return false;
  program.phases = std::move(kept->phases);
  program.code = std::move(kept->code);
  return true;
}

/// The phases that a lowered kernel's module says it has.
static std::vector<GridPhase> phasesOf(ModuleOp kernel) {
  std::string name = kernel.getSymName()->str();
  std::vector<GridPhase> phases;
  auto all = kernel->getAttrOfType<ArrayAttr>(gpuPhasesAttribute);
  for (auto [i, phase] : llvm::enumerate(all.getAsRange<DenseI64ArrayAttr>())) {
    std::string function = i == 0 ? gpuSymbol(name) : gpuFinishSymbol(name);
    phases.push_back({function, phase[0], phase[1], phase[2], phase[3], phase[4]});
  }
  return phases;
}

OwningOpRef<ModuleOp> roux::joinGPUKernels(ModuleOp kernels) {
  OwningOpRef<ModuleOp> result = ModuleOp::create(kernels.getLoc());
  OpBuilder builder(result->getBodyRegion());
  auto all = ModuleOp::create(builder, kernels.getLoc());
  builder.setInsertionPointToStart(all.getBody());
  auto code = gpu::GPUModuleOp::create(builder, kernels.getLoc(), "kernels");
  llvm::StringSet<> known;
  for (auto kernel : kernels.getOps<ModuleOp>())
    for (auto part : kernel.getOps<gpu::GPUModuleOp>())
      for (Operation &op : llvm::make_early_inc_range(*part.getBody())) {
        auto name = op.getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
        if (!name || known.insert(name.getValue()).second)
          op.moveBefore(code.getBody(), code.getBody()->end());
      }
  return result;
}

static LogicalResult writePTX(ModuleOp kernels, const StageTarget &target, Program &program) {
  OwningOpRef<ModuleOp> whole = joinGPUKernels(kernels);
  if (failed(runStages(*whole, "gpu", "ptx", target)))
    return failure();
  ModuleOp code = *whole->getOps<ModuleOp>().begin();
  program.code = sealed(code->getAttrOfType<StringAttr>(codeAttribute).str());
  return success();
}

static LogicalResult writeEmulated(ModuleOp kernels, const StageTarget &target, Program &program) {
  if (failed(runStages(kernels, "gpu", "simt-object", target)))
    return failure();
  SmallVector<StringRef> objects;
  for (auto kernel : kernels.getOps<ModuleOp>())
    objects.push_back(kernel->getAttrOfType<StringAttr>(codeAttribute).getValue());
  llvm::Expected<std::string> linked = linkCode(objects);
  if (!linked)
    return emitError(kernels.getLoc()) << llvm::toString(linked.takeError());
  program.code = sealed(*std::move(linked));
  return success();
}

static LogicalResult compile(ModuleOp module, const ProgramOptions &options, Program &program) {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  for (auto function : module.getOps<FuncOp>())
    kernels->push_back(function->clone());
  StageTarget target{options.machine, options.machine->name};
  ManyThreads threads(module.getContext());
  if (failed(runStages(*kernels, "kernel", "gpu", target)))
    return failure();
  program.phases.clear();
  for (auto kernel : kernels->getOps<ModuleOp>())
    program.phases.push_back(phasesOf(kernel));
  countCompiled(static_cast<int64_t>(program.kernels.size()));
  return program.kind == CodeKind::PTX ? writePTX(*kernels, target, program)
                                       : writeEmulated(*kernels, target, program);
}

LogicalResult roux::writeGPUCode(ModuleOp module, const ProgramOptions &options, Program &program) {
  CodeCache cache(options.cacheFolder);
  std::string key;
  if (cache.isUsed()) {
    std::string target = options.machine->json() + (program.kind == CodeKind::PTX ? "ptx" : "simt");
    SmallVector<std::string> keys;
    for (auto function : module.getOps<FuncOp>())
      keys.push_back(CodeCache::keyOf(function, target));
    key = CodeCache::keyOf(keys);
    if (std::optional<std::string> kept = cache.find(key); kept && takeKept(*kept, program))
      return success();
  }
  if (failed(compile(module, options, program)))
    return failure();
  cache.put(key, keepable(program));
  return success();
}
