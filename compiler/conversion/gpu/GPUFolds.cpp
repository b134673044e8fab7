//===- GPUFolds.cpp - sums over all rows of a micro-batch on a GPU ---------===//
//
// A norm's gain, a bias or a step's loss is one row that sums as many as there are
// tokens. Its columns alone are too few for a GPU, and a thread that adds rows one after
// another waits for memory each time. So a block of threads has a few columns, 32 bytes
// of each row or more, and its threads share the rows: each has blocks of them as the
// target says, which are added in their order. The sum has the bits that one thread
// would give it.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPULowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// Threads of a block; numbers of a row that a block reads, at least: a sector of memory; rows that
/// a thread waits for at a time.
static constexpr int64_t threads = 512, leastNumbers = 16, rowsUnderWay = 4;

namespace {

class Folds {
public:
  Folds(Block &body, GPUFunction &gpu);
  void lower();

private:
  using Rows = DenseMap<Value, Value>;
  void run(Value row, Value strip);
  Value sumOf(FoldOp fold, RowBody &rows, const Rows &known);
  Value addParts(Value parts, Value count, Value total);
  Value isBelow(Value a, Value b) {
    return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, b);
  }

  Block &body;
  GPUFunction &gpu;
  LoopBuilder &code;
  int64_t columns, width;    ///< of a row; of a thread's access
  int64_t across = 1;        ///< threads side by side in a row
  int64_t groups;            ///< of threads, each with rows of its own
  Value group, lane, column; ///< a thread's
  Value exists, stores;      ///< its columns; and whether its group has the sum
};

} // namespace

Folds::Folds(Block &body, GPUFunction &gpu)
    : body(body), gpu(gpu), code(gpu.code), columns(RowBody::splittableColumns(body)),
      width(chunkOf(body)) {
  while (across * width < std::min(leastNumbers, columns))
    across *= 2;
  groups = threads / across;
}

/// `total` and the sums of the first `count` groups, in order.
Value Folds::addParts(Value parts, Value count, Value total) {
  Type type = total.getType(), number = getElementTypeOrSelf(type);
  return code.loop(code.index(0), count, 1, total, [&](Value part, ValueRange carried) {
    Value at = code.mul(code.add(code.mul(part, across), lane), width);
    Value sum = code.load(type, code.address(parts, number, at));
    return LoopBuilder::Values{join(code, Reduction::Add, carried[0], sum)};
  })[0];
}

/// A fold's sum, of the threads that store it. Each turn takes a block of rows a group.
Value Folds::sumOf(FoldOp fold, RowBody &rows, const Rows &known) {
  Type number = rowType(fold.getType()).getElementType();
  auto type = VectorType::get(width, number);
  Value parts = gpu.allocate(number, threads * width);
  Value begin = rows.valueOf(fold.getBegin()), end = rows.valueOf(fold.getEnd());
  int64_t block = gpu.target.foldBlock;
  auto turn = [&](Value first, ValueRange carried) {
    code.when(exists, {}, [&] {
      Value own = code.add(first, code.mul(group, block));
      Value stop = code.min(code.add(own, block), end);
      Value sum = rows.sumOf(fold, {column, width, {}}, own, stop, known, rowsUnderWay);
      code.store(sum, code.address(parts, number, code.mul(gpu.thread, width)));
      return LoopBuilder::Values();
    });
    gpu.barrier();
    Value left = code.div(code.add(code.sub(end, first), block - 1), block);
    LoopBuilder::Values next = code.when(stores, carried, [&] {
      Value count = code.min(left, code.index(groups));
      return LoopBuilder::Values{addParts(parts, count, carried[0])};
    });
    gpu.barrier(); // the parts have been read
    return next;
  };
  return code.loop(begin, end, groups * block, code.number(type, 0), turn)[0];
}

void Folds::run(Value row, Value strip) {
  group = code.div(gpu.thread, across), lane = code.rem(gpu.thread, across);
  column = code.mul(code.add(code.mul(strip, across), lane), width);
  exists = isBelow(column, code.index(columns));
  Value isFirst = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, group, code.index(0));
  stores = arith::AndIOp::create(code, exists, isFirst);
  IRMapping known = gpu.known;
  for (RowOp op : body.getOps<RowOp>())
    known.map(op.getResult(), row);
  RowBody rows(code, body, known);
  GPURows target(lane, across, {}, width);
  rows.emitScalars(target);
  Rows sums;
  for (FoldOp fold : body.getOps<FoldOp>())
    sums[fold.getResult()] = sumOf(fold, rows, sums);
  code.when(stores, {}, [&] {
    rows.storesAt({column, width, {}}, sums);
    return LoopBuilder::Values();
  });
}

void Folds::lower() {
  int64_t strips = llvm::divideCeil(columns, across * width);
  gpu.shape.threads = threads;
  gpu.shape.extentPerBlock = 1, gpu.shape.blocksPerGroup = strips;
  gpu.shape.blocksAtOnce = 1;
  Value row = code.div(gpu.block, strips);
  code.when(isBelow(row, gpu.extent), {}, [&] {
    run(row, code.rem(gpu.block, strips));
    return LoopBuilder::Values();
  });
}

void roux::lowerFolds(Block &body, GPUFunction &gpu) {
  Folds(body, gpu).lower();
}
