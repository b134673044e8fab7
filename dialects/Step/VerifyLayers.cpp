//===- VerifyLayers.cpp - functions that layers can be --------------------===//
//
// Layers are called by name, so that they fit is checked where symbols are known.
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
  if (function.getFunctionType() == expected)
    return success();
  InFlightDiagnostic report = op->emitOpError()
                              << "needs a layer of type " << expected << " but " << callee
                              << " has type " << function.getFunctionType();
  report.attachNote(function.getLoc()) << "defined here";
  return report;
}

/// The same of every callee; there is one for some layer each.
template <typename Op>
static LogicalResult verifyCallees(Op op, SymbolTableCollection &symbols, TypeRange operands,
                                   TypeRange results) {
  size_t callees = op.getCallees().size(), count = op.getCount();
  if (callees < 1 || callees > count)
    return op.emitOpError() << "has " << callees << " callees but " << count << " layers";
  for (auto callee : op.getCallees().template getAsRange<FlatSymbolRefAttr>())
    if (failed(verifyOneCallee(op, callee, symbols, operands, results)))
      return failure();
  return success();
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
  return verifyCallees(*this, symbols, operands, results);
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
