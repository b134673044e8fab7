//===- KernelAccess.cpp - what a kernel does to its arguments -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/KernelAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux::kernel;

static RowRange fixed(int64_t begin, int64_t end) {
  return {RowRange::Fixed, begin, end};
}

static RowRange upTo(Value end) {
  APInt count;
  if (matchPattern(end, m_ConstantInt(&count)))
    return fixed(0, count.getSExtValue());
  if (auto argument = dyn_cast<BlockArgument>(end))
    return {RowRange::UpToArgument, 0, argument.getArgNumber()};
  return {};
}

/// What the argument of a region of a matmul or a fold runs over.
static RowRange rangeOfArgument(BlockArgument argument) {
  Region *region = argument.getOwner()->getParent();
  if (auto fold = dyn_cast<FoldOp>(region->getParentOp())) {
    APInt begin;
    bool fromStart = matchPattern(fold.getBegin(), m_ConstantInt(&begin)) && begin.isZero();
    return fromStart ? upTo(fold.getEnd()) : RowRange();
  }
  // The rows that a list of work names: all of them.
  if (isa<AttentionGradientOp>(region->getParentOp()))
    return {RowRange::Whole};
  auto contract = dyn_cast<ContractOp>(region->getParentOp());
  if (!contract)
    return {};
  RowRange extent{RowRange::UpToExtent};
  if (contract.getForm() == Form::TN) {
    unsigned operands = contract.getLefts() + contract.getRights();
    return contract.isOperand(*region)
               ? extent
               : fixed(0, contract.rows(region->getRegionNumber() - operands));
  }
  for (unsigned at = 0; at < contract.results(); ++at) {
    if (region == &contract.result(at))
      extent.factor = contract.getWindows()[at];
    for (ContractOp::Product product : contract.productsOf(at))
      if (region == &contract.right(product.right))
        return fixed(0, contract.getForm() == Form::NT ? contract.columns(at)
                                                       : contract.terms(product));
  }
  return extent;
}

static RowRange rangeOf(Value index) {
  APInt number;
  if (matchPattern(index, m_ConstantInt(&number)))
    return fixed(number.getSExtValue(), number.getSExtValue() + 1);
  if (auto argument = dyn_cast<BlockArgument>(index))
    return rangeOfArgument(argument);
  if (index.getDefiningOp<RowOp>())
    return {RowRange::UpToExtent};
  auto divide = index.getDefiningOp<arith::DivUIOp>();
  if (!divide || !matchPattern(divide.getRhs(), m_ConstantInt(&number)) ||
      !number.isStrictlyPositive())
    return {};
  RowRange range = rangeOf(divide.getLhs());
  if (range.kind != RowRange::UpToExtent)
    return {};
  range.divisor *= number.getSExtValue();
  return range;
}

/// The row of a row body, or that of a product's result.
static bool isOwnRow(Value index) {
  if (index.getDefiningOp<RowOp>())
    return true;
  auto argument = dyn_cast<BlockArgument>(index);
  auto contract =
      argument ? dyn_cast<ContractOp>(argument.getOwner()->getParentOp()) : ContractOp();
  return contract && !contract.isOperand(*argument.getOwner()->getParent());
}

/// The value before it was widened or narrowed.
static Value beforeConversion(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// The load whose row `store` stores again with something added to it; null if there is none, or
/// if the row is used for anything else.
static LoadOp addedTo(StoreOp store) {
  auto sum = beforeConversion(store.getValue()).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return {};
  for (Value term : {sum.getLhs(), sum.getRhs()}) {
    auto load = beforeConversion(term).getDefiningOp<LoadOp>();
    if (load && load.getResult().hasOneUse() && term.hasOneUse() &&
        load.getBuffer() == store.getBuffer() && load.getIndices() == store.getIndices() &&
        load.getFrom() == store.getFrom())
      return load;
  }
  return {};
}

/// Of `value` where it is stored: more may be made of it, or of what it was before it was narrowed.
static Readers readersOf(Value value) {
  while (value.hasOneUse()) {
    Operation *op = value.getDefiningOp();
    if (!op || !isa<arith::ExtFOp, arith::TruncFOp>(op))
      return Readers::Each;
    value = op->getOperand(0);
  }
  return Readers::Once;
}

namespace {
class Accesses {
public:
  llvm::SmallVector<Access> found;

  /// `Op` is a load or a store that moves `moved`.
  template <typename Op>
  void add(AccessKind kind, Op op, Type moved, Readers readers = Readers::Each) {
    auto argument = dyn_cast<BlockArgument>(op.getBuffer());
    auto type = cast<MemRefType>(op.getBuffer().getType());
    if (!argument)
      return;
    Access access{
        kind,   argument.getArgNumber(), fixed(0, 1), 1, static_cast<int64_t>(op.getFrom()), 1,
        readers};
    if (type.getRank() == 2 || op.getIndices().empty())
      access.rowElements = type.getShape().back();
    if (!op.getIndices().empty()) {
      access.rows = rangeOf(op.getIndices()[0]);
      access.isByRow = isOwnRow(op.getIndices()[0]);
    }
    if (auto row = rowType(moved)) {
      access.columns = row.getDimSize(0);
    } else if (op.getIndices().size() == 2) {
      RowRange column = rangeOf(op.getIndices()[1]);
      access.from = column.begin;
      if (column.kind != RowRange::Fixed)
        access.rows = {RowRange::Unknown};
    }
    found.push_back(access);
  }

  void addWhole(AccessKind kind, ValueRange buffers, Readers readers = Readers::Each) {
    for (Value buffer : buffers)
      if (auto argument = dyn_cast<BlockArgument>(buffer))
        found.push_back({kind, argument.getArgNumber(), {RowRange::Whole}, 1, 0, 1, readers});
  }
};
} // namespace

static bool operator==(const RowRange &a, const RowRange &b) {
  return a.kind == b.kind && a.begin == b.begin && a.end == b.end && a.factor == b.factor &&
         a.divisor == b.divisor;
}

/// Neighbouring columns of the same rows as one access: halves of a head are the head.
static llvm::SmallVector<Access> joinNeighbours(llvm::ArrayRef<Access> accesses) {
  llvm::SmallVector<Access> joined;
  for (const Access &access : accesses) {
    Access *left = llvm::find_if(joined, [&](const Access &other) {
      return other.kind == access.kind && other.argument == access.argument &&
             other.rows == access.rows && other.rowElements == access.rowElements &&
             other.readers == access.readers && other.isByRow == access.isByRow &&
             other.from + other.columns == access.from;
    });
    if (left == joined.end())
      joined.push_back(access);
    else
      left->columns += access.columns;
  }
  return joined;
}

llvm::SmallVector<Access> roux::kernel::accessesOf(FuncOp function) {
  Accesses accesses;
  DenseSet<Operation *> parts; // loads that belong to an addition
  function.walk([&](StoreOp store) {
    if (LoadOp load = addedTo(store))
      parts.insert(load);
  });
  function.walk([&](Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](LoadOp load) {
          if (!parts.contains(load))
            accesses.add(AccessKind::Read, load, load.getResult().getType());
        })
        .Case([&](StoreOp store) {
          accesses.add(addedTo(store) ? AccessKind::Add : AccessKind::Write, store,
                       store.getValue().getType(), readersOf(store.getValue()));
        })
        .Case([&](AttentionOp attention) {
          accesses.addWhole(AccessKind::Read, {attention.getQuery(), attention.getKey(),
                                               attention.getValue(), attention.getWork()});
          accesses.addWhole(AccessKind::Write, {attention.getOutput()});
          accesses.addWhole(AccessKind::Write, {attention.getLogsumexp()}, Readers::None);
        })
        .Case([&](FoldRowsOp fold) {
          accesses.addWhole(AccessKind::Write, {fold.getPartials()}, Readers::None);
        })
        .Case([&](AttentionGradientOp attention) {
          for (auto [at, operand] : llvm::enumerate(attention->getOperands()))
            accesses.addWhole(attention.isScratch(at) ? AccessKind::Write : AccessKind::Read,
                              operand, attention.isScratch(at) ? Readers::None : Readers::Each);
        });
  });
  // A row body reads everything before it stores.
  llvm::SmallVector<Access> ordered;
  for (bool reads : {true, false})
    llvm::copy_if(accesses.found, std::back_inserter(ordered),
                  [&](const Access &access) { return (access.kind == AccessKind::Read) == reads; });
  return joinNeighbours(ordered);
}
