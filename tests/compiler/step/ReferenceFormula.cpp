//===- ReferenceFormula.cpp - a loss's region on numbers ------------------===//
//
// arith and math on scalars, in double; truth values are 0 and 1.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/Reference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstdlib>

using namespace mlir;

namespace roux::step::reference {

static double compare(arith::CmpFPredicate predicate, double x, double y) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return x == y;
  case arith::CmpFPredicate::UNE:
    return x != y;
  case arith::CmpFPredicate::OLT:
    return x < y;
  case arith::CmpFPredicate::OLE:
    return x <= y;
  case arith::CmpFPredicate::OGT:
    return x > y;
  case arith::CmpFPredicate::OGE:
    return x >= y;
  default:
    llvm::report_fatal_error("a comparison that no expression makes");
  }
}

static double constant(arith::ConstantOp op) {
  if (auto number = dyn_cast<FloatAttr>(op.getValue()))
    return number.getValueAsDouble();
  return cast<IntegerAttr>(op.getValue()).getValue().isZero() ? 0 : 1;
}

static double evaluate(Operation *op, ArrayRef<double> x) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([&](arith::ConstantOp op) { return constant(op); })
      .Case([&](arith::AddFOp) { return x[0] + x[1]; })
      .Case([&](arith::SubFOp) { return x[0] - x[1]; })
      .Case([&](arith::MulFOp) { return x[0] * x[1]; })
      .Case([&](arith::DivFOp) { return x[0] / x[1]; })
      .Case([&](arith::NegFOp) { return -x[0]; })
      .Case([&](arith::MaximumFOp) { return std::max(x[0], x[1]); })
      .Case([&](arith::MinimumFOp) { return std::min(x[0], x[1]); })
      .Case([&](arith::SelectOp) { return x[0] != 0 ? x[1] : x[2]; })
      .Case([&](arith::CmpFOp op) { return compare(op.getPredicate(), x[0], x[1]); })
      .Case([&](arith::AndIOp) { return double(x[0] != 0 && x[1] != 0); })
      .Case([&](arith::OrIOp) { return double(x[0] != 0 || x[1] != 0); })
      .Case([&](arith::XOrIOp) { return double((x[0] != 0) != (x[1] != 0)); })
      .Case([&](math::AbsFOp) { return std::fabs(x[0]); })
      .Case([&](math::FloorOp) { return std::floor(x[0]); })
      .Case([&](math::ExpOp) { return std::exp(x[0]); })
      .Case([&](math::LogOp) { return std::log(x[0]); })
      .Case([&](math::Log2Op) { return std::log2(x[0]); })
      .Case([&](math::SqrtOp) { return std::sqrt(x[0]); })
      .Case([&](math::PowFOp) { return std::pow(x[0], x[1]); })
      .Default([](Operation *op) -> double {
        op->emitError() << "has no meaning in the reference evaluator";
        std::abort();
      });
}

std::vector<double> runFormula(Region &formula, ArrayRef<double> arguments) {
  DenseMap<Value, double> values;
  for (auto [name, value] : llvm::zip_equal(formula.getArguments(), arguments))
    values[name] = value;
  auto valuesOf = [&](OperandRange range) {
    std::vector<double> found;
    for (Value value : range)
      found.push_back(values.lookup(value));
    return found;
  };
  for (Operation &op : formula.front().without_terminator())
    values[op.getResult(0)] = evaluate(&op, valuesOf(op.getOperands()));
  return valuesOf(formula.front().getTerminator()->getOperands());
}

} // namespace roux::step::reference
