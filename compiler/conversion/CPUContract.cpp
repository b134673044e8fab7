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
#include "compiler/conversion/CPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

bool roux::multipliesPairs(ContractOp op, const TargetDescription &machine) {
  return machine.pairs && llvm::all_of(ArrayRef{&op.getLeft(), &op.getRight()}, [](Region *region) {
           Value row = cast<YieldOp>(region->front().getTerminator()).getRow();
           return rowType(row.getType()).getElementType().isBF16();
         });
}

LoadOp roux::onlyLoad(Region &region) {
  Block &body = region.front();
  auto load = cast<YieldOp>(body.getTerminator()).getRow().getDefiningOp<LoadOp>();
  bool plain = load && load->getBlock() == &body && load.getFrom() == 0 &&
               load.getIndices().size() == 1 && load.getIndices()[0] == body.getArgument(0);
  return plain && rowType(load.getType()).getDimSize(0) ==
                      cast<MemRefType>(load.getBuffer().getType()).getDimSize(1)
             ? load
             : LoadOp();
}

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
  plainRight = onlyLoad(op.getRight());
  // Where rows of the operand are terms, a tile's columns of them; there may be no part of a tile.
  LoadOp load = onlyLoad(op.getLeft());
  if (load && rowType(load.getType()).getElementType() == number &&
      (transposed ? each == 1 && llvm::isPowerOf2_64(tiles.tileRows) &&
                        rowUnit() % (2 * tiles.tileRows) == 0
                  : op.terms() % (each * tiles.wordStep()) == 0))
    inPlace = load;
  // A stride of whole pages would put all rows of a tile into the same few lines of the cache.
  leftStride = inPlace        ? (transposed ? 2 * tiles.tileRows : op.terms() / each)
               : !transposed  ? stretch + tiles.lanes
               : tiles.blocks ? cpu.machine.stretch + tiles.lanes
                              : cpu.machine.groupRows + tiles.lanes;
}

/// Sums of one tile's rows after another; `to` has row firstRow first. One row or two, as of a
/// sequence that is being written, do not pay for a whole tile.
void Contract::products(Part part, Value term, Value terms, Value to, Value firstRow) {
  RightTile rightTile{right, stretch * tiles.panel(), tiles.panel()};
  int64_t perTile = llvm::divideCeil(stretch, fetchTerms);
  auto run = [&](Tiles &tiles, Value begin, Value end) {
    code.loop(begin, end, tiles.tileRows, [&](Value at) {
      LeftTile rows = leftTile(tiles, part, at, term, terms);
      Value sum = code.mul(code.sub(at, firstRow), blockColumns);
      auto fetch = [&](Value panel, Value k) {
        Value number = code.add(code.mul(panel, perTile), code.div(k, fetchTerms));
        if (inPlace && (transposed || !isLong))
          fetchLeft(at, term, number);
        if (isLong && transposed && plainRight && blockColumns >= op.resultColumns())
          fetchRight(part, at, term, terms, number);
        if (!isLong)
          fetchResult(part, at, panel, k);
      };
      tiles.rowOfTiles(part.columns, tiles.words(terms), rows, rightTile,
                       code.address(to, type, sum), blockColumns, /*accumulate=*/isLong,
                       tiles.tileRows > 1 ? FetchAhead(fetch) : FetchAhead());
    });
  };
  if (tiles.blocks || rowUnit() > 2)
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
    target.restrict(part.column, code.add(part.column, part.columns), columnUnit());
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

/// The right operand is laid out once, also for a thread's later calls, until it comes to other
/// columns; each tile's rows are finished before the next.
void Contract::shortSums(Part part) {
  Value none = code.index(0), terms = code.index(op.terms());
  Value block = arith::IndexCastOp::create(code, code.getI64Type(),
                                           code.add(code.div(part.column, blockColumns), 1));
  Value others = arith::CmpIOp::create(code, arith::CmpIPredicate::ne,
                                       code.load(code.getI64Type(), cpu.scratch), block);
  code.when(others, {}, [&] {
    packRight(part, none, terms);
    code.store(block, cpu.scratch);
    return LoopBuilder::Values();
  });
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
      if (transposed && !inPlace)
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
  corner = cpu.allocate(tiles.word, tiles.lanes * tiles.lanes);
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
