//===- VerifyLayers.cpp - functions that layers can be --------------------===//
//
// Layers are called by name, so that they fit is checked where symbols are known. A layer
// becomes the body of a loop where it is called: one that calls itself would never end.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Step.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace roux::step;

/// Finds `callee` and compares its type with what the call passes and takes.
static LogicalResult verifyOneCallee(Operation *op, FlatSymbolRefAttr callee,
                                     SymbolTableCollection &symbols, TypeRange operands,
                                     TypeRange results) {
  auto function = symbols.lookupNearestSymbolFrom<func::FuncOp>(op, callee);
  if (!function)
    return op->emitOpError() << "calls " << callee << ", which is no function here";
  auto expected = FunctionType::get(op->getContext(), operands, results);
  if (function.getFunctionType() == expected && !function.isExternal())
    return success();
  if (function.getFunctionType() == expected)
    return op->emitOpError() << "calls " << callee << ", which has no body";
  InFlightDiagnostic report = op->emitOpError()
                              << "needs a layer of type " << expected << " but " << callee
                              << " has type " << function.getFunctionType();
  report.attachNote(function.getLoc()) << "defined here";
  return report;
}

/// Layers within layers, at most: far more than any model has, and few enough for whoever follows
/// them by recursion.
static constexpr int64_t deepestNest = 8;

/// More than any model has, and few enough to be counted one by one.
static constexpr size_t mostLayers = 65536;

static ArrayAttr calleesOf(Operation *call) {
  if (auto layers = dyn_cast<LayersOp>(call))
    return layers.getCallees();
  if (auto gradients = dyn_cast<LayersGradOp>(call))
    return gradients.getCallees();
  return {};
}

namespace {
/// Who calls whom, from one call on.
class Nest {
public:
  Nest(Operation *call, SymbolTableCollection &symbols)
      : call(call), caller(call->getParentOfType<func::FuncOp>()), symbols(symbols) {}

  LogicalResult verify() {
    FailureOr<int64_t> depth = depthOf(call);
    if (succeeded(depth) && *depth > deepestNest)
      return call->emitOpError() << "has layers in layers, " << *depth << " deep or more, but "
                                 << deepestNest << " is the most";
    return depth;
  }

private:
  /// How many layers lie in one another below `from`; no more are looked at than decide it.
  FailureOr<int64_t> depthOf(Operation *from);
  FailureOr<int64_t> depthOfBody(func::FuncOp function);
  LogicalResult refuseCycle();

  Operation *call;
  func::FuncOp caller;
  SymbolTableCollection &symbols;
  SmallVector<func::FuncOp> path;
  DenseMap<Operation *, int64_t> known; ///< 0 also where it is being found out
};
} // namespace

LogicalResult Nest::refuseCycle() {
  InFlightDiagnostic report = call->emitOpError()
                              << "has a layer that calls itself: @" << caller.getSymName();
  for (func::FuncOp between : path)
    report << " calls @" << between.getSymName();
  report << " calls @" << caller.getSymName();
  return report;
}

FailureOr<int64_t> Nest::depthOf(Operation *from) {
  int64_t deepest = 0;
  for (auto name : calleesOf(from).getAsRange<FlatSymbolRefAttr>()) {
    auto function = symbols.lookupNearestSymbolFrom<func::FuncOp>(from, name);
    if (!function) // which its own call refuses
      continue;
    if (function == caller)
      return refuseCycle();
    FailureOr<int64_t> below = depthOfBody(function);
    if (failed(below))
      return failure();
    deepest = std::max(deepest, 1 + *below);
  }
  return deepest;
}

FailureOr<int64_t> Nest::depthOfBody(func::FuncOp function) {
  auto [depth, isNew] = known.try_emplace(function, 0);
  if (!isNew || static_cast<int64_t>(path.size()) >= deepestNest)
    return depth->second;
  path.push_back(function);
  int64_t deepest = 0;
  WalkResult walked = function.walk([&](Operation *op) {
    if (!calleesOf(op))
      return WalkResult::advance();
    FailureOr<int64_t> below = depthOf(op);
    deepest = std::max(deepest, below.value_or(0));
    return failed(below) ? WalkResult::interrupt() : WalkResult::advance();
  });
  path.pop_back();
  if (walked.wasInterrupted())
    return failure();
  return known[function] = deepest;
}

/// The same of every callee; there is one for some layer each.
template <typename Op>
static LogicalResult verifyCallees(Op op, SymbolTableCollection &symbols, TypeRange operands,
                                   TypeRange results) {
  size_t callees = op.getCallees().size(), count = op.getCount();
  if (callees < 1 || callees > count)
    return op.emitOpError() << "has " << callees << " callees but " << count << " layers";
  if (count > mostLayers)
    return op.emitOpError() << "has " << count << " layers but " << mostLayers << " is the most";
  for (auto callee : op.getCallees().template getAsRange<FlatSymbolRefAttr>())
    if (failed(verifyOneCallee(op, callee, symbols, operands, results)))
      return failure();
  return Nest(op, symbols).verify();
}

/// One slice of each of `stacks`, whose first dimension must be `count`.
static LogicalResult appendSlices(Operation *op, ValueRange stacks, int64_t count,
                                  SmallVectorImpl<Type> &types) {
  for (Value stack : stacks) {
    auto type = cast<RankedTensorType>(stack.getType());
    if (type.getRank() == 0 || type.getDimSize(0) != count)
      return op->emitOpError() << "a stack is " << type << " but there are " << count << " layers";
    types.push_back(sliceType(type));
  }
  return success();
}

/// Whether one of the callees of `op` appends to what it is given as operand `at`, or has layers
/// that do. `deepest` bounds what no verifier has seen yet.
static bool appends(LayersOp op, unsigned at, SymbolTableCollection &symbols, int64_t deepest) {
  if (deepest == 0)
    return false;
  for (auto name : op.getCallees().getAsRange<FlatSymbolRefAttr>()) {
    auto function = symbols.lookupNearestSymbolFrom<func::FuncOp>(op, name);
    if (!function || function.isExternal() || at >= function.getNumArguments())
      continue;
    for (OpOperand &use : function.getArgument(at).getUses()) {
      auto append = dyn_cast<AppendOp>(use.getOwner());
      auto inner = dyn_cast<LayersOp>(use.getOwner());
      if ((append && use.get() == append.getCache()) ||
          (inner && appends(inner, use.getOperandNumber(), symbols, deepest - 1)))
        return true;
    }
  }
  return false;
}

/// As of what one `step.append` overwrites, nothing else may read it.
static LogicalResult verifyAppended(LayersOp op, SymbolTableCollection &symbols) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.get().hasOneUse() || !appends(op, operand.getOperandNumber(), symbols, deepestNest))
      continue;
    InFlightDiagnostic report = op.emitOpError()
                                << "has a layer that appends to operand "
                                << operand.getOperandNumber() << ", which is used elsewhere, too";
    for (OpOperand &use : operand.get().getUses())
      if (&use != &operand)
        report.attachNote(use.getOwner()->getLoc())
            << "used here, as operand " << use.getOperandNumber();
    return report;
  }
  return success();
}

LogicalResult LayersOp::verifySymbolUses(SymbolTableCollection &symbols) {
  SmallVector<Type> operands{getInput().getType()}, results{getResult().getType()};
  llvm::append_range(operands, getShared().getTypes());
  if (failed(appendSlices(*this, getWeights(), getCount(), operands)) ||
      failed(appendSlices(*this, getSaved(), getCount(), results)))
    return failure();
  if (getInputs().getType() != stackType(getInput().getType(), getCount()))
    return emitOpError() << "inputs are " << getInputs().getType() << " but should be "
                         << stackType(getInput().getType(), getCount());
  if (auto again = static_cast<int64_t>(getAgain());
      again < 0 || (again > 0 && getActivations() == Activations::recompute))
    return emitOpError() << "computes " << again << " kept values again but "
                         << (again < 0 ? "none is the fewest" : "keeps none");
  if (failed(verifyCallees(*this, symbols, operands, results)))
    return failure();
  return verifyAppended(*this, symbols);
}

LogicalResult LayersGradOp::verifySymbolUses(SymbolTableCollection &symbols) {
  SmallVector<Type> operands{getGradient().getType()}, results{getInputGradient().getType()};
  if (failed(appendSlices(*this, getInputs(), getCount(), operands)))
    return failure();
  llvm::append_range(operands, getShared().getTypes());
  if (failed(appendSlices(*this, getWeights(), getCount(), operands)) ||
      failed(appendSlices(*this, getAccumulators(), getCount(), operands)) ||
      failed(appendSlices(*this, getSaved(), getCount(), operands)) ||
      failed(appendSlices(*this, getSums(), getCount(), results)))
    return failure();
  return verifyCallees(*this, symbols, operands, results);
}
