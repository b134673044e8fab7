//===- FuseRows.cpp - a row body behind the one whose rows it reads -------===//
//
// A norm's gradient and the sum with the residual's, a cast and what it is for:
// between two row kernels a row goes through memory for nothing. A sum over all
// rows, a norm's weight's gradient, reads what the rows before have read.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/ContractBodies.h"
#include "compiler/fusion/JoinedKernel.h"
#include "compiler/fusion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

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

static LaunchOp fuseRows(LaunchedKernels &kernels, LaunchOp first, LaunchOp second,
                         std::string &whyNot) {
  std::optional<Operation *> place = kernels.placeOfBoth(first, second);
  if (!kernels.depend(first, second) || !place || !passSameBuffers(kernels, first, second))
    return {};
  JoinedKernel joined(kernels, first, second);
  for (Operation &op : kernels.of(first).getBody().front().without_terminator())
    joined.builder.clone(op, joined.first);
  SmallVector<Operation *> behind;
  for (Operation &op : kernels.of(second).getBody().front().without_terminator())
    behind.push_back(joined.builder.clone(op, joined.second));
  if (!forward(*joined.builder.getInsertionBlock(), behind)) {
    whyNot = "the second needs other rows of what the first stores, or stores there itself";
    return {};
  }
  LaunchOp launch = joined.finish(*place);
  whyNot = joined.whyNot;
  return launch;
}

/// The sum that `kernel`, launched for one row, is made for, if it is over as many rows as
/// `extent`.
static FoldOp soleFold(FuncOp kernel, LaunchOp launch, Value extent) {
  auto folds = kernel.getBody().front().getOps<FoldOp>();
  if (!matchPattern(launch.getExtent(), m_One()) || !llvm::hasSingleElement(folds))
    return {};
  FoldOp fold = *folds.begin();
  auto end = dyn_cast<BlockArgument>(fold.getEnd());
  bool isWhole = matchPattern(fold.getBegin(), m_Zero()) && end &&
                 launch.getArguments()[end.getArgNumber()] == extent;
  return isWhole ? fold : FoldOp();
}

static bool readsSame(LaunchedKernels &kernels, LaunchOp first, LaunchOp second) {
  for (auto [use, buffer] : llvm::zip(kernels.usesOf(first), first.getArguments()))
    for (auto [otherUse, other] : llvm::zip(kernels.usesOf(second), second.getArguments()))
      if (use.reads && otherUse.reads && buffer == other && isa<MemRefType>(buffer.getType()))
        return true;
  return false;
}

/// Storage for the sums of blocks of `block` rows of `extent`, declared before `place`. Its size is
/// told outside of all loops.
static BufferOp partialSums(Operation *place, Value extent, VectorType row, int64_t block) {
  Operation *outside = place;
  while (auto loop = outside->getParentOfType<RepeatOp>())
    outside = loop;
  OpBuilder builder(outside);
  Location where = place->getLoc();
  Value size = arith::ConstantIndexOp::create(builder, where, block);
  Value blocks = arith::CeilDivUIOp::create(builder, where, extent, size);
  builder.setInsertionPoint(place);
  auto type = MemRefType::get({ShapedType::kDynamic, row.getDimSize(0)}, row.getElementType());
  return BufferOp::create(builder, where, type, Role::Activation, "partial_sums", blocks);
}

/// `fold` of the second kernel as one over the rows of the first's body, which is in `joined`
/// already; what follows it becomes its region.
static bool appendFold(JoinedKernel &joined, FoldOp fold, Value partials) {
  Block &body = *joined.builder.getInsertionBlock();
  auto rows = body.getOps<RowOp>();
  Location where = fold.getLoc();
  Value row =
      rows.empty() ? RowOp::create(joined.builder, where).getResult() : (*rows.begin()).getResult();
  IRMapping known = joined.second;
  known.map(fold.getBody().getArgument(0), row);
  SmallVector<Operation *> behind;
  for (Operation &op : fold.getBody().front().without_terminator())
    behind.push_back(joined.builder.clone(op, known));
  Value value = known.lookup(cast<YieldOp>(fold.getBody().front().getTerminator()).getRow());
  auto sums = FoldRowsOp::create(joined.builder, where, value, partials);
  behind.push_back(sums);
  Block *region = joined.builder.createBlock(&sums.getResult(), {}, fold.getType(), where);
  IRMapping inRegion = joined.second;
  inRegion.map(fold.getResult(), region->getArgument(0));
  for (Operation &op : *fold->getBlock()) {
    if (isa<RowOp>(op))
      inRegion.map(op.getResult(0),
                   arith::ConstantIndexOp::create(joined.builder, where, 0).getResult());
    else if (!isa<FoldOp, ReturnOp>(op))
      joined.builder.clone(op, inRegion);
  }
  YieldOp::create(joined.builder, where);
  joined.builder.setInsertionPointToEnd(&body);
  return forward(body, behind);
}

static LaunchOp fuseFold(LaunchedKernels &kernels, LaunchOp first, LaunchOp second, FoldOp fold,
                         int64_t block, std::string &whyNot) {
  Value extent = first.getExtent();
  std::optional<Operation *> place = kernels.placeOfBoth(first, second);
  if (!place || !passSameBuffers(kernels, first, second) || !readsSame(kernels, first, second))
    return {};
  bool isKnownOutside = isa<ProgramOp>(extent.getParentRegion()->getParentOp());
  if (!isKnownOutside || !kernels.of(first).getBody().front().getOps<FoldOp>().empty())
    return {};
  JoinedKernel joined(kernels, first, second);
  for (Operation &op : kernels.of(first).getBody().front().without_terminator())
    joined.builder.clone(op, joined.first);
  BufferOp partials = partialSums(*place, extent, rowType(fold.getType()), block);
  LaunchOp launch;
  if (appendFold(joined, fold, joined.argumentFor(partials)))
    launch = joined.finish(*place);
  else
    whyNot = "the sum needs other rows of what the first stores";
  if (!launch) {
    partials.erase();
    whyNot = joined.whyNot.empty() ? whyNot : joined.whyNot;
  }
  return launch;
}

namespace {
struct FuseRows : roux::kernel::impl::FuseRowsBase<FuseRows> {
  using FuseRowsBase::FuseRowsBase;

  void runOnOperation() override {
    auto fuse = [&](LaunchedKernels &kernels, LaunchOp first, LaunchOp second,
                    std::string &whyNot) -> LaunchOp {
      FuncOp a = kernels.of(first), b = kernels.of(second);
      if (!isRowKernel(a) || !isRowKernel(b))
        return {};
      if (first.getExtent() == second.getExtent())
        return fuseRows(kernels, first, second, whyNot);
      FoldOp fold = foldBlock ? soleFold(b, second, first.getExtent()) : FoldOp();
      return fold ? fuseFold(kernels, first, second, fold, foldBlock, whyNot) : LaunchOp();
    };
    joinLaunches(getOperation(), "rows", fuse);
  }
};
} // namespace
