//===- CPUAttention.cpp - attention over segments on the CPU --------------===//
//
// An item is a block of queries of one head. Its keys stream past in blocks;
// each row keeps the largest score so far and the sum of exponentials relative
// to it, and rescales what it has gathered when the largest grows, so scores
// are never in memory for more than a block.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/CPUAttention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

/// Keys of a block: their scores and values stay in the first-level cache.
constexpr int64_t keyBlock = 64;

class Forward {
public:
  Forward(AttentionOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code), type(accumulator(op)), tiles(cpu, type),
        copies(cpu, tiles), target(cpu.machine), columns(op.headColumns()),
        padded(tiles.paddedColumns(columns)) {}

  void lower();

private:
  static FloatType accumulator(AttentionOp op) {
    Type element = cast<MemRefType>(op.getQuery().getType()).getElementType();
    Builder builder(op.getContext());
    return cast<FloatType>(element.isF64() ? Type(builder.getF64Type()) : builder.getF32Type());
  }
  void item(AttentionItem item);
  void keys(AttentionItem item, Value first, Value count);
  void scoreRow(AttentionItem item, Value i, Value firstKey, Value count);
  void finish(AttentionItem item);
  Value cell(Value base, Value at) { return code.address(base, type, at); }

  AttentionOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  FloatType type;
  Tiles tiles;
  HeadCopies copies;
  CPURows target;
  int64_t columns, padded;
  Value queries, keysTransposed, values, scores, gathered, largest, sums;
};

} // namespace

/// Row i of the scores becomes weights relative to the row's largest score so far; what was
/// gathered before is scaled to that.
void Forward::scoreRow(AttentionItem item, Value i, Value firstKey, Value count) {
  int64_t width = 2 * tiles.lanes;
  auto vector = VectorType::get(width, type);
  Value minusInfinity = code.number(vector, -std::numeric_limits<double>::infinity());
  Value position = code.add(item.position, i); // of the query, counted from the first key
  Value offset = code.sub(firstKey, item.streamBegin);
  // Lanes [low, high) of this block are visible.
  Value high = code.min(code.sub(code.add(position, 1), offset), count);
  Value low =
      op.getWindow() ? code.sub(code.add(position, 1 - (int64_t)op.getWindow()), offset) : Value();
  auto visible = [&](Value lane) {
    Value mask = firstLanes(code, code.sub(high, lane), width);
    if (!low)
      return mask;
    Value all = arith::ConstantOp::create(
        code, DenseElementsAttr::get(VectorType::get(width, code.getI1Type()), true));
    Value hidden = firstLanes(code, code.sub(low, lane), width);
    return Value(arith::AndIOp::create(code, mask, arith::XOrIOp::create(code, hidden, all)));
  };
  auto row = [&](Value lane) { return cell(scores, code.add(code.mul(i, keyBlock), lane)); };
  Value zero = code.index(0), block = code.index(keyBlock);

  auto best = code.loop(zero, block, width, minusInfinity, [&](Value lane, ValueRange so) {
    Value score =
        arith::SelectOp::create(code, visible(lane), code.load(vector, row(lane)), minusInfinity);
    return LoopBuilder::Values{join(code, Reduction::Max, so[0], score)};
  });
  Value old = code.load(type, cell(largest, i));
  Value now = join(code, Reduction::Max, old, target.combine(code, Reduction::Max, best[0]));
  // A row that has seen no key yet: nothing to scale, and inf - inf must not arise.
  Value none = arith::CmpFOp::create(code, arith::CmpFPredicate::OEQ, now,
                                     code.number(type, -std::numeric_limits<double>::infinity()));
  Value reference = arith::SelectOp::create(code, none, code.number(type, 0), now);
  Value shrink = math::ExpOp::create(code, arith::SubFOp::create(code, old, reference));
  Value first = arith::CmpFOp::create(code, arith::CmpFPredicate::OEQ, old,
                                      code.number(type, -std::numeric_limits<double>::infinity()));
  shrink = arith::SelectOp::create(code, first, code.number(type, 0), shrink);

  Value nothing = code.number(vector, 0);
  auto total = code.loop(zero, block, width, nothing, [&](Value lane, ValueRange so) {
    Value score = code.load(vector, row(lane));
    Value weight =
        math::ExpOp::create(code, arith::SubFOp::create(code, score, code.splat(reference, width)));
    weight = arith::SelectOp::create(code, visible(lane), weight, nothing);
    code.store(weight, row(lane));
    return LoopBuilder::Values{join(code, Reduction::Add, so[0], weight)};
  });
  Value sum = arith::MulFOp::create(code, code.load(type, cell(sums, i)), shrink);
  sum = join(code, Reduction::Add, sum, target.combine(code, Reduction::Add, total[0]));
  code.store(sum, cell(sums, i));
  code.store(now, cell(largest, i));
  auto lanes = VectorType::get(tiles.lanes, type);
  code.loop(zero, code.index(padded), tiles.lanes, [&](Value column) {
    Value at = cell(gathered, code.add(code.mul(i, padded), column));
    Value scaled =
        arith::MulFOp::create(code, code.load(lanes, at), code.splat(shrink, tiles.lanes));
    code.store(scaled, at);
  });
}

void Forward::keys(AttentionItem item, Value first, Value count) {
  int64_t panel = tiles.panel();
  Value group = code.div(item.head, op.getHeads() / op.getKvHeads());
  copies.transpose(headRows(cpu, op.getKey(), op.getKvHeads(), group), first, count, keysTransposed,
                   columns * panel);
  copies.copyPanels(headRows(cpu, op.getValue(), op.getKvHeads(), group), first, count, values,
                    keyBlock * panel);
  tiles.product(item.rows, count, code.index(columns), {queries, padded, 1},
                {keysTransposed, columns * panel, panel}, scores, keyBlock, false);
  code.loop(code.index(0), item.rows, 1, [&](Value i) { scoreRow(item, i, first, count); });
  tiles.product(item.rows, code.index(columns), count, {scores, keyBlock, 1},
                {values, keyBlock * panel, panel}, gathered, padded, true);
}

void Forward::finish(AttentionItem item) {
  code.loop(code.index(0), item.rows, 1, [&](Value i) {
    Value sum = code.load(type, cell(sums, i));
    Value total = arith::AddFOp::create(code, code.load(type, cell(largest, i)),
                                        math::LogOp::create(code, sum));
    Value row = code.add(code.mul(code.add(item.firstRow, i), op.getHeads()), item.head);
    Type element = cast<MemRefType>(op.getLogsumexp().getType()).getElementType();
    code.store(code.convert(total, element),
               code.address(cpu.known.lookup(op.getLogsumexp()), element, row));
    code.store(arith::DivFOp::create(code, code.number(type, 1), sum), cell(sums, i));
  });
  copies.write(gathered, padded, headRows(cpu, op.getOutput(), op.getHeads(), item.head),
               item.firstRow, item.rows, {}, sums);
}

void Forward::item(AttentionItem item) {
  Value scale = code.number(type, op.getScale().convertToDouble());
  copies.copy(headRows(cpu, op.getQuery(), op.getHeads(), item.head), item.firstRow, item.rows,
              queries, padded, scale);
  int64_t rows = tiles.paddedRows(op.getBlock());
  clear(tiles, gathered, rows * padded);
  code.loop(code.index(0), item.rows, 1, [&](Value i) {
    code.store(code.number(type, -std::numeric_limits<double>::infinity()), cell(largest, i));
    code.store(code.number(type, 0), cell(sums, i));
  });
  Value visibleEnd = code.add(code.add(item.streamBegin, item.position), item.rows);
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
  int64_t rows = tiles.paddedRows(op.getBlock());
  queries = cpu.allocate(type, rows * padded);
  keysTransposed = cpu.allocate(type, (columns + tiles.lanes) * keyBlock);
  values = cpu.allocate(type, keyBlock * padded);
  scores = cpu.allocate(type, rows * keyBlock);
  gathered = cpu.allocate(type, rows * padded);
  largest = cpu.allocate(type, rows);
  sums = cpu.allocate(type, rows);
  code.loop(cpu.begin, cpu.end, 1,
            [&](Value number) { item(readItem(code, cpu.known.lookup(op.getWork()), number)); });
}

void roux::lowerAttention(AttentionOp op, CPUFunction &cpu) {
  Forward(op, cpu).lower();
}
