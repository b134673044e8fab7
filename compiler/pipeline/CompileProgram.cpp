//===- CompileProgram.cpp - a kernel module as a program with its code ----===//
//
// A program whose kernels are all known is one file of the cache; of others only
// the kernels that are new are compiled, several at once, before all are linked.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileProgram.h"

#include "compiler/codegen/CodeCache.h"
#include "compiler/codegen/KernelToProgram.h"
#include "compiler/codegen/LinkCode.h"
#include "compiler/codegen/Passes.h"
#include "compiler/pipeline/CompileGPUCode.h"
#include "compiler/pipeline/ManyThreads.h"
#include "compiler/pipeline/StagePasses.h"
#include "runtime/Seal.h"

#include <atomic>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static std::atomic<int64_t> compiledCount = 0;

void roux::countCompiled(int64_t kernels) {
  compiledCount += kernels;
}

int64_t roux::kernelsCompiled() {
  return compiledCount;
}

namespace {

/// The code of one module's kernels.
class ProgramCode {
public:
  ProgramCode(ModuleOp module, const ProgramOptions &options)
      : module(module), machine(*options.machine), cache(options.cacheFolder),
        functions(module.getOps<FuncOp>()), objects(functions.size()) {}

  /// Gives `program` its code. Fails with a diagnostic.
  LogicalResult write(Program &program);

private:
  void findObjects();
  LogicalResult compileOthers();
  LogicalResult link(Program &program);

  ModuleOp module;
  const TargetDescription &machine;
  CodeCache cache;
  SmallVector<FuncOp> functions;
  SmallVector<std::string> keys;    ///< in the cache; none where it is not used
  SmallVector<std::string> objects; ///< sealed; empty: not compiled yet
};

} // namespace

void ProgramCode::findObjects() {
  if (cache.isUsed())
    for (auto [key, object] : llvm::zip(keys, objects))
      object = cache.find(key).value_or("");
}

LogicalResult ProgramCode::compileOthers() {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  SmallVector<size_t> places;
  for (auto [place, function] : llvm::enumerate(functions)) {
    if (!objects[place].empty())
      continue;
    kernels->push_back(function->clone());
    places.push_back(place);
  }
  if (places.empty())
    return success();
  ManyThreads threads(module.getContext());
  if (failed(runStages(*kernels, "kernel", "object", {.machine = &machine})))
    return failure();
  for (auto [place, kernel] : llvm::zip_equal(places, kernels->getOps<ModuleOp>())) {
    objects[place] = sealed(kernel->getAttrOfType<StringAttr>(codeAttribute).str());
    if (cache.isUsed())
      cache.put(keys[place], objects[place]);
  }
  compiledCount += places.size();
  return success();
}

LogicalResult ProgramCode::link(Program &program) {
  SmallVector<StringRef> contents;
  for (const std::string &object : objects)
    contents.push_back(*unsealed(object));
  llvm::Expected<std::string> linked = linkCode(contents);
  if (!linked)
    return emitError(module.getLoc()) << llvm::toString(linked.takeError());
  program.code = sealed(*std::move(linked));
  return success();
}

LogicalResult ProgramCode::write(Program &program) {
  std::string key;
  if (cache.isUsed()) {
    std::string target = machine.json();
    for (FuncOp function : functions)
      keys.push_back(CodeCache::keyOf(function, target));
    key = CodeCache::keyOf(keys);
    if (std::optional<std::string> code = cache.find(key)) {
      program.code = *std::move(code);
      program.codeFile = cache.pathOf(key);
      return success();
    }
  }
  findObjects();
  if (failed(compileOthers()) || failed(link(program)))
    return failure();
  if (cache.put(key, program.code))
    program.codeFile = cache.pathOf(key);
  return success();
}

FailureOr<Program> roux::compileProgram(ModuleOp module, const ProgramOptions &options) {
  Program program;
  program.target = *options.machine;
  program.kind = options.kind;
  if (failed(writeProgram(module, program)))
    return failure();
  if (!options.emitsCode || program.kernels.empty())
    return program;
  bool isOnGPU = options.kind != CodeKind::Processor;
  if (failed(isOnGPU ? writeGPUCode(module, options, program)
                     : ProgramCode(module, options).write(program)))
    return failure();
  return program;
}
