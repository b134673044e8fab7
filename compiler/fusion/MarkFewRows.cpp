//===- MarkFewRows.cpp - which kernels write sequences --------------------===//
//
// A sequence that is being written is a row of each matmul, for which there is code
// of another kind (GEMV), and so much that a program which only trains is compiled
// a tenth quicker without. Once kernels are shared it is known who launches one. On a
// GPU a kernel is for few rows or for many: how many blocks there are, of how many
// threads, is part of it.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/Passes.h"
#include "dialects/Kernel/Kernel.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

namespace roux::kernel {
#define GEN_PASS_DEF_MARKFEWROWS
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

namespace {
struct MarkFewRows : roux::kernel::impl::MarkFewRowsBase<MarkFewRows> {
  using MarkFewRowsBase::MarkFewRowsBase;

  void runOnOperation() override {
    SmallVector<LaunchOp> few;
    llvm::StringSet<> others; ///< kernels that another program launches
    for (ProgramOp program : getOperation().getOps<ProgramOp>())
      program.walk([&](LaunchOp launch) {
        if (program.getSymName() == "decode")
          few.push_back(launch);
        else
          others.insert(launch.getCallee());
      });
    for (LaunchOp launch : few) {
      auto kernel = getOperation().lookupSymbol<FuncOp>(launch.getCallee());
      auto contract = dyn_cast<ContractOp>(kernel.getBody().front().front());
      if (!contract || contract.getForm() != Form::NT)
        continue;
      if (apart && others.contains(kernel.getSymName()))
        launch.setCallee(ofItsOwn(kernel).getSymName());
      else
        kernel.setFewRows(true);
    }
  }

private:
  /// The kernel again, for few rows only.
  FuncOp ofItsOwn(FuncOp kernel) {
    FuncOp &own = made[kernel];
    if (!own) {
      own = cast<FuncOp>(kernel->clone());
      own.setSymName((kernel.getSymName() + "_few_rows").str());
      own.setFewRows(true);
      SymbolTable(getOperation()).insert(own, std::next(kernel->getIterator()));
    }
    return own;
  }

  llvm::DenseMap<FuncOp, FuncOp> made;
};
} // namespace
