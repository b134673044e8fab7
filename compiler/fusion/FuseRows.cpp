//===- FuseRows.cpp - a row body behind the one whose rows it reads -------===//
//
// A norm's gradient and the sum with the residual's, a cast and what it is for:
// between two row kernels a row goes through memory for nothing.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/ContractBodies.h"
#include "compiler/fusion/JoinedKernel.h"
#include "compiler/fusion/Passes.h"

namespace roux::kernel {
#define GEN_PASS_DEF_FUSEROWS
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

/// The store of the body that stores what `load` reads, at the body's own row.
static StoreOp storeRead(Block &body, LoadOp load) {
  auto isOwn = [](auto access) {
    return access.getIndices().size() == 1 &&
           access.getIndices()[0].template getDefiningOp<RowOp>();
  };
  for (StoreOp store : body.getOps<StoreOp>())
    if (store.getBuffer() == load.getBuffer() && isOwn(store) && isOwn(load) &&
        store.getFrom() == load.getFrom() && store.getValue().getType() == load.getType())
      return store;
  return {};
}

/// Replaces what `second`, the operations behind the first's in `body`, reads of what the first
/// stores; false if it does anything else with it.
static bool forward(Block &body, ArrayRef<Operation *> second) {
  DenseSet<Value> stored;
  for (StoreOp store : body.getOps<StoreOp>())
    if (!llvm::is_contained(second, store.getOperation()))
      stored.insert(store.getBuffer());
  SmallVector<LoadOp> loads;
  for (Operation *op : second) {
    if (auto store = dyn_cast<StoreOp>(op); store && stored.contains(store.getBuffer()))
      return false;
    op->walk([&](LoadOp load) {
      if (stored.contains(load.getBuffer()))
        loads.push_back(load);
    });
  }
  for (LoadOp load : loads) {
    StoreOp store = storeRead(body, load);
    if (!store || load->getBlock() != &body)
      return false;
    load.getResult().replaceAllUsesWith(store.getValue());
    load.erase();
  }
  sinkStores(body);
  return true;
}

/// True if the launches touch what the first writes through the same buffer only.
static bool passSameBuffers(LaunchedKernels &kernels, LaunchOp first, LaunchOp second) {
  for (auto [use, buffer] : llvm::zip(kernels.usesOf(first), first.getArguments()))
    for (auto [otherUse, other] : llvm::zip(kernels.usesOf(second), second.getArguments()))
      if ((use.writes || otherUse.writes) && buffer != other && isa<MemRefType>(buffer.getType()) &&
          isa<MemRefType>(other.getType()) && mayOverlap(buffer, other))
        return false;
  return true;
}

static LaunchOp fuse(LaunchedKernels &kernels, LaunchOp first, LaunchOp second,
                     std::string &whyNot) {
  if (first.getExtent() != second.getExtent())
    return {};
  FuncOp a = kernels.of(first), b = kernels.of(second);
  if (!isRowKernel(a) || !isRowKernel(b) || !kernels.depend(first, second))
    return {};
  std::optional<Operation *> place = kernels.placeOfBoth(first, second);
  if (!place || !passSameBuffers(kernels, first, second))
    return {};
  JoinedKernel joined(kernels, first, second);
  for (Operation &op : a.getBody().front().without_terminator())
    joined.builder.clone(op, joined.first);
  SmallVector<Operation *> behind;
  for (Operation &op : b.getBody().front().without_terminator())
    behind.push_back(joined.builder.clone(op, joined.second));
  if (!forward(*joined.builder.getInsertionBlock(), behind)) {
    whyNot = "the second needs other rows of what the first stores, or stores there itself";
    return {};
  }
  LaunchOp launch = joined.finish(*place);
  whyNot = joined.whyNot;
  return launch;
}

namespace {
struct FuseRows : roux::kernel::impl::FuseRowsBase<FuseRows> {
  void runOnOperation() override { joinLaunches(getOperation(), "rows", fuse); }
};
} // namespace
