//===- roux-opt.cpp - one pass at a time ----------------------------------===//
//
// The tool of the compiler's own tests: reads MLIR, runs the passes named on
// the command line, prints MLIR.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/ModelToStep.h"
#include "compiler/conversion/Passes.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  roux::step::registerStepDialects(registry);
  registry.insert<roux::kernel::KernelDialect, mlir::memref::MemRefDialect,
                  mlir::vector::VectorDialect>();
  roux::step::registerStepPasses();
  roux::registerConversionPasses();
  mlir::registerTransformsPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Roux's passes, one at a time\n", registry));
}
