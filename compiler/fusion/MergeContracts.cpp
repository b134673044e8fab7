//===- MergeContracts.cpp - products of one operand or of one sum ---------===//
//
// Query, key and value read the same rows, and what the three owe to them is one
// sum. Left apart, the rows are read three times and the sum is stored and read
// again between them; and on a machine with many cores each product alone leaves
// some of them idle.
//
//===----------------------------------------------------------------------===//
#include "compiler/fusion/ContractBodies.h"
#include "compiler/fusion/JoinedKernel.h"
#include "compiler/fusion/Passes.h"

namespace roux::kernel {
#define GEN_PASS_DEF_MERGECONTRACTS
#include "compiler/fusion/Passes.h.inc"
} // namespace roux::kernel

using namespace mlir;
using namespace roux::kernel;

static ContractOp contractOf(LaunchedKernels &kernels, LaunchOp launch) {
  return dyn_cast<ContractOp>(kernels.of(launch).getBody().front().front());
}

/// What the launch passes for the buffers that a body reads.
static SmallVector<Value> operandsRead(LaunchOp launch, Region &body) {
  SmallVector<Value> read;
  body.walk([&](LoadOp load) {
    if (auto argument = dyn_cast<BlockArgument>(load.getBuffer()))
      read.push_back(launch.getArguments()[argument.getArgNumber()]);
  });
  return read;
}

/// True if an operand body of both reads the same buffers.
static bool shareOperand(LaunchOp first, ContractOp a, LaunchOp second, ContractOp b) {
  auto share = [&](Region &body, Region &other) {
    SmallVector<Value> read = operandsRead(first, body);
    return !read.empty() && read == operandsRead(second, other);
  };
  for (unsigned at = 0; at < a.getLefts(); ++at)
    for (unsigned other = 0; other < b.getLefts(); ++other)
      if (share(a.left(at), b.left(other)))
        return true;
  for (unsigned at = 0; at < a.getRights(); ++at)
    for (unsigned other = 0; other < b.getRights(); ++other)
      if (share(a.right(at), b.right(other)))
        return true;
  return false;
}

/// The store of a result of `op` to `buffer`, of whole rows where the body stands.
static StoreOp storeOf(ContractOp op, Value buffer, unsigned &result) {
  for (result = 0; result < op.results(); ++result)
    for (StoreOp store : op.result(result).front().getOps<StoreOp>())
      if (store.getBuffer() == buffer && store.getIndices()[0] == op.result(result).getArgument(0))
        return store;
  return {};
}

namespace {
/// A load of the second contract and the store of the first whose row it is.
struct Forwarded {
  LoadOp load;
  StoreOp store;
  unsigned from, to; ///< results
};
} // namespace

/// What the second reads of what the first stores, in the joined kernel; none if a row is read that
/// may not be there yet.
static std::optional<SmallVector<Forwarded>> forwardedRows(ContractOp first, ContractOp second) {
  SmallVector<Forwarded> found;
  DenseSet<Value> stored;
  first.walk([&](StoreOp store) { stored.insert(store.getBuffer()); });
  for (Region &body : second.getBodies())
    for (LoadOp load : body.front().getOps<LoadOp>()) {
      if (!stored.contains(load.getBuffer()))
        continue;
      unsigned from = 0;
      StoreOp store = storeOf(first, load.getBuffer(), from);
      if (!store || second.isOperand(body) || load.getIndices().size() != 1 ||
          load.getIndices()[0] != body.getArgument(0) || load.getFrom() != store.getFrom() ||
          load.getType() != store.getValue().getType())
        return std::nullopt;
      unsigned to = body.getRegionNumber() - second.getLefts() - second.getRights();
      found.push_back({load, store, from, to});
    }
  return found;
}

/// Why the two launches are not one; empty if they may be.
static StringRef whyApart(bool dependent, ArrayRef<Forwarded> rows) {
  if (rows.empty() && dependent)
    return "one of them writes what the other touches";
  DenseSet<unsigned> from, to;
  for (const Forwarded &row : rows)
    from.insert(row.from), to.insert(row.to);
  if (from.size() > 1 || to.size() > 1)
    return "the second adds to several results of the first";
  return "";
}

/// Writes both contracts as one into `joined`; why not, if that cannot be.
static StringRef write(JoinedKernel &joined, ContractOp first, ContractOp second, bool dependent) {
  auto a = cast<ContractOp>(joined.builder.clone(*first, joined.first));
  auto b = cast<ContractOp>(joined.builder.clone(*second, joined.second));
  std::optional<SmallVector<Forwarded>> rows = forwardedRows(a, b);
  if (!rows)
    return "the second needs rows that the first has not finished";
  if (StringRef reason = whyApart(dependent, *rows); !reason.empty())
    return reason;
  ContractBodies bodies(a);
  size_t before = bodies.results.size();
  bodies.append(b);
  if (!rows->empty()) {
    for (Forwarded &row : *rows) {
      row.load.getResult().replaceAllUsesWith(row.store.getValue());
      row.load.erase();
    }
    bodies.meet(rows->front().from, before + rows->front().to);
    sinkStores(bodies.results[rows->front().from].body->front());
  }
  bodies.build(joined.builder, joined.builder.getFusedLoc({a.getLoc(), b.getLoc()}));
  a.erase();
  b.erase();
  return "";
}

static LaunchOp merge(LaunchedKernels &kernels, LaunchOp first, LaunchOp second,
                      std::string &whyNot) {
  if (first.getExtent() != second.getExtent())
    return {};
  ContractOp a = contractOf(kernels, first), b = contractOf(kernels, second);
  if (!a || !b || a.getForm() != b.getForm() || a.accumulator() != b.accumulator())
    return {};
  bool dependent = kernels.depend(first, second);
  bool adds = a.getForm() != Form::TN && dependent;
  if (!shareOperand(first, a, second, b) && !adds)
    return {};
  std::optional<Operation *> place = kernels.placeOfBoth(first, second);
  if (!place) {
    whyNot = "what lies between them needs the first and makes something for the second";
    return {};
  }
  JoinedKernel joined(kernels, first, second);
  whyNot = write(joined, a, b, dependent);
  if (!whyNot.empty())
    return {};
  LaunchOp launch = joined.finish(*place);
  whyNot = joined.whyNot;
  return launch;
}

namespace {
struct MergeContracts : roux::kernel::impl::MergeContractsBase<MergeContracts> {
  void runOnOperation() override { joinLaunches(getOperation(), "merge_contracts", merge); }
};
} // namespace
