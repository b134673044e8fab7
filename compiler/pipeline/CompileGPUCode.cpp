//===- CompileGPUCode.cpp - a program's kernels as code of a GPU ----------===//
//
// All kernels of a program are one module of PTX: the assembler and the driver take
// a third of the time for it that they take for as many modules, and what kernels
// share of CUDA's maths is there once. So a program's code is kept as a whole, its
// launches' shapes with it, for those are known only when kernels are lowered. What
// is emulated is an object a kernel, and each is kept: programs share most of them.
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

namespace {

/// The kernels of a program for the emulator, each a program of itself that has an object as code.
class EmulatedKernels {
public:
  EmulatedKernels(ModuleOp module, const StageTarget &target, const CodeCache &cache,
                  ArrayRef<std::string> keys)
      : module(module), target(target), cache(cache), keys(keys) {}

  LogicalResult write(Program &program);

private:
  LogicalResult compileOthers();

  ModuleOp module;
  StageTarget target;
  const CodeCache &cache;
  ArrayRef<std::string> keys; ///< none where the cache is not used
  std::vector<Program> kernels;
};

} // namespace

/// Lowers clones of `functions` to the stage `gpu`.
static FailureOr<OwningOpRef<ModuleOp>> lowered(Location where, ArrayRef<FuncOp> functions,
                                                const StageTarget &target) {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(where);
  for (FuncOp function : functions)
    kernels->push_back(function->clone());
  if (failed(runStages(*kernels, "kernel", "gpu", target)))
    return failure();
  countCompiled(static_cast<int64_t>(functions.size()));
  return std::move(kernels);
}

LogicalResult EmulatedKernels::compileOthers() {
  SmallVector<FuncOp> functions;
  SmallVector<size_t> places;
  for (auto [place, function] : llvm::enumerate(module.getOps<FuncOp>()))
    if (kernels[place].code.empty()) {
      functions.push_back(function);
      places.push_back(place);
    }
  if (places.empty())
    return success();
  ManyThreads threads(module.getContext());
  auto made = lowered(module.getLoc(), functions, target);
  if (failed(made))
    return failure();
  for (auto [place, kernel] : llvm::zip_equal(places, (*made)->getOps<ModuleOp>()))
    kernels[place].phases = {gridPhasesOf(kernel)};
  if (failed(runStages(**made, "gpu", "simt-object", target)))
    return failure();
  for (auto [place, kernel] : llvm::zip_equal(places, (*made)->getOps<ModuleOp>())) {
    kernels[place].code = kernel->getAttrOfType<StringAttr>(codeAttribute).str();
    if (cache.isUsed())
      cache.put(keys[place], keepable(kernels[place]));
  }
  return success();
}

LogicalResult EmulatedKernels::write(Program &program) {
  for (auto [place, name] : llvm::enumerate(program.kernels)) {
    Program &kernel = kernels.emplace_back();
    kernel.target = program.target;
    kernel.kind = program.kind;
    kernel.kernels = {name};
    if (!cache.isUsed())
      continue;
    if (std::optional<std::string> kept = cache.find(keys[place]))
      takeKept(*kept, kernel);
  }
  if (failed(compileOthers()))
    return failure();
  SmallVector<StringRef> objects;
  program.phases.clear();
  for (const Program &kernel : kernels) {
    program.phases.push_back(kernel.phases.front());
    objects.push_back(kernel.code);
  }
  llvm::Expected<std::string> linked = linkCode(objects);
  if (!linked)
    return emitError(module.getLoc()) << llvm::toString(linked.takeError());
  program.code = sealed(*std::move(linked));
  return success();
}

static LogicalResult writePTX(ModuleOp module, const StageTarget &target, Program &program) {
  ManyThreads threads(module.getContext());
  auto kernels = lowered(module.getLoc(), SmallVector<FuncOp>(module.getOps<FuncOp>()), target);
  if (failed(kernels))
    return failure();
  program.phases.clear();
  for (auto kernel : (*kernels)->getOps<ModuleOp>())
    program.phases.push_back(gridPhasesOf(kernel));
  OwningOpRef<ModuleOp> whole = joinGPUKernels(**kernels);
  if (failed(runStages(*whole, "gpu", "ptx", target)))
    return failure();
  ModuleOp code = *whole->getOps<ModuleOp>().begin();
  program.code = sealed(code->getAttrOfType<StringAttr>(codeAttribute).str());
  return success();
}

LogicalResult roux::writeGPUCode(ModuleOp module, const ProgramOptions &options, Program &program) {
  CodeCache cache(options.cacheFolder);
  StageTarget target{options.machine, options.machine->name};
  bool isPTX = program.kind == CodeKind::PTX;
  SmallVector<std::string> keys;
  std::string key;
  if (cache.isUsed()) {
    std::string machine = options.machine->json() + (isPTX ? "ptx" : "simt");
    // The debugger and the emulator's reports name the recipe's lines.
    for (auto function : module.getOps<FuncOp>())
      keys.push_back(CodeCache::keyOf(function, machine, /*hasLines=*/true));
    key = CodeCache::keyOf(keys);
    if (std::optional<std::string> kept = cache.find(key); kept && takeKept(*kept, program))
      return success();
  }
  LogicalResult made = isPTX ? writePTX(module, target, program)
                             : EmulatedKernels(module, target, cache, keys).write(program);
  if (succeeded(made))
    cache.put(key, keepable(program));
  return made;
}
