//===- RowBody.cpp - row bodies cut into chunks, for any target -----------===//
//
// See the header. The verifier of the dialect guarantees what this relies on:
// every row op is elementwise, and no load is repeated after its buffer was
// stored.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/RowBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

Value roux::join(LoopBuilder &code, Reduction kind, Value a, Value b) {
  switch (kind) {
  case Reduction::Add:
    return arith::AddFOp::create(code, a, b);
  case Reduction::Max:
    return arith::MaximumFOp::create(code, a, b);
  case Reduction::Min:
    return arith::MinimumFOp::create(code, a, b);
  }
  llvm_unreachable("no other reduction");
}

static double neutral(Reduction kind) {
  if (kind == Reduction::Add)
    return 0;
  double infinity = std::numeric_limits<double>::infinity();
  return kind == Reduction::Max ? -infinity : infinity;
}

static int64_t columns(Value row) {
  return rowType(row.getType()).getDimSize(0);
}

static bool makesRow(Operation &op) {
  return llvm::any_of(op.getResultTypes(), [](Type type) { return isa<VectorType>(type); });
}

unsigned RowBody::widestElement(Block &body) {
  unsigned bits = 32;
  body.walk([&](Operation *op) {
    for (Value value : op->getResults())
      if (auto row = rowType(value.getType()); row && isa<FloatType>(row.getElementType()))
        bits = std::max(bits, row.getElementTypeBitWidth());
  });
  return bits;
}

int64_t RowBody::splittableColumns(Block &body) {
  if (body.getOps<FoldOp>().empty() || !body.getOps<ReduceOp>().empty())
    return 0;
  int64_t columns = 0;
  for (StoreOp store : body.getOps<StoreOp>()) {
    auto row = rowType(store.getValue().getType());
    if (!row)
      return 0;
    columns = row.getDimSize(0);
  }
  return columns;
}

bool RowBody::foldsAllRows(Block &body) {
  auto isGiven = [](Value bound) {
    return isa<BlockArgument>(bound) || matchPattern(bound, m_Constant());
  };
  return splittableColumns(body) > 0 && llvm::all_of(body.getOps<FoldOp>(), [&](FoldOp fold) {
           return isGiven(fold.getBegin()) && isGiven(fold.getEnd()) &&
                  isa<BlockArgument>(fold.getEnd());
         });
}

Value RowBody::pointer(Value buffer, ValueRange indices, Value from) {
  auto type = cast<MemRefType>(buffer.getType());
  Value at = indices.empty() ? Value() : known.lookup(indices[0]);
  if (at && type.getRank() == 2)
    at = code.mul(at, type.getDimSize(1));
  if (indices.size() == 2)
    at = code.add(at, known.lookup(indices[1]));
  if (from)
    at = at ? code.add(at, from) : from;
  return code.address(known.lookup(buffer), type.getElementType(), at);
}

void RowBody::emitScalar(Operation &op, RowTarget &target) {
  BuiltAt at(code, op.getLoc());
  if (auto load = dyn_cast<LoadOp>(op)) {
    Value from = pointer(load.getBuffer(), load.getIndices(), {});
    known.map(load.getResult(), code.load(load.getResult().getType(), from));
  } else if (auto store = dyn_cast<StoreOp>(op)) {
    target.storeScalar(code, known.lookup(store.getValue()),
                       pointer(store.getBuffer(), store.getIndices(), {}));
  } else if (!isa<RowOp>(op)) { // the row's index is known from outside
    code.clone(op, known);
  }
}

/// True if computing `row` needs one of `reductions`.
static bool needs(Value row, ArrayRef<ReduceOp> reductions) {
  SmallVector<Value> todo = {row};
  DenseSet<Value> seen;
  while (!todo.empty()) {
    Value value = todo.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || !seen.insert(value).second)
      continue;
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (llvm::is_contained(reductions, reduce))
        return true;
      continue;
    }
    op->walk([&](Operation *inner) { llvm::append_range(todo, inner->getOperands()); });
  }
  return false;
}

Value RowBody::foldedRow(FoldOp op, Chunk chunk, Value j, const DenseMap<Value, Value> &outside) {
  Block &inner = op.getBody().front();
  IRMapping around = known;
  known.map(inner.getArgument(0), j);
  DenseMap<Value, Value> rows = outside;
  for (Operation &scalar : inner.without_terminator())
    if (auto load = dyn_cast<LoadOp>(scalar); load && !makesRow(scalar)) {
      Value from = pointer(load.getBuffer(), load.getIndices(), {});
      known.map(load.getResult(), code.load(load.getResult().getType(), from));
    } else if (!makesRow(scalar)) {
      code.clone(scalar, known);
    }
  Value row = rowAt(cast<YieldOp>(inner.getTerminator()).getRow(), chunk, rows);
  known = around;
  return row;
}

Value RowBody::sumOf(FoldOp op, Chunk chunk, Value first, Value stop,
                     const DenseMap<Value, Value> &outside, int64_t together) {
  auto type = VectorType::get(chunk.width, rowType(op.getType()).getElementType());
  auto rowsFrom = [&](Value begin, Value end, int64_t step, Value start) {
    return code.loop(begin, end, step, start, [&](Value j, ValueRange sum) {
      LoopBuilder::Values rows;
      for (int64_t i = 0; i < step; ++i)
        rows.push_back(foldedRow(op, chunk, code.add(j, i), outside));
      Value next = sum[0];
      for (Value row : rows)
        next = join(code, Reduction::Add, next, row);
      return LoopBuilder::Values{next};
    })[0];
  };
  Value zero = code.number(type, 0);
  if (together == 1)
    return rowsFrom(first, stop, 1, zero);
  Value count = code.max(code.sub(stop, first), code.index(0));
  Value whole = code.add(first, code.mul(code.div(count, together), together));
  return rowsFrom(whole, stop, 1, rowsFrom(first, whole, together, zero));
}

Value RowBody::fold(FoldOp op, Chunk chunk, DenseMap<Value, Value> &outside) {
  auto type = VectorType::get(chunk.width, rowType(op.getType()).getElementType());
  Value end = known.lookup(op.getEnd());
  auto blocks = code.loop(known.lookup(op.getBegin()), end, foldBlock, code.number(type, 0),
                          [&](Value block, ValueRange total) {
                            Value stop = code.min(code.add(block, foldBlock), end);
                            Value sum = sumOf(op, chunk, block, stop, outside);
                            return LoopBuilder::Values{join(code, Reduction::Add, total[0], sum)};
                          });
  return blocks[0];
}

/// The columns' own indices at `chunk`, as `element` integers.
static Value columnIndices(LoopBuilder &code, Chunk chunk) {
  SmallVector<int32_t> lanes(llvm::to_vector(llvm::seq<int32_t>(0, chunk.width)));
  auto type = VectorType::get(chunk.width, code.getI32Type());
  Value lane = arith::ConstantOp::create(code, DenseElementsAttr::get(type, ArrayRef(lanes)));
  Value first = arith::IndexCastOp::create(code, code.getI32Type(), chunk.first);
  return arith::AddIOp::create(code, lane, code.splat(first, chunk.width));
}

Value RowBody::rowAt(Value row, Chunk chunk, DenseMap<Value, Value> &rows) {
  if (Value done = rows.lookup(row))
    return done;
  Operation *op = row.getDefiningOp();
  if (!op)
    return rows[row] = rowsGiven(row, chunk);
  BuiltAt at(code, op->getLoc());
  auto type = VectorType::get(chunk.width, rowType(row.getType()).getElementType());
  DenseElementsAttr constant;
  Value result;
  if (auto load = dyn_cast<LoadOp>(op)) {
    Value from = code.add(chunk.first, load.getFrom());
    result = code.load(type, pointer(load.getBuffer(), load.getIndices(), from), chunk.mask);
  } else if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    result = code.splat(known.lookup(broadcast.getSource()), chunk.width);
  } else if (isa<ColumnOp>(op)) {
    result = columnIndices(code, chunk);
  } else if (auto sum = dyn_cast<FoldOp>(op)) {
    result = fold(sum, chunk, rows);
  } else if (auto part = dyn_cast<PartOp>(op)) {
    DenseMap<Value, Value> there;
    chunk.first = code.add(chunk.first, part.getFrom());
    result = rowAt(part.getRow(), chunk, there);
  } else if (matchPattern(op, m_Constant(&constant))) {
    result = arith::ConstantOp::create(
        code, DenseElementsAttr::get(type, constant.getSplatValue<Attribute>()));
  } else {
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, isa<VectorType>(operand.getType()) ? rowAt(operand, chunk, rows)
                                                               : known.lookup(operand));
    Operation *part = code.clone(*op, operands);
    part->getResult(0).setType(type);
    result = part->getResult(0);
  }
  return rows[row] = result;
}

void RowBody::reducePending(RowTarget &target) {
  unsigned bits = widestElement(body);
  llvm::MapVector<int64_t, SmallVector<ReduceOp>> loops;
  for (ReduceOp reduce : pending)
    loops[columns(reduce.getRow())].push_back(reduce);
  for (auto &[count, reductions] : loops) {
    int64_t width = target.width(count, bits);
    LoopBuilder::Values start;
    for (ReduceOp reduce : reductions)
      start.push_back(
          code.number(VectorType::get(width, reduce.getType()), neutral(reduce.getKind())));
    auto lanes = target.forColumns(code, count, width, start, [&](Chunk chunk, ValueRange carried) {
      DenseMap<Value, Value> rows;
      LoopBuilder::Values next;
      for (auto [index, reduce] : llvm::enumerate(reductions)) {
        Value part = rowAt(reduce.getRow(), chunk, rows);
        if (chunk.mask)
          part = arith::SelectOp::create(code, chunk.mask, part, start[index]);
        next.push_back(join(code, reduce.getKind(), carried[index], part));
      }
      return next;
    });
    for (auto [index, reduce] : llvm::enumerate(reductions)) {
      BuiltAt at(code, reduce.getLoc());
      known.map(reduce.getResult(), target.combine(code, reduce.getKind(), lanes[index]));
    }
  }
  pending.clear();
}

void RowBody::emitScalars(RowTarget &target) {
  foldBlock = target.foldBlock();
  for (Operation &op : body.without_terminator()) {
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (needs(reduce.getRow(), pending))
        reducePending(target);
      pending.push_back(reduce);
      continue;
    }
    auto store = dyn_cast<StoreOp>(op);
    if (makesRow(op) || (store && rowType(store.getValue().getType())) || isa<FoldRowsOp>(op))
      continue;
    if (llvm::any_of(op.getOperands(), [&](Value v) {
          auto reduce = v.getDefiningOp<ReduceOp>();
          return reduce && llvm::is_contained(pending, reduce);
        }))
      reducePending(target);
    emitScalar(op, target);
  }
  reducePending(target);
}

void RowBody::storesAt(Chunk chunk, DenseMap<Value, Value> rows) {
  SmallVector<StoreOp> stores;
  for (StoreOp store : body.getOps<StoreOp>())
    if (rowType(store.getValue().getType()))
      stores.push_back(store);
  for (StoreOp store : stores)
    rowAt(store.getValue(), chunk, rows);
  for (FoldRowsOp fold : body.getOps<FoldRowsOp>())
    rowAt(fold.getValue(), chunk, rows);
  // Only now, for a store may be to a buffer that another value was read from.
  for (StoreOp store : stores) {
    BuiltAt at(code, store.getLoc());
    Value from = code.add(chunk.first, store.getFrom());
    code.store(rows[store.getValue()], pointer(store.getBuffer(), store.getIndices(), from),
               chunk.mask);
  }
  for (FoldRowsOp fold : body.getOps<FoldRowsOp>()) {
    BuiltAt here(code, fold.getLoc());
    auto type = cast<MemRefType>(fold.getPartials().getType());
    Value at = code.add(code.mul(foldedRows, type.getDimSize(1)), chunk.first);
    Value to = code.address(known.lookup(fold.getPartials()), type.getElementType(), at);
    Value row = rows[fold.getValue()];
    Value sum = code.load(row.getType(), to, chunk.mask);
    code.store(join(code, Reduction::Add, sum, row), to, chunk.mask);
  }
}

/// Of every row that `body` stores or sums; 0 if there is none.
static int64_t storedColumns(Block &body) {
  for (Operation &op : body)
    if (isa<StoreOp, FoldRowsOp>(op))
      if (auto row = rowType(op.getOperand(0).getType()))
        return row.getDimSize(0);
  return 0;
}

void RowBody::storeRows(RowTarget &target) {
  int64_t count = storedColumns(body);
  if (!count)
    return;
  target.beforeStores(code);
  target.forColumns(code, count, target.width(count, widestElement(body)), {},
                    [&](Chunk chunk, ValueRange) {
                      storesAt(chunk);
                      return LoopBuilder::Values();
                    });
}

void RowBody::emit(RowTarget &target) {
  emitScalars(target);
  storeRows(target);
}
