//===- CPUContract.cpp - matmul with row bodies on the CPU -----------------===//
//
// A work item is a block of rows times a block of a result's columns; items of
// one block of columns follow each other. A thread is given a run of them and
// lays the right operand out for the register tile once, for all its rows. The
// left operand is read where it is when its body only loads it; else its body
// runs into scratch, a tile's rows at a time. Sums stay in registers for the
// whole of a sum that is not too long, and the result's body takes them from the
// first-level cache. Where both operands are bf16 and the machine multiplies
// pairs, they stay bf16: a word then holds two terms, the last one beside a zero.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// Products of one left operand are formed together, so that it is laid out once.
void Contract::forSharing(const Result &result, function_ref<void(Sharing)> body) {
  Sharing all(result.products);
  while (!all.empty()) {
    Sharing same = all.take_while(
        [&](const Product &product) { return product.leftBody == all.front().leftBody; });
    body(same);
    all = all.drop_front(same.size());
  }
}

/// The sums that a result's body gets, of the rows of `part`.
void Contract::sums(Part part, function_ref<void(Sharing)> ofMany) {
  auto many = [&] { forSharing(part.result, ofMany); };
  if (!part.many)
    return many();
  code.either(part.many, many,
              [&] { forSharing(part.result, [&](Sharing sharing) { sumsOfFew(sharing, part); }); });
}

/// Sums of one tile's rows after another; scratch has row firstRow first.
void Contract::products(Sharing sharing, Part part, Value term, Value terms, Value firstRow) {
  const Result &result = part.result;
  const Product &first = sharing.front();
  code.loop(part.row, part.end, tiles.tileRows, [&](Value at) {
    LeftTile rows = leftTile(first, part, at, term, terms);
    Value sum = code.mul(code.sub(at, firstRow), result.blockColumns);
    for (const Product &product : sharing) {
      int64_t perTile = llvm::divideCeil(product.stretch, fetchTerms);
      auto fetch = [&](Value panel, Value k) {
        Value number = code.add(code.mul(panel, perTile), code.div(k, fetchTerms));
        bool isLast = &product == &sharing.back();
        if (isLast && product.inPlace && (transposed || !result.isLong))
          fetchLeft(product, part, at, term, number);
        if (result.isLong && transposed && product.plainRight &&
            result.blockColumns >= result.columns)
          fetchRight(product, part, at, term, terms, number);
        if (isLast && !result.isLong)
          fetchResult(product, part, at, panel, k);
      };
      RightTile right{product.right, product.stretch * tiles.panel(), tiles.panel()};
      tiles.rowOfTiles(part.columns, tiles.words(terms), rows, right,
                       code.address(product.sums, type, sum), result.blockColumns,
                       /*accumulate=*/result.isLong, fetch);
    }
  });
}

/// The body for each window of `row`, which it sees whole.
void Contract::runWindows(Part part, Value row) {
  const Result &result = part.result;
  int64_t window = result.columns / result.windows;
  Value first = code.add(code.mul(row, result.windows), code.div(part.column, window));
  code.loop(code.index(0), code.div(part.columns, window), 1, [&](Value at) {
    IRMapping known = cpu.known;
    known.map(result.body->getArgument(0), code.add(first, at));
    Value begin =
        code.add(code.mul(code.sub(row, part.row), result.blockColumns), code.mul(at, window));
    auto sums = [&](Value sum, Chunk chunk) {
      const Product &product = result.products[cast<BlockArgument>(sum).getArgNumber() - 1];
      return code.load(VectorType::get(chunk.width, type),
                       code.address(product.sums, type, code.add(begin, chunk.first)));
    };
    target.restrict({}, {});
    RowBody(code, *result.body, known, sums).emit(target);
  });
}

void Contract::runResult(Part part) {
  const Result &result = part.result;
  int64_t width = std::min<int64_t>(2 * tiles.lanes, result.blockColumns);
  code.loop(part.row, part.end, 1, [&](Value row) {
    if (result.windows > 1)
      return runWindows(part, row);
    IRMapping known = cpu.known;
    known.map(result.body->getArgument(0), row);
    auto sums = [&](Value sum, Chunk chunk) {
      const Product &product = result.products[cast<BlockArgument>(sum).getArgNumber() - 1];
      Value at = code.add(code.mul(code.sub(row, part.row), result.blockColumns),
                          code.sub(chunk.first, part.column));
      return code.load(VectorType::get(chunk.width, type), code.address(product.sums, type, at));
    };
    RowBody rows(code, *result.body, known, sums);
    target.restrict(part.column, code.add(part.column, part.columns), columnUnit(result));
    rows.emitScalars(target);
    target.forColumns(code, 0, width, {}, [&](Chunk chunk, ValueRange) {
      rows.storesAt(chunk);
      return LoopBuilder::Values();
    });
  });
}

/// The right operands are laid out once, also for a thread's later calls, until it comes to other
/// columns; each tile's rows are finished before the next.
void Contract::shortSums(Part part, int64_t blocksBefore) {
  Value none = code.index(0);
  Value block = arith::IndexCastOp::create(
      code, code.getI64Type(),
      code.add(code.div(part.column, part.result.blockColumns), blocksBefore + 1));
  Value others = arith::CmpIOp::create(code, arith::CmpIPredicate::ne,
                                       code.load(code.getI64Type(), cpu.scratch), block);
  if (part.many)
    others = arith::AndIOp::create(code, others, part.many);
  code.when(others, {}, [&] {
    for (const Product &product : part.result.products)
      packRight(product, part, none, code.index(product.terms));
    code.store(block, cpu.scratch);
    return LoopBuilder::Values();
  });
  code.loop(part.row, part.end, tiles.tileRows, [&](Value row) {
    Part rows = part.rows(row, code.min(code.add(row, tiles.tileRows), part.end));
    sums(rows, [&](Sharing sharing) {
      products(sharing, rows, none, code.index(sharing.front().terms), row);
    });
    runResult(rows);
  });
}

/// A group of rows at a time; its sums gather in scratch, a stretch of the terms after another.
void Contract::longSums(Part part) {
  auto vector = VectorType::get(tiles.lanes, type);
  code.loop(part.row, part.end, cpu.machine.groupRows, [&](Value row) {
    Part group = part.rows(row, code.min(code.add(row, cpu.machine.groupRows), part.end));
    Value rows = code.roundUp(code.sub(group.end, row), tiles.tileRows);
    sums(group, [&](Sharing sharing) {
      const Product &first = sharing.front();
      Value all = transposed ? cpu.extent : code.index(first.terms);
      for (const Product &product : sharing)
        code.loop(code.index(0), code.mul(rows, part.result.blockColumns), tiles.lanes,
                  [&](Value at) {
                    code.store(code.number(vector, 0), code.address(product.sums, type, at));
                  });
      code.loop(code.index(0), all, first.stretch * each, [&](Value term) {
        Value terms = code.min(code.sub(all, term), code.index(first.stretch * each));
        if (transposed && !first.inPlace)
          packLeft(first, group, term, terms);
        for (const Product &product : sharing)
          packRight(product, group, term, terms);
        products(sharing, group, term, terms, row);
      });
    });
    runResult(group);
  });
}

/// Items [begin, end) of those of one result, which has `rowItems` of them in a block of columns.
void Contract::runItems(const Result &result, Value begin, Value end, Value rowItems,
                        int64_t blocksBefore) {
  Value rows = result.rows < 0 ? cpu.extent : code.index(result.rows);
  Value firstBlock = code.div(begin, rowItems), lastBlock = code.div(code.add(end, -1), rowItems);
  code.loop(firstBlock, code.add(lastBlock, 1), 1, [&](Value block) {
    Value first = code.mul(block, rowItems), column = code.mul(block, result.blockColumns);
    Value low = code.sub(code.max(begin, first), first);
    Value high = code.min(code.sub(end, first), rowItems);
    Part part{
        result,
        code.mul(low, perItem),
        code.min(code.mul(high, perItem), rows),
        column,
        code.min(code.sub(code.index(result.columns), column), code.index(result.blockColumns)),
        {}};
    part.many = areMany(part);
    if (result.isLong)
      longSums(part);
    else
      shortSums(part, blocksBefore);
  });
}

void Contract::lower() {
  cpu.shape.extentPerItem = transposed ? 0 : perItem;
  cpu.shape.itemsPerRow = 0;
  for (const Result &result : results)
    cpu.shape.itemsPerRow +=
        (transposed ? llvm::divideCeil(result.rows, perItem) : 1) * result.blocks();
  Value before = code.index(0);
  int64_t blocksBefore = 0;
  for (Result &result : results) {
    Value rows = transposed ? code.index(result.rows) : cpu.extent;
    Value rowItems = code.div(code.add(rows, perItem - 1), perItem);
    Value count = code.mul(rowItems, result.blocks());
    Value begin = code.sub(code.max(cpu.begin, before), before);
    Value end = code.min(code.sub(cpu.end, before), count);
    if (results.size() == 1) {
      runItems(result, cpu.begin, cpu.end, rowItems, blocksBefore);
      break;
    }
    Value some = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, begin, end);
    code.when(some, {}, [&] {
      runItems(result, begin, end, rowItems, blocksBefore);
      return LoopBuilder::Values();
    });
    before = code.add(before, count);
    blocksBefore += result.blocks();
  }
}

void roux::lowerContract(ContractOp op, CPUFunction &cpu) {
  Contract(op, cpu).lower();
}
