//===- CPURows.cpp - row bodies on the CPU ---------------------------------===//
//
// A work item is a row, or a strip of a row's columns where the body folds over
// other rows and reduces nothing: then a single row still occupies all threads.
// Where a body's own rows are summed an item is a block of them.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPULowering.h"

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

/// Blocks of rows, each of which gathers its sums in its own row of the partial ones.
static void lowerFoldedRows(Block &body, CPUFunction &cpu) {
  LoopBuilder &code = cpu.code;
  CPURows target(cpu.machine);
  int64_t block = cpu.shape.extentPerItem = target.foldBlock();
  code.loop(cpu.begin, cpu.end, 1, [&](Value item) {
    for (FoldRowsOp fold : body.getOps<FoldRowsOp>()) {
      auto type = cast<MemRefType>(fold.getPartials().getType());
      int64_t columns = type.getDimSize(1);
      Value row = code.mul(item, columns);
      target.forColumns(code, columns, target.width(columns, 32), {}, [&](Chunk chunk, ValueRange) {
        Value zero = code.number(VectorType::get(chunk.width, type.getElementType()), 0);
        code.store(zero,
                   code.address(cpu.known.lookup(fold.getPartials()), type.getElementType(),
                                code.add(row, chunk.first)),
                   chunk.mask);
        return LoopBuilder::Values();
      });
    }
    Value first = code.mul(item, block), end = code.min(code.add(first, block), cpu.extent);
    code.loop(first, end, 1, [&](Value row) {
      IRMapping known = cpu.known;
      for (RowOp op : body.getOps<RowOp>())
        known.map(op.getResult(), row);
      RowBody rows(code, body, known);
      rows.gatherIn(item);
      rows.emit(target);
    });
  });
}

void roux::lowerRowSums(FuncOp function, CPUFunction &cpu) {
  LoopBuilder &code = cpu.code;
  CPURows target(cpu.machine);
  auto folds = function.getBody().front().getOps<FoldRowsOp>();
  int64_t columns = rowType((*folds.begin()).getValue().getType()).getDimSize(0);
  int64_t strip = target.width(columns, 32);
  cpu.shape.extentPerItem = 0; // strips of the one row
  cpu.shape.itemsPerRow = llvm::divideCeil(columns, strip);
  Value blocks = code.div(code.add(cpu.extent, target.foldBlock() - 1), target.foldBlock());
  code.loop(cpu.begin, cpu.end, 1, [&](Value item) {
    Value low = code.mul(item, strip);
    target.restrict(low, code.min(code.add(low, strip), code.index(columns)));
    for (FoldRowsOp fold : folds) {
      Block &body = fold.getResult().front();
      auto type = cast<MemRefType>(fold.getPartials().getType());
      auto sum = [&](Value, Chunk chunk) {
        auto vector = VectorType::get(chunk.width, type.getElementType());
        return code.loop(
            code.index(0), blocks, 1, code.number(vector, 0), [&](Value block, ValueRange carried) {
              Value at = code.add(code.mul(block, columns), chunk.first);
              Value from =
                  code.address(cpu.known.lookup(fold.getPartials()), type.getElementType(), at);
              return LoopBuilder::Values{
                  join(code, Reduction::Add, carried[0], code.load(vector, from, chunk.mask))};
            })[0];
      };
      RowBody(code, body, cpu.known, sum).emit(target);
    }
  });
}

void roux::lowerRows(FuncOp function, CPUFunction &cpu) {
  Block &body = function.getBody().front();
  if (!body.getOps<FoldRowsOp>().empty())
    return lowerFoldedRows(body, cpu);
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
