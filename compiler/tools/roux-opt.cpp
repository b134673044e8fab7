//===- roux-opt.cpp - one pass at a time, or a part of the way ------------===//
//
// The tool of the compiler's own tests: reads MLIR, runs the passes named on the
// command line, prints MLIR. `--roux-stages="from=kernel to=object"` is what roux
// itself does between two of its stages, for --mlir-print-ir-after-all, --mlir-timing
// and --mlir-pass-pipeline-crash-reproducer to look at.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StagePasses.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  roux::registerStages(registry);
  roux::registerStagePasses();
  mlir::registerTransformsPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Roux's passes, one at a time\n", registry));
}
