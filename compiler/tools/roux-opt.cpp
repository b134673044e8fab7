//===- roux-opt.cpp - one pass at a time ----------------------------------===//
//
// The tool of the compiler's own tests: reads MLIR, runs the passes named on the
// command line, prints MLIR. Knows our dialects and those they are lowered to.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/ModelToStep.h"
#include "compiler/conversion/Passes.h"
#include "compiler/transforms/Passes.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Recipe/Recipe.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<roux::recipe::RecipeDialect, roux::kernel::KernelDialect,
                  mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::math::MathDialect,
                  mlir::memref::MemRefDialect, mlir::vector::VectorDialect>();
  roux::step::registerStepDialects(registry);
  roux::step::registerStepPasses();
  roux::registerConversionPasses();
  mlir::registerTransformsPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Roux's passes, one at a time\n", registry));
}
