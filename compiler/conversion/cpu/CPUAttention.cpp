//===- CPUAttention.cpp - attention over segments on the CPU --------------===//
//
// Flash attention. An item is a block of queries of one head, or a query's heads of one group:
// these are rows to it just so. Its keys stream past in blocks; each row keeps the largest score so
// far and the sum of exponentials relative to it, and rescales what it has gathered when the
// largest grows, so scores are never in memory for more than a block. Where bf16 is multiplied in
// pairs the weights of a block are rounded to it.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUAttention.h"
#include "compiler/conversion/cpu/CPUSoftmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

class Forward {
public:
  Forward(AttentionOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code), type(sumsOf(op.getQuery())),
        tiles(cpu, type, attendsInPairs(cpu.machine, op.getQuery(), op.headColumns()),
              Tiles::Size::Narrow, mostRows(op), fewRows(op) ? op.headColumns() : 0),
        copies(cpu, tiles), columns(op.headColumns()), padded(tiles.paddedColumns(columns)),
        keyBlock(cpu.machine.attentionStream), row(VectorType::get(tiles.lanes, type)) {}

  void lower();

private:
  static int64_t share(AttentionOp op) { return op.getHeads() / op.getKvHeads(); }
  static int64_t mostRows(AttentionOp op) { return op.getGrouped() ? share(op) : op.getBlock(); }
  static bool fewRows(AttentionOp op) { return mostRows(op) <= 8; }
  /// Of an item, up to whole tiles and whole groups. The first tile may begin anywhere.
  int64_t paddedRows() {
    return std::max<int64_t>(tiles.paddedRows(mostRows(op)) + tiles.tileRows,
                             llvm::alignTo(mostRows(op), tiles.lanes));
  }
  void item(AttentionItem item);
  void keys(AttentionItem item, Value first, Value count);
  struct Block {
    Value first, count; ///< keys
    Value firstRow;     ///< of the item that sees any
  };
  AttentionItem itemOf(AttentionItem listed);
  HeadRows rowsOf(Value buffer, AttentionItem item);
  Value visible(AttentionItem item, Value i, Block block, int64_t lane);
  Value scoreAt(Value i, int64_t lane);
  void weighRows(AttentionItem item, Block block);
  void largestScores(AttentionItem item, Value group, Block block);
  void exponentials(AttentionItem item, Value group, Block block);
  template <typename Body>
  Value reduceGroup(Value group, Value join(LoopBuilder &, Value, Value), Body &&lanesOf);
  void finish(AttentionItem item);
  Value cell(Value base, Value at) { return code.address(base, type, at); }
  Value minusInfinity() { return code.number(row, -std::numeric_limits<double>::infinity()); }

  AttentionOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  FloatType type;
  Tiles tiles;
  HeadCopies copies;
  int64_t columns, padded;
  /// Keys and values serve few rows, so laying them out would cost more than it saves.
  bool usesOnce =
      fewRows(op) && !tiles.blocks && columns % (tiles.lanes * (tiles.pairs ? 2 : 1)) == 0;
  int64_t keyBlock; ///< keys of a block: their scores and values stay in the nearer caches
  VectorType row;   ///< a vector's worth of scores of a query, or of a number of so many queries
  Value queries, keysTransposed, values, scores, weights, gathered;
  Value largest, sums;       ///< of each query so far
  Value references, shrinks; ///< of each query of a group: what its scores are relative to
  Value lanesOfRows;         ///< of each query of a group, not yet reduced
};

} // namespace

AttentionItem Forward::itemOf(AttentionItem listed) {
  if (op.getGrouped()) {
    listed.firstRow =
        code.add(code.mul(listed.firstRow, op.getHeads()), code.mul(listed.head, share(op)));
    listed.rows = code.index(share(op));
  }
  return listed;
}

/// Its rows of queries or results.
HeadRows Forward::rowsOf(Value buffer, AttentionItem item) {
  HeadRows rows = headRows(cpu, buffer, op.getHeads(), item.head);
  if (op.getGrouped())
    rows.rowColumns = columns, rows.head = code.index(0);
  return rows;
}

/// Which keys of the block from `lane` on query i sees.
Value Forward::visible(AttentionItem item, Value i, Block block, int64_t lane) {
  Value position = item.position; // counted from the first key
  if (!op.getGrouped())
    position = code.add(position, i);
  Value offset = code.add(code.sub(block.first, item.streamBegin), lane);
  Value high = code.min(code.sub(code.add(position, 1), offset), code.add(block.count, -lane));
  Value mask = firstLanes(code, high, tiles.lanes);
  if (!op.getWindow())
    return mask;
  Value low = code.sub(code.add(position, 1 - (int64_t)op.getWindow()), offset);
  Value all = arith::ConstantOp::create(
      code, DenseElementsAttr::get(VectorType::get(tiles.lanes, code.getI1Type()), true));
  Value hidden = firstLanes(code, low, tiles.lanes);
  return arith::AndIOp::create(code, mask, arith::XOrIOp::create(code, hidden, all));
}

Value Forward::scoreAt(Value i, int64_t lane) {
  Value score = code.load(row, cell(scores, code.add(code.mul(i, keyBlock), lane)));
  if (tiles.pairs) // else the queries were scaled
    score = arith::MulFOp::create(code, score, code.number(row, op.getScale().convertToDouble()));
  return softcapped(code, score, op.getSoftcap());
}

/// A number of each query of the group from what `lanesOf` makes of a query.
template <typename Body>
Value Forward::reduceGroup(Value group, Value join(LoopBuilder &, Value, Value), Body &&lanesOf) {
  // A sequence that is being written has one query: what the other lanes hold is never read.
  int64_t queries = std::min<int64_t>(tiles.lanes, mostRows(op));
  code.loop(code.index(0), code.index(queries), 1, [&](Value i) {
    code.store(lanesOf(code.add(group, i), i), cell(lanesOfRows, code.mul(i, tiles.lanes)));
  });
  SmallVector<Value> rows;
  for (int64_t i = 0; i < tiles.lanes; ++i)
    rows.push_back(code.load(row, cell(lanesOfRows, code.index(i * tiles.lanes))));
  return reduceEachRow(code, rows, [&](Value a, Value b) { return join(code, a, b); });
}

/// Finds what the group's scores will be relative to, and what that makes of sums so far.
void Forward::largestScores(AttentionItem item, Value group, Block block) {
  Value best = reduceGroup(group, larger, [&](Value i, Value) {
    Value best = minusInfinity();
    for (int64_t lane = 0; lane < keyBlock; lane += tiles.lanes)
      best = larger(code, best,
                    arith::SelectOp::create(code, visible(item, i, block, lane), scoreAt(i, lane),
                                            minusInfinity()));
    return best;
  });
  Value old = code.load(row, cell(largest, group)), now = larger(code, old, best);
  auto isNone = [&](Value number) {
    return arith::CmpFOp::create(code, arith::CmpFPredicate::OEQ, number, minusInfinity());
  };
  // A query that has seen no key yet: nothing to scale, and inf - inf must not arise.
  Value zero = code.number(row, 0);
  Value reference = arith::SelectOp::create(code, isNone(now), zero, now);
  Value shrink = softmaxExponential(code, arith::SubFOp::create(code, old, reference));
  code.store(now, cell(largest, group));
  code.store(reference, cell(references, code.index(0)));
  code.store(arith::SelectOp::create(code, isNone(old), zero, shrink),
             cell(shrinks, code.index(0)));
}

/// The group's scores become weights; what was gathered before is scaled to them.
void Forward::exponentials(AttentionItem item, Value group, Block block) {
  auto plus = [](LoopBuilder &code, Value a, Value b) -> Value {
    return arith::AddFOp::create(code, a, b);
  };
  Value total = reduceGroup(group, plus, [&](Value i, Value inGroup) {
    Value reference = code.splat(code.load(type, cell(references, inGroup)), tiles.lanes);
    Value none = code.number(row, 0), sum = none;
    for (int64_t lane = 0; lane < keyBlock; lane += tiles.lanes) {
      Value weight =
          softmaxExponential(code, arith::SubFOp::create(code, scoreAt(i, lane), reference));
      weight = arith::SelectOp::create(code, visible(item, i, block, lane), weight, none);
      Value kept = tiles.rounded(weight);
      Value at = code.add(code.mul(i, keyBlock), lane);
      code.store(kept, code.address(weights, getElementTypeOrSelf(kept.getType()), at));
      sum = plus(code, sum, weight);
    }
    Value shrink = code.splat(code.load(type, cell(shrinks, inGroup)), tiles.lanes);
    code.loop(code.index(0), code.index(padded), tiles.lanes, [&](Value column) {
      Value at = cell(gathered, code.add(code.mul(i, padded), column));
      code.store(arith::MulFOp::create(code, code.load(row, at), shrink), at);
    });
    return sum;
  });
  Value before = arith::MulFOp::create(code, code.load(row, cell(sums, group)),
                                       code.load(row, cell(shrinks, code.index(0))));
  code.store(plus(code, before, total), cell(sums, group));
}

void Forward::weighRows(AttentionItem item, Block block) {
  code.loop(block.firstRow, item.rows, tiles.lanes, [&](Value group) {
    largestScores(item, group, block);
    exponentials(item, group, block);
  });
}

void Forward::keys(AttentionItem item, Value first, Value count) {
  int64_t panel = tiles.panel();
  Value group = op.getGrouped() ? item.head : code.div(item.head, share(op));
  HeadRows keyRows = headRows(cpu, op.getKey(), op.getKvHeads(), group);
  HeadRows valueRows = headRows(cpu, op.getValue(), op.getKvHeads(), group);
  Value firstRow = op.getGrouped() ? code.index(0) : firstSeeing(code, item, first);
  if (usesOnce) {
    copies.multiply(queries, padded, mostRows(op), keyRows, first, count, scores,
                    {keyRows, valueRows}, keyBlock);
  } else {
    copies.transpose(keyRows, first, count, keysTransposed, columns * panel);
    tiles.product(firstRow, item.rows, count, code.index(tiles.words(columns)),
                  {queries, padded, 1}, {keysTransposed, columns * panel, panel}, scores, keyBlock,
                  false);
  }
  weighRows(item, {first, count, firstRow});
  LeftTile left{weights, tiles.words(keyBlock), 1};
  if (usesOnce && columns % panel == 0) {
    Value begin = copies.at(valueRows, first, code.index(0)), last = code.add(count, -1);
    RowsInPlace right{begin, valueRows.element, valueRows.rowColumns, last};
    return tiles.product(mostRows(op), columns, count, left, right, gathered, padded);
  }
  copies.copyPanels(valueRows, first, count, values, keyBlock * panel);
  tiles.product(firstRow, item.rows, code.index(columns), tiles.words(count), left,
                {values, keyBlock * panel, panel}, gathered, padded, true);
}

void Forward::finish(AttentionItem item) {
  code.loop(code.index(0), item.rows, 1, [&](Value i) {
    Value sum = code.load(type, cell(sums, i));
    Value total = arith::AddFOp::create(code, code.load(type, cell(largest, i)),
                                        math::LogOp::create(code, sum));
    Value row = code.add(item.firstRow, i); // of rows of heads
    if (!op.getGrouped())
      row = code.add(code.mul(row, op.getHeads()), item.head);
    Type element = cast<MemRefType>(op.getLogsumexp().getType()).getElementType();
    code.store(code.convert(total, element),
               code.address(cpu.known.lookup(op.getLogsumexp()), element, row));
    code.store(arith::DivFOp::create(code, code.number(type, 1), sum), cell(sums, i));
  });
  copies.write(gathered, padded, rowsOf(op.getOutput(), item), item.firstRow, item.rows, {}, sums);
}

void Forward::item(AttentionItem item) {
  Value scale = code.number(type, op.getScale().convertToDouble());
  copies.copy(rowsOf(op.getQuery(), item), item.firstRow, item.rows, queries, padded, scale);
  int64_t rows = paddedRows();
  clear(tiles, gathered, rows * padded);
  code.loop(code.index(0), item.rows, tiles.lanes, [&](Value i) {
    code.store(minusInfinity(), cell(largest, i));
    code.store(code.number(row, 0), cell(sums, i));
  });
  Value count = op.getGrouped() ? code.index(1) : item.rows;
  Value visibleEnd = code.add(code.add(item.streamBegin, item.position), count);
  Value end = code.min(item.streamEnd, visibleEnd), begin = item.streamBegin;
  if (op.getWindow()) {
    Value hidden = code.max(code.add(item.position, 1 - (int64_t)op.getWindow()), code.index(0));
    begin = code.add(begin, code.mul(code.div(hidden, keyBlock), keyBlock));
  }
  code.loop(begin, end, keyBlock, [&](Value first) {
    keys(item, first, code.min(code.sub(end, first), code.index(keyBlock)));
  });
  finish(item);
}

void Forward::lower() {
  int64_t rows = paddedRows();
  queries = cpu.allocate(type, rows * padded);
  keysTransposed = cpu.allocate(type, (columns + tiles.lanes) * keyBlock);
  values = cpu.allocate(type, keyBlock * padded);
  scores = cpu.allocate(type, rows * keyBlock);
  weights = tiles.pairs ? cpu.allocate(tiles.word, rows * tiles.words(keyBlock)) : scores;
  gathered = cpu.allocate(type, rows * padded);
  largest = cpu.allocate(type, rows);
  sums = cpu.allocate(type, rows);
  references = cpu.allocate(type, tiles.lanes);
  shrinks = cpu.allocate(type, tiles.lanes);
  lanesOfRows = cpu.allocate(type, tiles.lanes * tiles.lanes);
  code.loop(cpu.begin, cpu.end, 1,
            [&](Value number) { item(itemOf(readItem(cpu, op.getWork(), number))); });
}

void roux::lowerAttention(AttentionOp op, CPUFunction &cpu) {
  Forward(op, cpu).lower();
}
