//===- CompileEmulated.cpp - kernels of a test as code for the emulator ----===//
//
// See Emulated.h.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/LinkCode.h"
#include "compiler/codegen/Passes.h"
#include "compiler/pipeline/GPUKernels.h"
#include "compiler/pipeline/StagePasses.h"
#include "mlir/Parser/Parser.h"
#include "runtime/Seal.h"
#include "tests/compiler/kernels/Emulated.h"

using namespace roux;
using namespace roux::test;

std::string test::lowerForGPU(const std::string &text, const std::string &architecture) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module || failed(runStages(*module, "kernel", "gpu", {.architecture = architecture})))
    std::abort();
  std::string lowered;
  llvm::raw_string_ostream(lowered) << *module;
  return lowered;
}

EmulatedCode test::compileForEmulator(const std::string &text, const std::string &from,
                                      const std::string &file, const std::string &architecture) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, file);
  if (!module || failed(runStages(*module, from, "simt-object", {.architecture = architecture})))
    std::abort();
  EmulatedCode code;
  std::vector<llvm::StringRef> objects;
  for (mlir::ModuleOp kernel : module->getOps<mlir::ModuleOp>()) {
    code.phases[kernel.getSymName()->str()] = gridPhasesOf(kernel);
    objects.push_back(kernel->getAttrOfType<mlir::StringAttr>(codeAttribute).getValue());
  }
  llvm::Expected<std::string> linked = linkCode(objects);
  if (!linked)
    llvm::report_fatal_error(linked.takeError());
  code.sealed = sealed(*std::move(linked));
  return code;
}
