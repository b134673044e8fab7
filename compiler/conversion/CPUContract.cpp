//===- CPUContract.cpp - matmul with row bodies on the CPU -----------------===//
//
// A work item is a block of rows times a block of the result's columns; items of
// one block of columns follow each other. A thread is given a run of them and
// lays the right operand out for the register tile once, for all its rows. The
// left operand is read where it is when its body only loads it; else its body
// runs into scratch, a tile's rows at a time. Sums stay in registers for the
// whole of a sum that is not too long, and the result's body takes them from the
// first-level cache. Where both operands are bf16 and the machine multiplies
// pairs, they stay bf16: a word then holds two terms, the last one beside a zero.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

/// True if both operands come as bf16 and there is an instruction for pairs of them.
bool multipliesPairs(ContractOp op, const TargetDescription &machine) {
  return machine.pairs && llvm::all_of(ArrayRef{&op.getLeft(), &op.getRight()}, [](Region *region) {
           Value row = cast<YieldOp>(region->front().getTerminator()).getRow();
           return rowType(row.getType()).getElementType().isBF16();
         });
}

/// The load that `region` consists of, if it yields a row of a buffer as it is.
LoadOp onlyLoad(Region &region) {
  Block &body = region.front();
  auto load = cast<YieldOp>(body.getTerminator()).getRow().getDefiningOp<LoadOp>();
  bool plain = load && load->getBlock() == &body && load.getFrom() == 0 &&
               load.getIndices().size() == 1 && load.getIndices()[0] == body.getArgument(0);
  return plain && rowType(load.getType()).getDimSize(0) ==
                      cast<MemRefType>(load.getBuffer().getType()).getDimSize(1)
             ? load
             : LoadOp();
}

/// One matmul being lowered.
class Contract {
public:
  Contract(ContractOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code),
        tiles(cpu, op.accumulator(), multipliesPairs(op, cpu.machine), Tiles::Size::Wide),
        row(cpu, op.accumulator(), tiles.pairs, Tiles::Size::WideRow), type(op.accumulator()),
        number(tiles.pairs ? code.getBF16Type() : type), each(tiles.pairs ? 2 : 1),
        transposed(op.getForm() == Form::TN), target(cpu.machine) {
    plan();
  }

  void lower();

private:
  /// Rows [row, end) and columns of the result.
  struct Part {
    Value row, end, column, columns;
  };
  void plan();
  void run(Part part);
  void shortSums(Part part);
  void longSums(Part part);
  void products(Part part, Value term, Value terms, Value to, Value firstRow);
  LeftTile leftTile(const Tiles &tiles, Part part, Value row, Value term, Value terms);
  void packRows(Value row, Value rows, Value term, Value terms);
  void packLeft(Part part, Value term, Value terms);
  void packRight(Part part, Value term, Value terms);
  void packAcross(Part part, Value term, Value terms);
  void packAlong(Part part, Value term, Value terms);
  void runResult(Part part);

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
  Tiles tiles, row;      ///< the second for rows that are alone
  FloatType type;        ///< of sums
  FloatType number;      ///< of operands in scratch
  const int64_t each;    ///< terms of a word
  const bool transposed; ///< the left operand's rows are terms
  CPURows target;
  LoadOp inPlace;       ///< of a left operand that is read where it is
  bool isLong;          ///< sums pass through scratch
  int64_t stretch;      ///< words laid out at one time
  int64_t perItem;      ///< rows
  int64_t blockColumns; ///< of the result
  int64_t leftStride;   ///< words from one row to the next, or from one term to the next
  Value left, right, sums;
};

} // namespace

void Contract::plan() {
  int64_t words = op.terms() < 0 ? 0 : tiles.words(op.terms());
  isLong = op.terms() < 0 || words > cpu.machine.longestSum;
  stretch =
      isLong ? cpu.machine.stretch
             : llvm::alignTo(std::max<int64_t>(words, 1), std::max(tiles.wordStep(), tiles.lanes));
  int64_t panels = tiles.paddedColumns(op.resultColumns()) / tiles.panel();
  int64_t most =
      std::max<int64_t>(std::min(isLong ? cpu.machine.longColumns : cpu.machine.shortColumns,
                                 cpu.machine.rightWords / stretch) /
                            tiles.panel(),
                        1);
  // An even number of blocks, for a single row has no other items.
  int64_t blocks = panels > most ? 2 * llvm::divideCeil(panels, 2 * most) : 1;
  blockColumns = llvm::divideCeil(panels, blocks) * tiles.panel();
  perItem = tiles.paddedRows(cpu.machine.itemRows);
  LoadOp load = transposed ? LoadOp() : onlyLoad(op.getLeft());
  if (load && rowType(load.getType()).getElementType() == number &&
      op.terms() % (each * tiles.wordStep()) == 0)
    inPlace = load;
  // A stride of whole pages would put all rows of a tile into the same few lines of the cache.
  leftStride = inPlace        ? op.terms() / each
               : !transposed  ? stretch + tiles.lanes
               : tiles.blocks ? cpu.machine.stretch + tiles.lanes
                              : cpu.machine.groupRows + tiles.lanes;
}

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
  Value last = code.add(terms, -1);
  // Beyond the last term stands the last one again, then nothing.
  auto numbers = [&](Value at, bool exists) {
    Value row = code.add(term, exists ? at : code.min(at, last));
    Value found = numbersAt(region, row, chunk);
    if (exists)
      return found;
    Value there = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, at, terms);
    return Value(arith::SelectOp::create(code, there, found, code.number(found.getType(), 0)));
  };
  Value first = numbers(k, !tiles.blocks);
  return tiles.pairs ? tiles.pairUp(first, numbers(code.add(k, 1), false)) : first;
}

void Contract::forColumns(Value low, Value high, int64_t width, function_ref<void(Chunk)> body) {
  target.restrict(low, high);
  target.forColumns(code, 0, width, {}, [&](Chunk chunk, ValueRange) {
    body(chunk);
    return LoopBuilder::Values();
  });
}

/// Words [term, term + terms) of `rows` rows of the left operand, from the scratch's begin on.
void Contract::packRows(Value row, Value rows, Value term, Value terms) {
  code.loop(code.index(0), rows, 1, [&](Value i) {
    forColumns(term, code.add(term, terms), tiles.lanes * each, [&](Chunk chunk) {
      Value at = code.add(code.mul(i, leftStride), code.div(code.sub(chunk.first, term), each));
      code.store(wordsAlong(op.getLeft(), code.add(row, i), chunk),
                 code.address(left, tiles.word, at));
    });
  });
}

/// All rows of a part, where rows of the operand are terms: left[k][row], or as rows of words where
/// a tile takes blocks of them.
void Contract::packLeft(Part part, Value term, Value terms) {
  Value zero = code.index(0);
  auto place = [&](Value at) { return code.address(left, tiles.word, at); };
  if (!tiles.blocks) {
    code.loop(zero, terms, each, [&](Value k) {
      forColumns(part.row, part.end, tiles.lanes, [&](Chunk chunk) {
        Value at =
            code.add(code.mul(code.div(k, each), leftStride), code.sub(chunk.first, part.row));
        code.store(wordsAcross(op.getLeft(), term, k, terms, chunk), place(at));
      });
    });
    return;
  }
  code.loop(zero, terms, each * tiles.lanes, [&](Value k) {
    forColumns(part.row, part.end, tiles.lanes, [&](Chunk chunk) {
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < tiles.lanes; ++lane)
        vectors.push_back(wordsAcross(op.getLeft(), term, code.add(k, lane * each), terms, chunk));
      Value at = code.add(code.mul(code.sub(chunk.first, part.row), leftStride), code.div(k, each));
      tiles.storeTransposed(std::move(vectors), place(at), leftStride);
    });
  });
}

/// Rows of the right operand are terms, as the tile wants them.
void Contract::packAcross(Part part, Value term, Value terms) {
  int64_t width = tiles.panel(), lanes = tiles.lanes;
  bool whole = op.resultColumns() % width == 0;
  code.loop(code.index(0), code.roundUp(terms, each * tiles.wordStep()), each, [&](Value k) {
    code.loop(code.index(0), part.columns, width, [&](Value column) {
      Value base = code.add(code.mul(column, stretch), code.mul(code.div(k, each), width));
      for (int64_t v = 0; v < tiles.tileVectors; ++v) {
        Value at = code.add(column, v * lanes);
        Value mask = whole ? Value() : firstLanes(code, code.sub(part.columns, at), lanes);
        Value words =
            wordsAcross(op.getRight(), term, k, terms, {code.add(part.column, at), lanes, mask});
        code.store(words, code.address(right, tiles.word, code.add(base, v * lanes)));
      }
    });
  });
}

/// Rows are columns of the result: transposed, as many at a time as a vector has lanes. Rows beyond
/// the last repeat it; their sums are never read.
void Contract::packAlong(Part part, Value term, Value terms) {
  int64_t width = tiles.panel(), lanes = tiles.lanes;
  Value last = code.index(op.getRows() - 1);
  code.loop(code.index(0), part.columns, lanes, [&](Value group) {
    Value inPanel = code.rem(group, width);
    Value base = code.add(code.mul(code.sub(group, inPanel), stretch), inPanel);
    forColumns(term, code.add(term, terms), lanes * each, [&](Chunk chunk) {
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value row = code.min(code.add(code.add(part.column, group), lane), last);
        vectors.push_back(wordsAlong(op.getRight(), row, chunk));
      }
      Value at = code.add(base, code.mul(code.div(code.sub(chunk.first, term), each), width));
      tiles.storeTransposed(std::move(vectors), code.address(right, tiles.word, at), width);
    });
  });
}

void Contract::packRight(Part part, Value term, Value terms) {
  if (op.getForm() == Form::NT)
    packAlong(part, term, terms);
  else
    packAcross(part, term, terms);
}

/// Where the tile of rows from `row` on finds its operand.
LeftTile Contract::leftTile(const Tiles &tiles, Part part, Value row, Value term, Value terms) {
  if (transposed) {
    Value at = code.sub(row, part.row);
    return tiles.blocks
               ? LeftTile{code.address(left, tiles.word, code.mul(at, leftStride)), leftStride, 1}
               : LeftTile{code.address(left, tiles.word, at), 1, leftStride};
  }
  Value rows = code.min(code.sub(part.end, row), code.index(tiles.tileRows));
  if (!inPlace) {
    packRows(row, rows, term, terms);
    return {left, leftStride, 1};
  }
  // The last rows are copied where a tile would read beyond them.
  Value partial =
      arith::CmpIOp::create(code, arith::CmpIPredicate::ne, rows, code.index(tiles.tileRows));
  Value at = code.add(code.mul(row, op.terms()), term);
  Value there = code.address(cpu.known.lookup(inPlace.getBuffer()), number, at);
  Value found = code.when(partial, there, [&] {
    packRows(row, rows, term, terms);
    return LoopBuilder::Values{left};
  })[0];
  return {found, leftStride, 1};
}

/// Sums of one tile's rows after another; `to` has row firstRow first. One row or two, as of a
/// sequence that is being written, do not pay for a whole tile.
void Contract::products(Part part, Value term, Value terms, Value to, Value firstRow) {
  RightTile rightTile{right, stretch * tiles.panel(), tiles.panel()};
  auto run = [&](Tiles &tiles, Value begin, Value end) {
    code.loop(begin, end, tiles.tileRows, [&](Value at) {
      LeftTile rows = leftTile(tiles, part, at, term, terms);
      Value sum = code.mul(code.sub(at, firstRow), blockColumns);
      tiles.rowOfTiles(part.columns, tiles.words(terms), rows, rightTile,
                       code.address(to, type, sum), blockColumns, /*accumulate=*/isLong);
    });
  };
  if (tiles.blocks)
    return run(tiles, part.row, part.end);
  Value few = arith::CmpIOp::create(code, arith::CmpIPredicate::sle, code.sub(part.end, part.row),
                                    code.index(2));
  Value whole = arith::SelectOp::create(code, few, part.row, part.end);
  run(tiles, part.row, whole);
  run(row, whole, part.end);
}

void Contract::runResult(Part part) {
  mlir::Block &body = op.getResult().front();
  int64_t width = std::min<int64_t>(2 * tiles.lanes, blockColumns);
  code.loop(part.row, part.end, 1, [&](Value row) {
    IRMapping known = cpu.known;
    known.map(body.getArgument(0), row);
    RowBody rows(code, body, known);
    target.restrict(part.column, code.add(part.column, part.columns));
    rows.emitScalars(target);
    target.forColumns(code, 0, width, {}, [&](Chunk chunk, ValueRange) {
      Value at = code.add(code.mul(code.sub(row, part.row), blockColumns),
                          code.sub(chunk.first, part.column));
      DenseMap<Value, Value> given;
      given[body.getArgument(1)] =
          code.load(VectorType::get(chunk.width, type), code.address(sums, type, at));
      rows.storesAt(chunk, given);
      return LoopBuilder::Values();
    });
  });
}

/// The right operand is laid out once; each tile's rows are finished before the next.
void Contract::shortSums(Part part) {
  Value none = code.index(0), terms = code.index(op.terms());
  packRight(part, none, terms);
  code.loop(part.row, part.end, tiles.tileRows, [&](Value row) {
    Value end = code.min(code.add(row, tiles.tileRows), part.end);
    Part rows{row, end, part.column, part.columns};
    products(rows, none, terms, sums, row);
    runResult(rows);
  });
}

/// A group of rows at a time; its sums gather in scratch, a stretch of the terms after another.
void Contract::longSums(Part part) {
  Value all = transposed ? cpu.extent : code.index(op.terms());
  auto vector = VectorType::get(tiles.lanes, type);
  code.loop(part.row, part.end, cpu.machine.groupRows, [&](Value row) {
    Part group{row, code.min(code.add(row, cpu.machine.groupRows), part.end), part.column,
               part.columns};
    Value rows = code.roundUp(code.sub(group.end, row), tiles.tileRows);
    code.loop(code.index(0), code.mul(rows, blockColumns), tiles.lanes,
              [&](Value at) { code.store(code.number(vector, 0), code.address(sums, type, at)); });
    code.loop(code.index(0), all, stretch * each, [&](Value term) {
      Value terms = code.min(code.sub(all, term), code.index(stretch * each));
      if (transposed)
        packLeft(group, term, terms);
      packRight(group, term, terms);
      products(group, term, terms, sums, row);
    });
    runResult(group);
  });
}

void Contract::run(Part part) {
  if (isLong)
    longSums(part);
  else
    shortSums(part);
}

void Contract::lower() {
  int64_t columns = op.resultColumns(), blocks = llvm::divideCeil(columns, blockColumns);
  bool fixedRows = op.resultRows() >= 0;
  cpu.shape.extentPerItem = fixedRows ? 0 : perItem;
  cpu.shape.itemsPerRow = fixedRows ? llvm::divideCeil(op.resultRows(), perItem) * blocks : blocks;
  // A chunk of a row ends up to a vector beyond its last column.
  int64_t leftRows = transposed && !tiles.blocks ? cpu.machine.stretch
                     : transposed ? tiles.paddedRows(cpu.machine.groupRows) + tiles.lanes
                                  : tiles.tileRows;
  left = cpu.allocate(tiles.word, leftRows * leftStride + 2 * tiles.panel());
  right = cpu.allocate(tiles.word, stretch * (blockColumns + tiles.panel()));
  int64_t sumRows = isLong ? tiles.paddedRows(cpu.machine.groupRows) : tiles.tileRows;
  sums = cpu.allocate(type, sumRows * blockColumns + 2 * tiles.lanes);

  Value rows = fixedRows ? code.index(op.resultRows()) : cpu.extent;
  Value rowItems = code.div(code.add(rows, perItem - 1), perItem);
  Value firstBlock = code.div(cpu.begin, rowItems),
        lastBlock = code.div(code.add(cpu.end, -1), rowItems);
  code.loop(firstBlock, code.add(lastBlock, 1), 1, [&](Value block) {
    Value first = code.mul(block, rowItems), column = code.mul(block, blockColumns);
    Value low = code.sub(code.max(cpu.begin, first), first);
    Value high = code.min(code.sub(cpu.end, first), rowItems);
    run({code.mul(low, perItem), code.min(code.mul(high, perItem), rows), column,
         code.min(code.sub(code.index(columns), column), code.index(blockColumns))});
  });
}

void roux::lowerContract(ContractOp op, CPUFunction &cpu) {
  Contract(op, cpu).lower();
}
