//===- ShareKernels.cpp - each joined kernel once -------------------------===//
//
// Kernels are joined where they are launched, so the same two are joined for every
// entry. Also the order of the passes.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/Launches.h"
#include "compiler/fusion/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace roux::kernel {
#define GEN_PASS_DEF_SHAREKERNELS
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

void roux::kernel::addKernelFusion(OpPassManager &passes, int64_t blockColumns, int64_t foldBlock) {
  passes.addPass(createCSEPass()); // one slice or window has one name
  passes.addPass(createMergeContracts());
  passes.addPass(createFuseEpilogue({blockColumns}));
  passes.addPass(createFuseRows({foldBlock}));
  passes.addPass(createDropStores());
  passes.addPass(createShareKernels());
  passes.addPass(createCSEPass()); // windows that nobody looks through
}

static bool areEqual(FuncOp a, FuncOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                    OperationEquivalence::IgnoreLocations);
}

namespace {
struct ShareKernels : roux::kernel::impl::ShareKernelsBase<ShareKernels> {
  void runOnOperation() override {
    getOperation().walk([&](LaunchOp launch) { launches[launch.getCallee()].push_back(launch); });
    for (FuncOp kernel : llvm::make_early_inc_range(getOperation().getOps<FuncOp>())) {
      if (!launches.contains(kernel.getSymName()))
        kernel.erase();
      else if (kernel->hasAttr(baseNameAttribute))
        share(kernel);
      else
        taken.insert(kernel.getSymName());
    }
    for (FuncOp kernel : joined)
      name(kernel);
  }

private:
  /// Keeps `kernel` or, if there is an equal one, launches that.
  void share(FuncOp kernel) {
    auto equal = llvm::find_if(joined, [&](FuncOp other) {
      return baseName(other) == baseName(kernel) && areEqual(other, kernel);
    });
    if (equal == joined.end())
      return joined.push_back(kernel);
    SmallVector<LaunchOp> moved = launches.lookup(kernel.getSymName());
    for (LaunchOp launch : moved)
      launch.setCallee(equal->getSymName());
    llvm::append_range(launches[equal->getSymName()], moved);
    kernel.erase();
  }

  /// The name that the kernel would have had without those that are gone.
  void name(FuncOp kernel) {
    std::string base = baseName(kernel).str(), name = base;
    for (int number = 2; !taken.insert(name).second; ++number)
      name = base + "_" + std::to_string(number);
    for (LaunchOp launch : launches.lookup(kernel.getSymName()))
      launch.setCallee(name);
    kernel.setSymName(name);
    kernel->removeAttr(baseNameAttribute);
  }

  llvm::StringMap<SmallVector<LaunchOp>> launches; ///< by the names that kernels come with
  llvm::StringSet<> taken;
  SmallVector<FuncOp> joined;
};
} // namespace
