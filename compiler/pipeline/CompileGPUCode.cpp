//===- CompileGPUCode.cpp - a program's kernels as code of a GPU ----------===//
//
// A program's code is one module of PTX, or one library for the emulator, and is kept as
// a whole beside its kernels.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileGPUCode.h"

#include "compiler/codegen/CodeCache.h"
#include "compiler/codegen/LinkCode.h"
#include "compiler/pipeline/GPUKernels.h"
#include "runtime/Seal.h"

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

static llvm::Expected<std::string> joined(const std::vector<Program> &kernels, CodeKind kind) {
  if (kind == CodeKind::PTX)
    return joinedPTX(kernels);
  SmallVector<StringRef> objects;
  for (const Program &kernel : kernels)
    objects.push_back(kernel.code);
  return linkCode(objects);
}

LogicalResult roux::writeGPUCode(ModuleOp module, const ProgramOptions &options, Program &program) {
  CodeCache cache(options.cacheFolder);
  GPUCodeOptions each{options.machine->name, program.kind, options.cacheFolder};
  std::string key;
  if (cache.isUsed()) {
    key = CodeCache::keyOf(keysOfGPUKernels(module, each));
    if (std::optional<std::string> kept = cache.find(key); kept && takeKept(*kept, program))
      return success();
  }
  FailureOr<std::vector<Program>> kernels = compileGPUKernels(module, each);
  if (failed(kernels))
    return failure();
  llvm::Expected<std::string> code = joined(*kernels, program.kind);
  if (!code)
    return emitError(module.getLoc()) << llvm::toString(code.takeError());
  program.code = sealed(*std::move(code));
  program.phases.clear();
  for (const Program &kernel : *kernels)
    program.phases.push_back(kernel.phases.front());
  cache.put(key, keepable(program));
  return success();
}
