//===- CPUContract.cpp - matmul with row bodies on the CPU -----------------===//
//
// A work item is a block of the result. For each stretch of the sum both
// operands' row bodies run into scratch, in the layout the register tile reads;
// the result gathers there and its row body runs once, at the end. So bodies
// cost their arithmetic and nothing else, and any operand type is converted on
// the way in.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

/// A block of the result and a stretch of the sum: the three pieces stay in the second-level cache.
constexpr int64_t blockColumns = 256, stretch = 256;
int64_t blockRows(const Tiles &tiles) {
  return tiles.paddedRows(128);
}

/// One matmul being lowered.
class Contract {
public:
  Contract(ContractOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code), tiles(cpu, op.accumulator()), type(op.accumulator()),
        target(cpu.machine) {}

  void lower();

private:
  struct Block {
    Value row, rows, column, columns;
  };
  void item(Block block);
  void packLeft(Block block, Value term, Value terms);
  void packRight(Block block, Value term, Value terms);
  void runResult(Block block);

  /// Runs a region's body for row `row` at columns [low, high), giving each chunk of its yielded
  /// row, converted, with the column it begins at.
  void yieldedRow(Region &region, Value row, Value low, Value high, int64_t width,
                  function_ref<void(Value column, Value numbers)> take);
  /// The same for the rows of one register-wide group at one chunk.
  Value yieldedChunk(Region &region, Value row, Chunk chunk);

  ContractOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  Tiles tiles;
  FloatType type;
  CPURows target;
  Value left, right, sums;
};

} // namespace

Value Contract::yieldedChunk(Region &region, Value row, Chunk chunk) {
  mlir::Block &body = region.front();
  IRMapping known = cpu.known;
  known.map(body.getArgument(0), row);
  RowBody rows(code, body, known);
  rows.emitScalars(target);
  DenseMap<Value, Value> given;
  return code.convert(rows.rowAt(cast<YieldOp>(body.getTerminator()).getRow(), chunk, given), type);
}

void Contract::yieldedRow(Region &region, Value row, Value low, Value high, int64_t width,
                          function_ref<void(Value, Value)> take) {
  target.restrict(low, high);
  target.forColumns(code, 0, width, {}, [&](Chunk chunk, ValueRange) {
    take(chunk.first, yieldedChunk(region, row, chunk));
    return LoopBuilder::Values();
  });
}

void Contract::packLeft(Block block, Value term, Value terms) {
  Value zero = code.index(0);
  int64_t width = tiles.panel();
  if (op.getForm() == Form::TN) { // rows of the operand are terms: left[k][row]
    code.loop(zero, terms, 1, [&](Value k) {
      Value high = code.add(block.row, block.rows);
      yieldedRow(op.getLeft(), code.add(term, k), block.row, high, width,
                 [&](Value column, Value numbers) {
                   Value at =
                       code.add(code.mul(k, blockRows(tiles) + width), code.sub(column, block.row));
                   code.store(numbers, code.address(left, type, at));
                 });
    });
    return;
  }
  code.loop(zero, block.rows, 1, [&](Value row) { // left[row][k]
    Value high = code.add(term, terms);
    yieldedRow(op.getLeft(), code.add(block.row, row), term, high, width,
               [&](Value column, Value numbers) {
                 Value at = code.add(code.mul(row, stretch), code.sub(column, term));
                 code.store(numbers, code.address(left, type, at));
               });
  });
}

void Contract::packRight(Block block, Value term, Value terms) {
  Value zero = code.index(0);
  int64_t width = tiles.panel(), lanes = tiles.lanes;
  if (op.getForm() != Form::NT) { // rows of the operand are terms, as the tile wants them
    code.loop(zero, terms, 1, [&](Value k) {
      Value high = code.add(block.column, block.columns);
      yieldedRow(op.getRight(), code.add(term, k), block.column, high, width,
                 [&](Value column, Value numbers) {
                   Value panel = code.div(code.sub(column, block.column), width);
                   Value at = code.add(code.mul(panel, stretch * width), code.mul(k, width));
                   code.store(numbers, code.address(right, type, at));
                 });
    });
    return;
  }
  // Rows are columns of the result: transposed, as many at a time as a vector has lanes. Rows
  // beyond the last repeat it; their sums are never read.
  Value last = code.index(op.getRows() - 1);
  code.loop(zero, block.columns, lanes, [&](Value group) {
    Value inPanel = code.rem(group, width);
    Value base = code.add(code.mul(code.sub(group, inPanel), stretch), inPanel);
    target.restrict(term, code.add(term, terms));
    target.forColumns(code, 0, lanes, {}, [&](Chunk chunk, ValueRange) {
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value row = code.min(code.add(code.add(block.column, group), lane), last);
        vectors.push_back(yieldedChunk(op.getRight(), row, chunk));
      }
      Value at = code.add(base, code.mul(code.sub(chunk.first, term), width));
      tiles.storeTransposed(std::move(vectors), code.address(right, type, at), width);
      return LoopBuilder::Values();
    });
  });
}

void Contract::runResult(Block block) {
  mlir::Block &body = op.getResult().front();
  code.loop(code.index(0), block.rows, 1, [&](Value row) {
    IRMapping known = cpu.known;
    known.map(body.getArgument(0), code.add(block.row, row));
    RowBody rows(code, body, known);
    target.restrict(block.column, code.add(block.column, block.columns));
    rows.emitScalars(target);
    target.forColumns(code, 0, tiles.lanes, {}, [&](Chunk chunk, ValueRange) {
      Value at = code.add(code.mul(row, blockColumns), code.sub(chunk.first, block.column));
      DenseMap<Value, Value> given;
      given[body.getArgument(1)] =
          code.load(VectorType::get(chunk.width, type), code.address(sums, type, at));
      rows.storesAt(chunk, given);
      return LoopBuilder::Values();
    });
  });
}

void Contract::item(Block block) {
  Value zero = code.index(0);
  auto vector = VectorType::get(tiles.lanes, type);
  code.loop(zero, code.mul(block.rows, blockColumns), tiles.lanes,
            [&](Value at) { code.store(code.number(vector, 0), code.address(sums, type, at)); });
  Value all = op.getForm() == Form::TN ? cpu.extent : code.index(op.terms());
  bool transposed = op.getForm() == Form::TN;
  LeftTile leftTile{left, transposed ? 1 : stretch,
                    transposed ? blockRows(tiles) + tiles.panel() : 1};
  RightTile rightTile{right, stretch * tiles.panel(), tiles.panel()};
  code.loop(zero, all, stretch, [&](Value term) {
    Value terms = code.min(code.sub(all, term), code.index(stretch));
    packLeft(block, term, terms);
    packRight(block, term, terms);
    tiles.product(block.rows, block.columns, terms, leftTile, rightTile, sums, blockColumns,
                  /*accumulate=*/true);
  });
  runResult(block);
}

void Contract::lower() {
  int64_t perBlock = blockRows(tiles), columns = op.resultColumns();
  int64_t blocks = (columns + blockColumns - 1) / blockColumns;
  bool fixedRows = op.resultRows() >= 0;
  cpu.shape.extentPerItem = fixedRows ? 0 : perBlock;
  cpu.shape.itemsPerRow = fixedRows ? (op.resultRows() + perBlock - 1) / perBlock * blocks : blocks;
  // A chunk of a row ends up to a panel beyond its last column.
  left = cpu.allocate(type, std::max(perBlock * stretch, stretch * (perBlock + tiles.panel())) +
                                tiles.panel());
  right = cpu.allocate(type, stretch * (blockColumns + tiles.panel()));
  sums = cpu.allocate(type, perBlock * blockColumns);

  Value rows = fixedRows ? code.index(op.resultRows()) : cpu.extent;
  code.loop(cpu.begin, cpu.end, 1, [&](Value number) {
    Value row = code.mul(code.div(number, blocks), perBlock);
    Value column = code.mul(code.rem(number, blocks), blockColumns);
    item({row, code.min(code.sub(rows, row), code.index(perBlock)), column,
          code.min(code.sub(code.index(columns), column), code.index(blockColumns))});
  });
}

void roux::lowerContract(ContractOp op, CPUFunction &cpu) {
  Contract(op, cpu).lower();
}
