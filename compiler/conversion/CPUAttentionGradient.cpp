//===- CPUAttentionGradient.cpp - attention's gradients on the CPU --------===//
//
// Two kernels instead of one, so that nothing is added to from two items: one
// owns queries and sees keys stream past, the other owns keys and sees queries.
// Both compute weights and their gradients again from the logsumexp kept by the
// forward kernel; seen from the owner they differ only in which side the
// statistics belong to and in which triangle is visible.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/CPUAttention.h"
#include "compiler/conversion/CPUSoftmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

/// The gradient with respect to the owner's rows. `ownsKeys` tells the two kernels apart.
template <typename Op>
class Gradient {
  static constexpr bool ownsKeys = std::is_same_v<Op, AttentionKeyGradientOp>;

public:
  Gradient(Op op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code), type(accumulator(op)),
        tiles(cpu, type, attendsInPairs(cpu.machine, op.getQuery(), op.headColumns())),
        copies(cpu, tiles), columns(op.headColumns()), padded(tiles.paddedColumns(columns)),
        streamBlock(cpu.machine.attentionStream) {}

  void lower();

private:
  static FloatType accumulator(Op op) {
    Type element = cast<MemRefType>(op.getQuery().getType()).getElementType();
    Builder builder(op.getContext());
    return cast<FloatType>(element.isF64() ? Type(builder.getF64Type()) : builder.getF32Type());
  }
  Value cell(Value base, Value at) { return code.address(base, type, at); }
  HeadRows queryRows(Value buffer, Value head) {
    return headRows(cpu, buffer, op.getHeads(), head);
  }
  HeadRows keyRows(Value buffer, Value head) {
    return headRows(cpu, buffer, op.getKvHeads(), head);
  }
  void item(AttentionItem item);
  void stream(AttentionItem item, Value queryHead);
  void block(AttentionItem item, Value queryHead, Value first, Value count);
  void weightRow(AttentionItem item, Value i, Value first, Value count);
  void loadStatistics(Value queryHead, Value first, Value count);

  Op op;
  CPUFunction &cpu;
  LoopBuilder &code;
  FloatType type;
  Tiles tiles;
  HeadCopies copies;
  int64_t columns, padded;
  int64_t streamBlock;                   ///< rows of the streaming side in a block
  Value own, ownOther;                   ///< query and output gradient, or key and value
  Value streamed, streamedOther;         ///< the other two, transposed
  Value streamedRows, streamedOtherRows; ///< and as they are
  Value scores, slopes;                  ///< become weights P and their gradients S
  Value weights, weightSlopes;           ///< those, as words
  Value result, resultOther;             ///< gathered gradients
  Value logsumexp, delta;                ///< of the queries at hand
};

} // namespace

/// Logsumexp and delta of query rows [first, first + count) of a head.
template <typename Op>
void Gradient<Op>::loadStatistics(Value queryHead, Value first, Value count) {
  code.loop(code.index(0), count, 1, [&](Value i) {
    Value at = code.add(code.mul(code.add(first, i), op.getHeads()), queryHead);
    for (auto [buffer, to] : {std::pair<Value, Value>{op.getLogsumexp(), logsumexp},
                              std::pair<Value, Value>{op.getDelta(), delta}}) {
      Type element = cast<MemRefType>(buffer.getType()).getElementType();
      Value number = code.load(element, code.address(cpu.known.lookup(buffer), element, at));
      code.store(code.convert(number, type), cell(to, i));
    }
  });
}

/// Row i of the scores becomes P, of the slopes S.
template <typename Op>
void Gradient<Op>::weightRow(AttentionItem item, Value i, Value first, Value count) {
  int64_t width = tiles.lanes;
  auto vector = VectorType::get(width, type);
  Value position = code.add(item.position, i), offset = code.sub(first, item.streamBegin);
  int64_t window = op.getWindow();
  // Visible lanes are [low, high): keys up to the query's position, or queries from the key's on.
  Value low, high = count;
  if (ownsKeys) {
    low = code.sub(position, offset);
    if (window)
      high = code.min(code.sub(code.add(position, window), offset), count);
  } else {
    high = code.min(code.sub(code.add(position, 1), offset), count);
    if (window)
      low = code.sub(code.add(position, 1 - window), offset);
  }
  Value all = arith::ConstantOp::create(
      code, DenseElementsAttr::get(VectorType::get(width, code.getI1Type()), true));
  code.loop(code.index(0), code.index(streamBlock), width, [&](Value lane) {
    Value visible = firstLanes(code, code.sub(high, lane), width);
    if (low) {
      Value hidden = firstLanes(code, code.sub(low, lane), width);
      visible = arith::AndIOp::create(code, visible, arith::XOrIOp::create(code, hidden, all));
    }
    auto statistic = [&](Value base) -> Value {
      if (ownsKeys)
        return code.load(vector, cell(base, lane));
      return code.splat(code.load(type, cell(base, i)), width);
    };
    Value at = code.add(code.mul(i, streamBlock), lane), none = code.number(vector, 0);
    Value score = code.load(vector, cell(scores, at)), slope = code.load(vector, cell(slopes, at));
    if (tiles.pairs) // else the owner's rows were scaled
      score =
          arith::MulFOp::create(code, score, code.number(vector, op.getScale().convertToDouble()));
    Value weight =
        softmaxExponential(code, arith::SubFOp::create(code, score, statistic(logsumexp)));
    slope =
        arith::MulFOp::create(code, weight, arith::SubFOp::create(code, slope, statistic(delta)));
    for (auto [numbers, to] : {std::pair{weight, weights}, std::pair{slope, weightSlopes}}) {
      Value kept = tiles.rounded(arith::SelectOp::create(code, visible, numbers, none));
      code.store(kept, code.address(to, getElementTypeOrSelf(kept.getType()), at));
    }
  });
}

template <typename Op>
void Gradient<Op>::block(AttentionItem item, Value queryHead, Value first, Value count) {
  int64_t panel = tiles.panel(), turned = columns * panel, straight = streamBlock * panel;
  HeadRows a = ownsKeys ? queryRows(op.getQuery(), queryHead) : keyRows(op.getKey(), item.head);
  HeadRows b =
      ownsKeys ? queryRows(op.getOutputGradient(), queryHead) : keyRows(op.getValue(), item.head);
  copies.transpose(a, first, count, streamed, turned);
  copies.transpose(b, first, count, streamedOther, turned);
  copies.copyPanels(a, first, count, streamedRows, straight);
  if (ownsKeys) {
    copies.copyPanels(b, first, count, streamedOtherRows, straight);
    loadStatistics(queryHead, first, count);
  }
  Value terms = code.index(tiles.words(columns)), words = tiles.words(count);
  int64_t stride = tiles.words(streamBlock);
  // The own rows that see, or are seen by, any of the block; whole tiles, for what a product reads
  // must have been written.
  Value low = code.index(0), high = item.rows;
  if (ownsKeys) {
    Value seen = code.sub(code.sub(code.add(first, count), item.streamBegin), item.position);
    high = code.min(high, code.roundUp(seen, tiles.tileRows));
  } else {
    low = firstSeeing(code, item, first);
  }
  tiles.product(low, high, count, terms, {own, padded, 1}, {streamed, turned, panel}, scores,
                streamBlock, false);
  tiles.product(low, high, count, terms, {ownOther, padded, 1}, {streamedOther, turned, panel},
                slopes, streamBlock, false);
  code.loop(low, high, 1, [&](Value i) { weightRow(item, i, first, count); });
  tiles.product(low, high, code.index(columns), words, {weightSlopes, stride, 1},
                {streamedRows, straight, panel}, result, padded, true);
  if (ownsKeys)
    tiles.product(low, high, code.index(columns), words, {weights, stride, 1},
                  {streamedOtherRows, straight, panel}, resultOther, padded, true);
}

template <typename Op>
void Gradient<Op>::stream(AttentionItem item, Value queryHead) {
  Value begin = item.streamBegin, end = item.streamEnd;
  int64_t window = op.getWindow();
  Value firstVisible; // counted from the stream's first row
  if (ownsKeys) {
    firstVisible = item.position;
    if (window) {
      Value last = code.add(code.add(item.position, item.rows), window - 1);
      end = code.min(end, code.add(begin, last));
    }
  } else {
    end = code.min(end, code.add(code.add(begin, item.position), item.rows));
    firstVisible = window ? code.max(code.add(item.position, 1 - window), code.index(0)) : Value();
  }
  if (firstVisible)
    begin = code.add(begin, code.mul(code.div(firstVisible, streamBlock), streamBlock));
  code.loop(begin, end, streamBlock, [&](Value first) {
    block(item, queryHead, first, code.min(code.sub(end, first), code.index(streamBlock)));
  });
}

template <typename Op>
void Gradient<Op>::item(AttentionItem item) {
  int64_t rows = tiles.paddedRows(op.getBlock()), share = op.getHeads() / op.getKvHeads();
  Value scale = code.number(type, op.getScale().convertToDouble()), one = code.number(type, 1);
  clear(tiles, result, rows * padded);
  if constexpr (ownsKeys) {
    clear(tiles, resultOther, rows * padded);
    copies.copy(keyRows(op.getKey(), item.head), item.firstRow, item.rows, own, padded, scale);
    copies.copy(keyRows(op.getValue(), item.head), item.firstRow, item.rows, ownOther, padded);
    Value firstHead = code.mul(item.head, share);
    code.loop(code.index(0), code.index(share), 1,
              [&](Value head) { stream(item, code.add(firstHead, head)); });
    int64_t heads = op.getKvHeads();
    Value index = code.add(code.mul(item.firstRow, heads), item.head);
    copies.pass(result, padded, op.getKeyResult(), index, heads, item.rows, scale);
    copies.pass(resultOther, padded, op.getValueResult(), index, heads, item.rows, one);
  } else {
    copies.copy(queryRows(op.getQuery(), item.head), item.firstRow, item.rows, own, padded, scale);
    copies.copy(queryRows(op.getOutputGradient(), item.head), item.firstRow, item.rows, ownOther,
                padded);
    loadStatistics(item.head, item.firstRow, item.rows);
    AttentionItem keys = item;
    keys.head = code.div(item.head, share);
    stream(keys, item.head);
    int64_t heads = op.getHeads();
    copies.pass(result, padded, op.getResult(), code.add(code.mul(item.firstRow, heads), item.head),
                heads, item.rows, scale);
  }
}

template <typename Op>
void Gradient<Op>::lower() {
  int64_t rows = tiles.paddedRows(op.getBlock()), turned = (columns + tiles.lanes) * streamBlock;
  for (Value *buffer : {&own, &ownOther, &result, &resultOther})
    *buffer = cpu.allocate(type, rows * padded);
  for (Value *buffer : {&streamed, &streamedOther})
    *buffer = cpu.allocate(type, turned);
  for (Value *buffer : {&streamedRows, &streamedOtherRows})
    *buffer = cpu.allocate(type, streamBlock * padded);
  for (Value *buffer : {&scores, &slopes})
    *buffer = cpu.allocate(type, rows * streamBlock);
  for (auto [buffer, in] : {std::pair{&weights, scores}, std::pair{&weightSlopes, slopes}})
    *buffer = tiles.pairs ? cpu.allocate(tiles.word, rows * tiles.words(streamBlock)) : in;
  for (Value *buffer : {&logsumexp, &delta})
    *buffer = cpu.allocate(type, std::max(rows, streamBlock));
  code.loop(cpu.begin, cpu.end, 1,
            [&](Value number) { item(readItem(code, cpu.known.lookup(op.getWork()), number)); });
}

void roux::lowerAttentionGradient(AttentionQueryGradientOp op, CPUFunction &cpu) {
  Gradient(op, cpu).lower();
}

void roux::lowerAttentionGradient(AttentionKeyGradientOp op, CPUFunction &cpu) {
  Gradient(op, cpu).lower();
}
