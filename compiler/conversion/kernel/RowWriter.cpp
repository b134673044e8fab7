//===- RowWriter.cpp - kernel bodies, one call an operation ---------------===//
//
// Nothing here decides anything: each function is the operation it names.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/RowWriter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;

Value RowWriter::row() {
  return kernel::RowOp::create(*this, getIndexType());
}

Value RowWriter::index(int64_t value) {
  return arith::ConstantOp::create(*this, getIndexAttr(value));
}

Value RowWriter::number(double value) {
  return arith::ConstantOp::create(*this, getFloatAttr(accumulation, value));
}

Value RowWriter::convert(Value value, FloatType element) {
  auto row = dyn_cast<VectorType>(value.getType());
  auto from = dyn_cast<FloatType>(row ? row.getElementType() : value.getType());
  if (!from || from == element)
    return value;
  if (from.isF64() && element.isBF16()) // no processor does it at once
    return convert(convert(value, getF32Type()), element);
  Type to = row ? Type(row.clone(element)) : Type(element);
  return from.getWidth() < element.getWidth()
             ? arith::ExtFOp::create(*this, to, value).getResult()
             : arith::TruncFOp::create(*this, to, value).getResult();
}

Value RowWriter::raw(Value buffer, ValueRange at, int64_t from, int64_t columns) {
  auto type = cast<MemRefType>(buffer.getType());
  Type result = type.getElementType();
  if (type.getRank() > static_cast<int64_t>(at.size()))
    result = VectorType::get({columns ? columns : type.getShape().back() - from}, result);
  return kernel::LoadOp::create(*this, result, buffer, at, from);
}

Value RowWriter::load(Value buffer, ValueRange at, int64_t from, int64_t columns) {
  return convert(raw(buffer, at, from, columns), accumulation);
}

Value RowWriter::element(Value buffer, Value row, Value column) {
  Type type = cast<MemRefType>(buffer.getType()).getElementType();
  return convert(kernel::LoadOp::create(*this, type, buffer, ValueRange{row, column}),
                 accumulation);
}

Value RowWriter::loadIndex(Value buffer, Value at) {
  return arith::IndexCastOp::create(*this, getIndexType(), raw(buffer, at));
}

void RowWriter::store(Value value, Value buffer, Value at, int64_t from) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (auto floating = dyn_cast<FloatType>(element))
    value = convert(value, floating);
  kernel::StoreOp::create(*this, value, buffer, at, from);
}

void RowWriter::accumulate(Value value, Value buffer, Value at) {
  store(add(load(buffer, at), value), buffer, at);
}

Value RowWriter::spread(Value scalar, int64_t columns) {
  return vector::BroadcastOp::create(*this, VectorType::get({columns}, scalar.getType()), scalar);
}

Value RowWriter::sum(Value row) {
  return kernel::ReduceOp::create(*this, kernel::Reduction::Add, row);
}

Value RowWriter::largest(Value row) {
  return kernel::ReduceOp::create(*this, kernel::Reduction::Max, row);
}

Value RowWriter::fold(Value count, int64_t columns, llvm::function_ref<Value(Value j)> body) {
  auto fold =
      kernel::FoldOp::create(*this, VectorType::get({columns}, accumulation), index(0), count);
  InsertionGuard guard(*this);
  Block *block = createBlock(&fold.getBody(), {}, {getIndexType()}, {getLoc()});
  kernel::YieldOp::create(*this, body(block->getArgument(0)));
  return fold.getResult();
}

void RowWriter::contract(kernel::Form form, int64_t columns, RowOf left, RowOf right,
                         llvm::function_ref<void(Value row, Value sum)> result) {
  auto contract = kernel::ContractOp::create(*this, form, 1, 1, {0, 0}, {1});
  InsertionGuard guard(*this);
  Block *leftBody = createBlock(&contract.left(0), {}, {getIndexType()}, {getLoc()});
  kernel::YieldOp::create(*this, left(leftBody->getArgument(0)));
  Block *rightBody = createBlock(&contract.right(0), {}, {getIndexType()}, {getLoc()});
  kernel::YieldOp::create(*this, right(rightBody->getArgument(0)));
  Block *body =
      createBlock(&contract.result(0), {},
                  {getIndexType(), VectorType::get({columns}, accumulation)}, {getLoc(), getLoc()});
  result(body->getArgument(0), body->getArgument(1));
  kernel::YieldOp::create(*this);
}
