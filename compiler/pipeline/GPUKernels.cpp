//===- GPUKernels.cpp - kernels as code of a GPU, one by one ---------------===//
//
// What is kept of a kernel has its launches' shapes too, for those are known only when
// it is lowered.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/GPUKernels.h"

#include "compiler/codegen/CodeCache.h"
#include "compiler/codegen/JoinPTX.h"
#include "compiler/codegen/Passes.h"
#include "compiler/pipeline/CompileGPUCode.h"
#include "compiler/pipeline/ManyThreads.h"
#include "compiler/pipeline/StagePasses.h"
#include "runtime/Kernel.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {
class GPUKernels {
public:
  GPUKernels(ModuleOp module, const GPUCodeOptions &options)
      : module(module), options(options), cache(options.cacheFolder),
        keys(keysOfGPUKernels(module, options)) {}

  FailureOr<std::vector<Program>> make();

private:
  void find(size_t place, FuncOp function);
  LogicalResult compileOthers();

  ModuleOp module;
  const GPUCodeOptions &options;
  CodeCache cache;
  std::vector<std::string> keys;
  std::vector<Program> kernels;
};
} // namespace

static StringRef stageOf(const GPUCodeOptions &options) {
  return options.kind == CodeKind::PTX ? "ptx" : "simt-object";
}

std::vector<std::string> roux::keysOfGPUKernels(ModuleOp module, const GPUCodeOptions &options) {
  std::vector<std::string> keys;
  if (!CodeCache(options.cacheFolder).isUsed())
    return keys;
  std::string machine = targetNamed(options.architecture)->json() + stageOf(options).str();
  // The debugger and the emulator's reports name the recipe's lines.
  for (auto function : module.getOps<FuncOp>())
    keys.push_back(CodeCache::keyOf(function, machine, /*hasLines=*/true));
  return keys;
}

std::vector<GridPhase> roux::gridPhasesOf(ModuleOp kernel) {
  constexpr size_t ofPhase = 5, ofMap = 6;
  std::string name = kernel.getSymName()->str();
  std::vector<GridPhase> phases;
  auto all = kernel->getAttrOfType<ArrayAttr>(gpuPhasesAttribute);
  for (auto [i, phase] : llvm::enumerate(all.getAsRange<DenseI64ArrayAttr>())) {
    std::string function = i == 0 ? gpuSymbol(name) : gpuFinishSymbol(name);
    phases.push_back({function, phase[0], phase[1], phase[2], phase[3], phase[4]});
    ArrayRef<int64_t> maps = phase.asArrayRef().drop_front(ofPhase);
    for (; !maps.empty(); maps = maps.drop_front(ofMap))
      phases.back().maps.push_back({maps[0], maps[1], maps[2], maps[3], maps[4], maps[5]});
  }
  return phases;
}

/// Adds the kernel as it was kept, or without code.
void GPUKernels::find(size_t place, FuncOp function) {
  Program &kernel = kernels.emplace_back();
  kernel.target = *targetNamed(options.architecture);
  kernel.kind = options.kind;
  kernel.kernels = {function.getName().str()};
  if (keys.empty())
    return;
  std::optional<std::string> bytes = cache.find(keys[place]);
  std::optional<Program> kept = bytes ? Program::loadIfUsable(*bytes) : std::nullopt;
  if (kept && kept->kernels == kernel.kernels && kept->kind == kernel.kind)
    kernel = *std::move(kept);
}

LogicalResult GPUKernels::compileOthers() {
  OwningOpRef<ModuleOp> others = ModuleOp::create(module.getLoc());
  SmallVector<size_t> places;
  for (auto [place, function] : llvm::enumerate(module.getOps<FuncOp>()))
    if (kernels[place].code.empty()) {
      others->push_back(function->clone());
      places.push_back(place);
    }
  if (places.empty())
    return success();
  ManyThreads threads(module.getContext());
  StageTarget target{targetNamed(options.architecture), options.architecture};
  if (failed(runStages(*others, "kernel", "gpu", target)))
    return failure();
  for (auto [place, kernel] : llvm::zip_equal(places, others->getOps<ModuleOp>()))
    kernels[place].phases = {gridPhasesOf(kernel)};
  if (failed(runStages(*others, "gpu", stageOf(options), target)))
    return failure();
  for (auto [place, kernel] : llvm::zip_equal(places, others->getOps<ModuleOp>())) {
    kernels[place].code = kernel->getAttrOfType<StringAttr>(codeAttribute).str();
    if (!keys.empty())
      cache.put(keys[place], kernels[place].save());
  }
  countCompiled(static_cast<int64_t>(places.size()));
  return success();
}

FailureOr<std::vector<Program>> GPUKernels::make() {
  for (auto [place, function] : llvm::enumerate(module.getOps<FuncOp>()))
    find(place, function);
  if (failed(compileOthers()))
    return failure();
  return std::move(kernels);
}

FailureOr<std::vector<Program>> roux::compileGPUKernels(ModuleOp module,
                                                        const GPUCodeOptions &options) {
  return GPUKernels(module, options).make();
}

std::string roux::joinedPTX(const std::vector<Program> &kernels) {
  SmallVector<StringRef> modules;
  for (const Program &kernel : kernels)
    modules.push_back(kernel.code);
  return joinPTX(modules);
}
