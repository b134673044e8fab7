//===- CPUContract.cpp - matmul with row bodies on the CPU -----------------===//
//
// A work item is a block of the result. For each stretch of the sum both
// operands' row bodies run into scratch, in the layout the register tile reads;
// the result gathers there and its row body runs once, at the end. So bodies
// cost their arithmetic and nothing else, and any operand type is converted on
// the way in. Where both are bf16 and the machine multiplies pairs, they stay
// bf16: a word of scratch then holds two terms, the last one beside a zero.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

/// A block of the result and a stretch of the sum, in words: the three pieces stay in the
/// second-level cache.
constexpr int64_t blockColumns = 256, stretch = 256;
int64_t blockRows(const Tiles &tiles) {
  return tiles.paddedRows(128);
}

/// True if both operands come as bf16 and there is an instruction for pairs of them.
bool multipliesPairs(ContractOp op, const CPUMachine &machine) {
  return machine.dots && llvm::all_of(ArrayRef{&op.getLeft(), &op.getRight()}, [](Region *region) {
           Value row = cast<YieldOp>(region->front().getTerminator()).getRow();
           return rowType(row.getType()).getElementType().isBF16();
         });
}

/// One matmul being lowered.
class Contract {
public:
  Contract(ContractOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code),
        tiles(cpu, op.accumulator(), multipliesPairs(op, cpu.machine)), type(op.accumulator()),
        number(tiles.pairs ? code.getBF16Type() : type), each(tiles.pairs ? 2 : 1),
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

  /// Row `row` of a region at `chunk`, as numbers.
  Value numbersAt(Region &region, Value row, Chunk chunk);
  /// The same as words, where the columns are terms.
  Value wordsAlong(Region &region, Value row, Chunk chunk);
  /// Words of terms k, k + 1 … counted from `term`, of which there are `terms`, where the rows are
  /// terms.
  Value wordsAcross(Region &region, Value term, Value k, Value terms, Chunk chunk);
  void forColumns(Value low, Value high, int64_t width, function_ref<void(Chunk)> body);

  ContractOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  Tiles tiles;
  FloatType type;     ///< of sums
  FloatType number;   ///< of operands in scratch
  const int64_t each; ///< terms of a word
  CPURows target;
  Value left, right, sums;
};

} // namespace

Value Contract::numbersAt(Region &region, Value row, Chunk chunk) {
  mlir::Block &body = region.front();
  IRMapping known = cpu.known;
  known.map(body.getArgument(0), row);
  RowBody rows(code, body, known);
  rows.emitScalars(target);
  DenseMap<Value, Value> given;
  return code.convert(rows.rowAt(cast<YieldOp>(body.getTerminator()).getRow(), chunk, given),
                      number);
}

Value Contract::wordsAlong(Region &region, Value row, Chunk chunk) {
  Value numbers = numbersAt(region, row, chunk);
  if (!tiles.pairs)
    return numbers;
  // What a body makes of columns that are not there must not reach the last pair.
  if (chunk.mask)
    numbers = arith::SelectOp::create(code, chunk.mask, numbers, code.number(numbers.getType(), 0));
  return vector::BitCastOp::create(code, VectorType::get(chunk.width / each, tiles.word), numbers);
}

Value Contract::wordsAcross(Region &region, Value term, Value k, Value terms, Chunk chunk) {
  Value first = numbersAt(region, code.add(term, k), chunk);
  if (!tiles.pairs)
    return first;
  Value next = code.add(k, 1), last = code.add(terms, -1);
  Value second = numbersAt(region, code.add(term, code.min(next, last)), chunk);
  Value exists = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, next, terms);
  second = arith::SelectOp::create(code, exists, second, code.number(second.getType(), 0));
  return tiles.pairUp(first, second);
}

void Contract::forColumns(Value low, Value high, int64_t width, function_ref<void(Chunk)> body) {
  target.restrict(low, high);
  target.forColumns(code, 0, width, {}, [&](Chunk chunk, ValueRange) {
    body(chunk);
    return LoopBuilder::Values();
  });
}

void Contract::packLeft(Block block, Value term, Value terms) {
  Value zero = code.index(0);
  int64_t width = tiles.panel();
  auto place = [&](Value at) { return code.address(left, tiles.word, at); };
  if (op.getForm() == Form::TN) { // rows of the operand are terms: left[k][row]
    code.loop(zero, terms, each, [&](Value k) {
      forColumns(block.row, code.add(block.row, block.rows), width, [&](Chunk chunk) {
        Value at = code.add(code.mul(code.div(k, each), blockRows(tiles) + width),
                            code.sub(chunk.first, block.row));
        code.store(wordsAcross(op.getLeft(), term, k, terms, chunk), place(at));
      });
    });
    return;
  }
  code.loop(zero, block.rows, 1, [&](Value row) { // left[row][k]
    forColumns(term, code.add(term, terms), width * each, [&](Chunk chunk) {
      Value at = code.add(code.mul(row, stretch), code.div(code.sub(chunk.first, term), each));
      code.store(wordsAlong(op.getLeft(), code.add(block.row, row), chunk), place(at));
    });
  });
}

void Contract::packRight(Block block, Value term, Value terms) {
  Value zero = code.index(0);
  int64_t width = tiles.panel(), lanes = tiles.lanes;
  auto place = [&](Value at) { return code.address(right, tiles.word, at); };
  if (op.getForm() != Form::NT) { // rows of the operand are terms, as the tile wants them
    code.loop(zero, terms, each, [&](Value k) {
      forColumns(block.column, code.add(block.column, block.columns), width, [&](Chunk chunk) {
        Value panel = code.div(code.sub(chunk.first, block.column), width);
        Value at = code.add(code.mul(panel, stretch * width), code.mul(code.div(k, each), width));
        code.store(wordsAcross(op.getRight(), term, k, terms, chunk), place(at));
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
    forColumns(term, code.add(term, terms), lanes * each, [&](Chunk chunk) {
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value row = code.min(code.add(code.add(block.column, group), lane), last);
        vectors.push_back(wordsAlong(op.getRight(), row, chunk));
      }
      Value at = code.add(base, code.mul(code.div(code.sub(chunk.first, term), each), width));
      tiles.storeTransposed(std::move(vectors), place(at), width);
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
  code.loop(zero, all, stretch * each, [&](Value term) {
    Value terms = code.min(code.sub(all, term), code.index(stretch * each));
    packLeft(block, term, terms);
    packRight(block, term, terms);
    tiles.product(block.rows, block.columns, tiles.words(terms), leftTile, rightTile, sums,
                  blockColumns,
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
  left =
      cpu.allocate(tiles.word, std::max(perBlock * stretch, stretch * (perBlock + tiles.panel())) +
                                   tiles.panel());
  right = cpu.allocate(tiles.word, stretch * (blockColumns + tiles.panel()));
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
