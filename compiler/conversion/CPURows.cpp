//===- CPURows.cpp - row bodies on the CPU ---------------------------------===//
//
// A work item is a row, or a strip of a row's columns where the body folds over
// other rows and reduces nothing: then a single row still occupies all threads.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/CPULowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

Value roux::firstLanes(LoopBuilder &code, Value count, int64_t width) {
  auto lanes = llvm::to_vector(llvm::seq<int32_t>(0, width));
  auto type = VectorType::get(width, code.getI32Type());
  Value lane = arith::ConstantOp::create(code, DenseElementsAttr::get(type, ArrayRef(lanes)));
  Value bound = arith::IndexCastOp::create(code, code.getI32Type(), count);
  return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, lane, code.splat(bound, width));
}

int64_t CPURows::width(int64_t columns, unsigned bits) const {
  return std::min<int64_t>(2 * machine.lanes(bits), llvm::PowerOf2Ceil(columns));
}

LoopBuilder::Values CPURows::forColumns(LoopBuilder &code, int64_t columns, int64_t width,
                                        ValueRange carried,
                                        function_ref<LoopBuilder::Values(Chunk, ValueRange)> body) {
  Value first = low ? low : code.index(0), end = high ? high : code.index(columns);
  Value whole = code.mul(code.div(code.sub(end, first), width), width);
  Value tail = code.add(first, whole);
  auto values = code.loop(first, tail, width, carried, [&](Value column, ValueRange carried) {
    return body({column, width, {}}, carried);
  });
  auto last = [&] {
    return body({tail, width, firstLanes(code, code.sub(end, tail), width)}, values);
  };
  if ((low ? unit : columns) % width == 0)
    return values;
  if (!low)
    return last();
  Value left = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, tail, end);
  return code.when(left, values, last);
}

Value CPURows::combine(LoopBuilder &code, Reduction kind, Value lanes) {
  return reduceLanes(code, lanes, [&](Value a, Value b) { return join(code, kind, a, b); });
}

void CPURows::storeScalar(LoopBuilder &code, Value value, Value pointer) {
  code.store(value, pointer);
}

void roux::lowerRows(FuncOp function, CPUFunction &cpu) {
  Block &body = function.getBody().front();
  CPURows target(cpu.machine);
  int64_t columns = RowBody::splittableColumns(body);
  int64_t strip = columns ? target.width(columns, RowBody::widestElement(body)) : 1;
  int64_t strips = columns ? llvm::divideCeil(columns, strip) : 1;
  cpu.shape.itemsPerRow = strips;

  LoopBuilder &code = cpu.code;
  code.loop(cpu.begin, cpu.end, 1, [&](Value item) {
    IRMapping known = cpu.known;
    Value row = code.div(item, strips);
    for (RowOp op : body.getOps<RowOp>())
      known.map(op.getResult(), row);
    if (columns) {
      Value low = code.mul(code.rem(item, strips), strip);
      target.restrict(low, code.min(code.add(low, strip), code.index(columns)));
    }
    RowBody(code, body, known).emit(target);
  });
}
