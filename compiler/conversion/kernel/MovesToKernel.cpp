//===- MovesToKernel.cpp - rows and columns go elsewhere ------------------===//
//
// What is looked up by a token, taken apart, put side by side, picked and put back.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;

static Value shifted(RowWriter &k, Value index, int64_t offset) {
  return offset ? arith::AddIOp::create(k, index, k.index(offset)).getResult() : index;
}

static LogicalResult lower(step::EmbeddingOp op, EntryLowering &entry) {
  entry.launch(
      named("embedding", op.getResult()), entry.tokens(),
      {entry.buffer(op.getIndexes()), entry.buffer(op.getTable()), entry.result(op.getResult())},
      [&](RowWriter &k, ValueRange a) {
        Value row = k.row();
        k.store(k.load(a[1], shifted(k, k.loadIndex(a[0], row), op.getOffset())), a[2], row);
      });
  return success();
}

/// The tokens of each id that occurs are one range of a list, which the runtime makes of the
/// column: rows `ids[i]` get the sum over `members[starts[i]]` to `members[starts[i + 1] - 1]`.
static LogicalResult lower(step::EmbeddingGradOp op, EntryLowering &entry) {
  SmallVector<Value> accumulators = entry.accumulators(op.getResult());
  if (accumulators.empty())
    return success();
  auto column = entry.buffer(op.getIndexes()).getDefiningOp<kernel::BufferOp>();
  std::string prefix = column.getName().str();
  int64_t columns = columnsOf(op.getResult());
  Value distinct = entry.extent(prefix + ".distinct"), ends = entry.extent(prefix + ".starts");
  auto list = cast<MemRefType>(column.getType());
  Value members = entry.input(prefix + ".members", list, entry.tokens());
  Value starts = entry.input(prefix + ".starts", list, ends);
  Value ids = entry.input(prefix + ".ids", list, distinct);
  for (Value where : accumulators)
    entry.launch(named("embedding_gradient", op.getGradient()), distinct,
                 {entry.buffer(op.getGradient()), members, starts, ids, where},
                 [&](RowWriter &k, ValueRange a) {
                   Value row = k.row();
                   Value begin = k.loadIndex(a[2], row);
                   Value end = k.loadIndex(a[2], arith::AddIOp::create(k, row, k.index(1)));
                   Value count = arith::SubIOp::create(k, end, begin);
                   Value sum = k.fold(count, columns, [&](Value j) {
                     Value at = arith::AddIOp::create(k, begin, j);
                     return k.load(a[0], k.loadIndex(a[1], at));
                   });
                   k.accumulate(sum, a[4], shifted(k, k.loadIndex(a[3], row), op.getOffset()));
                 });
  return success();
}

void roux::moveColumns(EntryLowering &entry, Value from, int64_t read, Value to, int64_t write,
                       int64_t columns, int64_t groups) {
  if (groups > 1) {
    from = entry.rows(from, columnsOf(from) / groups);
    to = entry.rows(to, columnsOf(to) / groups);
  }
  std::string name = "columns_" + std::to_string(read) + "_to_" + std::to_string(write) + "_" +
                     sizesOf(columns, elementOf(from));
  Value count = entry.times(entry.tokens(), groups);
  entry.launch(name, count, {from, to}, [&](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.raw(a[0], row, read, columns), a[1], row, write);
  });
}

static LogicalResult lower(step::SplitOp op, EntryLowering &entry) {
  int64_t first = 0;
  int64_t groups = op.getGroups();
  for (Value part : op.getParts()) {
    int64_t columns = columnsOf(part) / groups;
    moveColumns(entry, entry.buffer(op.getInput()), first, entry.result(part), 0, columns, groups);
    first += columns;
  }
  return success();
}

static LogicalResult lower(step::ConcatOp op, EntryLowering &entry) {
  Value whole = entry.result(op.getResult());
  int64_t first = 0;
  int64_t groups = op.getGroups();
  for (Value part : op.getParts()) {
    int64_t columns = columnsOf(part) / groups;
    moveColumns(entry, entry.buffer(part), 0, whole, first, columns, groups);
    first += columns;
  }
  return success();
}

/// The storage that a buffer's slices and windows look into.
static Value storageOf(Value buffer) {
  while (Operation *view = buffer.getDefiningOp()) {
    if (!isa<kernel::SliceOp, kernel::WindowOp>(view))
      break;
    buffer = view->getOperand(0);
  }
  return buffer;
}

/// The result lies where the cache lies.
static LogicalResult lower(step::AppendOp op, EntryLowering &entry) {
  Value cache = entry.result(op.getResult());
  if (storageOf(cache) != storageOf(entry.buffer(op.getCache())))
    return op.emitOpError() << "is not returned as the cache that it appends to";
  entry.launch(named("append", op.getRows()), entry.tokens(),
               {entry.buffer(op.getRows()), entry.buffer(op.getSlots()), cache},
               [](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.raw(a[0], row), a[2], k.loadIndex(a[1], row));
               });
  return success();
}

static LogicalResult lower(step::PickRowsOp op, EntryLowering &entry) {
  Value input = entry.buffer(op.getInput());
  entry.launch("pick_rows_" + rowName(input), entry.extentOf(op.getResult()),
               {input, entry.buffer(op.getRows()), entry.result(op.getResult())},
               [](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.raw(a[0], k.loadIndex(a[1], row)), a[2], row);
               });
  return success();
}

/// Each token looks up its place among the picked rows, which the runtime lists: -1 where it has
/// none. The sum over its one row, or none, is 0 then, and no row is read that may not exist.
static LogicalResult lower(step::ExpandRowsOp op, EntryLowering &entry) {
  auto rows = entry.buffer(op.getRows()).getDefiningOp<kernel::BufferOp>();
  if (!rows || rows.getRole() != kernel::Role::Input)
    return op.emitOpError() << "has rows that are computed; they have to be a column";
  auto type = cast<RankedTensorType>(op.getType());
  int64_t columns = type.getRank() == 1 ? 1 : columnsOf(op.getResult());
  Value tokens = entry.extentOf(op.getResult());
  auto list = MemRefType::get({ShapedType::kDynamic}, entry.host().getI32Type());
  Value places = entry.input((rows.getName() + ".place").str(), list, tokens);
  Value from = entry.rows(entry.buffer(op.getInput()), columns);
  Value to = entry.rows(entry.result(op.getResult()), columns);
  entry.launch("expand_rows_" + rowName(to), tokens, {from, places, to},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), place = k.loadIndex(a[1], row);
                 Value zero = k.index(0), one = k.index(1);
                 Value some = arith::CmpIOp::create(k, arith::CmpIPredicate::sge, place, zero);
                 Value count = arith::SelectOp::create(k, some, one, zero);
                 Value value = k.fold(count, columns, [&](Value j) {
                   Value at = arith::AddIOp::create(k, place, j);
                   return k.load(a[0], at);
                 });
                 k.store(value, a[2], row);
               });
  return success();
}

LogicalResult roux::lowerMove(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::EmbeddingOp, step::EmbeddingGradOp, step::SplitOp, step::ConcatOp, step::AppendOp,
            step::PickRowsOp, step::ExpandRowsOp>([&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
