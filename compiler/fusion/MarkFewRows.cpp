//===- MarkFewRows.cpp - which kernels write sequences --------------------===//
//
// A sequence that is being written is a row of each matmul, for which there is code
// of another kind (GEMV), and so much that a program which only trains is compiled
// a tenth quicker without. Once kernels are shared it is known who launches one.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/Passes.h"
#include "dialects/Kernel/Kernel.h"

#include "mlir/IR/BuiltinOps.h"

namespace roux::kernel {
#define GEN_PASS_DEF_MARKFEWROWS
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

namespace {
struct MarkFewRows : roux::kernel::impl::MarkFewRowsBase<MarkFewRows> {
  void runOnOperation() override {
    for (ProgramOp program : getOperation().getOps<ProgramOp>())
      if (program.getSymName() == "decode")
        program.walk([&](LaunchOp launch) {
          auto kernel = getOperation().lookupSymbol<FuncOp>(launch.getCallee());
          auto contract = dyn_cast<ContractOp>(kernel.getBody().front().front());
          if (contract && contract.getForm() == Form::NT)
            kernel.setFewRows(true);
        });
  }
};
} // namespace
