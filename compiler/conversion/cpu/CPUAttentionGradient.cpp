//===- CPUAttentionGradient.cpp - attention's gradients on the CPU --------===//
//
// Of flash attention. An item owns keys of a segment and a key head; the queries that
// see them stream past. Weights are computed again from the logsumexp kept by the forward
// kernel, once for all three gradients. What the keys give to a query is gathered in rows
// that are the item's own; when all items are done those of a query are added in
// the order of keys, so that nothing is added to from two items at a time.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUAttention.h"
#include "compiler/conversion/cpu/CPUSoftmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

class Gradient {
public:
  Gradient(AttentionGradientOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code), type(sumsOf(op.getQuery())),
        tiles(cpu, type, attendsInPairs(cpu.machine, op.getQuery(), op.headColumns())),
        copies(cpu, tiles), columns(op.headColumns()), padded(tiles.paddedColumns(columns)),
        streamBlock(cpu.machine.attentionStream), ownBlock(llvm::alignTo(op.getBlock(), 32)) {}

  void lower();

private:
  Value cell(Value base, Value at) { return code.address(base, type, at); }
  HeadRows queryRows(Value buffer, Value head) {
    return headRows(cpu, buffer, op.getHeads(), head);
  }
  HeadRows keyRows(Value buffer, Value head) {
    return headRows(cpu, buffer, op.getKvHeads(), head);
  }
  void item(Value number);
  void clearPartials(AttentionItem item);
  void keys(AttentionItem item);
  void stream(AttentionItem item, Value queryHead);
  void block(AttentionItem item, Value queryHead, Value first, Value count);
  void weightRow(AttentionItem item, Value i, Value first, Value count);
  void clearBeyond(Value keyCount);
  void loadStatistics(Value queryHead, Value first, Value count);
  void gatherQueries(AttentionItem item, Value queryHead, Value first, Value count, Value keyCount);
  LeftTile turnedSlopes(Value keyCount);

  AttentionGradientOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  FloatType type;
  Tiles tiles;
  HeadCopies copies;
  int64_t columns, padded;
  int64_t streamBlock;               ///< queries in a block
  int64_t ownBlock;                  ///< keys in a block, up to whole tiles of any machine
  Value shift;                       ///< from a query's row to its row of partial sums
  Value ownKeys, ownValues;          ///< of the block of keys
  Value keyPanels;                   ///< the keys again, as terms
  Value queriesTurned, outputTurned; ///< queries and output gradients, transposed
  Value queries, outputs;            ///< and as they are
  Value scores, slopes;              ///< become weights P and their gradients S
  Value weights, weightSlopes;       ///< those, as words
  Value slopesTurned;                ///< S as words of two keys, by query
  Value keyGradient, valueGradient;  ///< gathered
  Value queryGradient;               ///< what the block of keys gives to one of queries
  Value logsumexp, delta;            ///< of the queries at hand
};

} // namespace

/// Logsumexp and delta of query rows [first, first + count) of a head.
void Gradient::loadStatistics(Value queryHead, Value first, Value count) {
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

/// Row i of the scores becomes P, of the slopes S: key i's, a lane for each query of the block.
void Gradient::weightRow(AttentionItem item, Value i, Value first, Value count) {
  int64_t width = tiles.lanes, window = op.getWindow();
  auto vector = VectorType::get(width, type);
  // Visible lanes are [low, high): queries from the key's position on.
  Value low = code.sub(code.add(item.position, i), code.sub(first, item.streamBegin));
  Value high = window ? code.min(code.add(low, window), count) : count;
  Value all = arith::ConstantOp::create(
      code, DenseElementsAttr::get(VectorType::get(width, code.getI1Type()), true));
  code.loop(code.index(0), code.index(streamBlock), width, [&](Value lane) {
    Value visible = firstLanes(code, code.sub(high, lane), width);
    Value hidden = firstLanes(code, code.sub(low, lane), width);
    visible = arith::AndIOp::create(code, visible, arith::XOrIOp::create(code, hidden, all));
    Value at = code.add(code.mul(i, streamBlock), lane), none = code.number(vector, 0);
    Value score = code.load(vector, cell(scores, at)), slope = code.load(vector, cell(slopes, at));
    if (tiles.pairs) // else the keys were scaled
      score =
          arith::MulFOp::create(code, score, code.number(vector, op.getScale().convertToDouble()));
    score = softcapped(code, score, op.getSoftcap());
    Value relative = arith::SubFOp::create(code, score, code.load(vector, cell(logsumexp, lane)));
    Value weight = softmaxExponential(code, relative);
    slope = arith::MulFOp::create(
        code, weight, arith::SubFOp::create(code, slope, code.load(vector, cell(delta, lane))));
    slope = softcapSlope(code, slope, score, op.getSoftcap());
    for (auto [numbers, to] : {std::pair{weight, weights}, std::pair{slope, weightSlopes}}) {
      Value kept = tiles.rounded(arith::SelectOp::create(code, visible, numbers, none));
      code.store(kept, code.address(to, getElementTypeOrSelf(kept.getType()), at));
    }
  });
}

/// The rows of S that fill the last word of `keyCount` keys: what an earlier kernel left there may
/// be NaN, and 0 times that is no 0.
void Gradient::clearBeyond(Value keyCount) {
  if (!tiles.pairs)
    return;
  auto row = VectorType::get(tiles.lanes, code.getBF16Type());
  code.loop(keyCount, code.roundUp(keyCount, 2 * tiles.wordStep()), 1, [&](Value key) {
    code.loop(code.index(0), code.index(streamBlock), tiles.lanes, [&](Value lane) {
      Value at = code.add(code.mul(key, streamBlock), lane);
      code.store(code.number(row, 0), code.address(weightSlopes, row.getElementType(), at));
    });
  });
}

/// S of `keyCount` keys as a left operand whose rows are queries, whose terms keys.
LeftTile Gradient::turnedSlopes(Value keyCount) {
  if (!tiles.pairs)
    return {weightSlopes, 1, streamBlock};
  int64_t lanes = tiles.lanes, stride = tiles.words(ownBlock);
  Type half = code.getBF16Type();
  auto row = VectorType::get(lanes, half);
  code.loop(code.index(0), keyCount, 2 * lanes, [&](Value key) {
    code.loop(code.index(0), code.index(streamBlock), lanes, [&](Value query) {
      auto numbers = [&](int64_t ahead) {
        Value at = code.add(code.mul(code.add(key, ahead), streamBlock), query);
        return code.load(row, code.address(weightSlopes, half, at));
      };
      SmallVector<Value> words;
      for (int64_t lane = 0; lane < lanes; ++lane)
        words.push_back(tiles.pairUp(numbers(2 * lane), numbers(2 * lane + 1)));
      Value to = code.add(code.mul(query, stride), code.div(key, 2));
      tiles.storeTransposed(std::move(words), code.address(slopesTurned, tiles.word, to), stride);
    });
  });
  return {slopesTurned, stride, 1};
}

/// Adds what `keyCount` keys give to the queries of the block to their partial sums: of the queries
/// that see any, for the others' rows are not the item's.
void Gradient::gatherQueries(AttentionItem item, Value queryHead, Value first, Value count,
                             Value keyCount) {
  int64_t panel = tiles.panel();
  tiles.product(code.index(0), count, code.index(columns), tiles.words(keyCount),
                turnedSlopes(keyCount), {keyPanels, ownBlock * panel, panel}, queryGradient, padded,
                false);
  Value partials = cpu.known.lookup(op.getPartials());
  CPURows target(cpu.machine);
  Value blind = code.sub(item.position, code.sub(first, item.streamBegin));
  code.loop(code.max(blind, code.index(0)), count, 1, [&](Value i) {
    Value row = code.mul(code.add(code.add(first, i), shift), columns * (int64_t)op.getHeads());
    Value head = code.add(row, code.mul(queryHead, columns));
    target.forColumns(code, columns, tiles.lanes, {}, [&](Chunk chunk, ValueRange) {
      auto vector = VectorType::get(chunk.width, type);
      Value to = cell(partials, code.add(head, chunk.first));
      Value given =
          code.load(vector, cell(queryGradient, code.add(code.mul(i, padded), chunk.first)));
      Value sum = arith::AddFOp::create(code, code.load(vector, to, chunk.mask), given);
      code.store(sum, to, chunk.mask);
      return LoopBuilder::Values();
    });
  });
}

void Gradient::block(AttentionItem item, Value queryHead, Value first, Value count) {
  int64_t panel = tiles.panel(), turned = columns * panel, straight = streamBlock * panel;
  HeadRows query = queryRows(op.getQuery(), queryHead);
  HeadRows output = queryRows(op.getOutputGradient(), queryHead);
  copies.transpose(query, first, count, queriesTurned, turned);
  copies.transpose(output, first, count, outputTurned, turned);
  copies.copyPanels(query, first, count, queries, straight);
  copies.copyPanels(output, first, count, outputs, straight);
  loadStatistics(queryHead, first, count);
  Value terms = code.index(tiles.words(columns)), words = tiles.words(count), none = code.index(0);
  int64_t stride = tiles.words(streamBlock);
  // The keys that any of the block sees; whole tiles, for what a product reads must have been
  // written.
  Value seen = code.sub(code.sub(code.add(first, count), item.streamBegin), item.position);
  Value high = code.min(item.rows, code.roundUp(seen, tiles.tileRows));
  tiles.product(none, high, count, terms, {ownKeys, padded, 1}, {queriesTurned, turned, panel},
                scores, streamBlock, false);
  tiles.product(none, high, count, terms, {ownValues, padded, 1}, {outputTurned, turned, panel},
                slopes, streamBlock, false);
  code.loop(none, high, 1, [&](Value i) { weightRow(item, i, first, count); });
  clearBeyond(high);
  tiles.product(none, high, code.index(columns), words, {weightSlopes, stride, 1},
                {queries, straight, panel}, keyGradient, padded, true);
  tiles.product(none, high, code.index(columns), words, {weights, stride, 1},
                {outputs, straight, panel}, valueGradient, padded, true);
  gatherQueries(item, queryHead, first, count, high);
}

void Gradient::stream(AttentionItem item, Value queryHead) {
  Value end = item.streamEnd;
  if (int64_t window = op.getWindow()) {
    Value last = code.add(code.add(item.position, item.rows), window - 1);
    end = code.min(end, code.add(item.streamBegin, last));
  }
  Value whole = code.mul(code.div(item.position, streamBlock), streamBlock);
  code.loop(code.add(item.streamBegin, whole), end, streamBlock, [&](Value first) {
    block(item, queryHead, first, code.min(code.sub(end, first), code.index(streamBlock)));
  });
}

void Gradient::keys(AttentionItem item) {
  int64_t rows = tiles.paddedRows(op.getBlock()), share = op.getHeads() / op.getKvHeads();
  Value scale = code.number(type, op.getScale().convertToDouble()), one = code.number(type, 1);
  clear(tiles, keyGradient, rows * padded);
  clear(tiles, valueGradient, rows * padded);
  HeadRows key = keyRows(op.getKey(), item.head), value = keyRows(op.getValue(), item.head);
  copies.copy(key, item.firstRow, item.rows, ownKeys, padded, scale);
  copies.copy(value, item.firstRow, item.rows, ownValues, padded);
  copies.copyPanels(key, item.firstRow, item.rows, keyPanels, ownBlock * tiles.panel());
  Value firstHead = code.mul(item.head, share);
  code.loop(code.index(0), code.index(share), 1,
            [&](Value head) { stream(item, code.add(firstHead, head)); });
  int64_t heads = op.getKvHeads();
  Value index = code.add(code.mul(item.firstRow, heads), item.head);
  copies.pass(keyGradient, padded, op.getKeyResult(), index, heads, item.rows, scale);
  copies.pass(valueGradient, padded, op.getValueResult(), index, heads, item.rows, one);
}

/// Of all queries that may see the item's keys, and of the heads of its group.
void Gradient::clearPartials(AttentionItem item) {
  int64_t share = op.getHeads() / op.getKvHeads() * columns;
  CPURows target(cpu.machine);
  Value partials = cpu.known.lookup(op.getPartials());
  code.loop(item.firstRow, item.streamEnd, 1, [&](Value query) {
    Value row = code.mul(code.add(query, shift), columns * (int64_t)op.getHeads());
    Value group = code.add(row, code.mul(item.head, share));
    target.forColumns(code, share, tiles.lanes, {}, [&](Chunk chunk, ValueRange) {
      code.store(code.number(VectorType::get(chunk.width, type), 0),
                 cell(partials, code.add(group, chunk.first)), chunk.mask);
      return LoopBuilder::Values();
    });
  });
}

void Gradient::item(Value number) {
  AttentionItem item = readItem(cpu, op.getWork(), number);
  shift = listed(cpu, op.getWork(), number, code.index(6));
  clearPartials(item);
  code.loop(code.index(0), item.rows, op.getBlock(), [&](Value key) {
    AttentionItem part = item;
    part.firstRow = code.add(item.firstRow, key);
    part.position = code.add(item.position, key);
    part.rows = code.min(code.sub(item.rows, key), code.index(op.getBlock()));
    keys(part);
  });
}

void Gradient::lower() {
  int64_t rows = tiles.paddedRows(op.getBlock()), turned = (columns + tiles.lanes) * streamBlock;
  for (Value *buffer : {&ownKeys, &ownValues, &keyGradient, &valueGradient})
    *buffer = cpu.allocate(type, rows * padded);
  keyPanels = cpu.allocate(type, ownBlock * padded);
  for (Value *buffer : {&queriesTurned, &outputTurned})
    *buffer = cpu.allocate(type, turned);
  for (Value *buffer : {&queries, &outputs})
    *buffer = cpu.allocate(type, streamBlock * padded);
  int64_t scored = std::max(rows, ownBlock) * streamBlock;
  for (Value *buffer : {&scores, &slopes})
    *buffer = cpu.allocate(type, scored);
  for (auto [buffer, in] : {std::pair{&weights, scores}, std::pair{&weightSlopes, slopes}})
    *buffer = tiles.pairs ? cpu.allocate(tiles.word, tiles.words(scored)) : in;
  if (tiles.pairs)
    slopesTurned = cpu.allocate(tiles.word, tiles.paddedRows(streamBlock) * tiles.words(ownBlock));
  queryGradient = cpu.allocate(type, tiles.paddedRows(streamBlock) * padded);
  for (Value *buffer : {&logsumexp, &delta})
    *buffer = cpu.allocate(type, streamBlock);
  code.loop(cpu.begin, cpu.end, 1, [&](Value number) { item(number); });
}

void roux::lowerAttentionGradient(AttentionGradientOp op, CPUFunction &cpu) {
  Gradient(op, cpu).lower();
}
