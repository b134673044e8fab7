//===- CPUContractLayout.cpp - a matmul's operands in scratch --------------===//
//
// The right operand becomes panels as wide as the register tile, the left one rows
// of words or, where its rows are terms, words of terms side by side.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/CPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

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

void Contract::forColumns(Value low, Value high, int64_t unit, int64_t width,
                          function_ref<void(Chunk)> body) {
  target.restrict(low, high, unit);
  target.forColumns(code, 0, width, {}, [&](Chunk chunk, ValueRange) {
    body(chunk);
    return LoopBuilder::Values();
  });
}

/// Words [term, term + terms) of `rows` rows of the left operand, from the scratch's begin on.
void Contract::packRows(Value row, Value rows, Value term, Value terms) {
  code.loop(code.index(0), rows, 1, [&](Value i) {
    forColumns(term, code.add(term, terms), termUnit(), tiles.lanes * each, [&](Chunk chunk) {
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
      forColumns(part.row, part.end, rowUnit(), tiles.lanes, [&](Chunk chunk) {
        Value at =
            code.add(code.mul(code.div(k, each), leftStride), code.sub(chunk.first, part.row));
        code.store(wordsAcross(op.getLeft(), term, k, terms, chunk), place(at));
      });
    });
    return;
  }
  code.loop(zero, terms, each * tiles.lanes, [&](Value k) {
    forColumns(part.row, part.end, rowUnit(), tiles.lanes, [&](Chunk chunk) {
      // By way of memory: so many words of unlike terms are a lot of code.
      auto cornerAt = [&](Value lane) {
        return code.address(corner, tiles.word, code.mul(lane, tiles.lanes));
      };
      code.loop(zero, code.index(tiles.lanes), 1, [&](Value lane) {
        Value at = code.add(k, code.mul(lane, each));
        code.store(wordsAcross(op.getLeft(), term, at, terms, chunk), cornerAt(lane));
      });
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < tiles.lanes; ++lane)
        vectors.push_back(
            code.load(VectorType::get(tiles.lanes, tiles.word), cornerAt(code.index(lane))));
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
    forColumns(term, code.add(term, terms), termUnit(), lanes * each, [&](Chunk chunk) {
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

/// Columns of the tiles of rows [row, row + width), of rows that are terms: one number of each
/// behind the other.
void Contract::packTiles(Value row, int64_t width, Value term, Value terms) {
  auto type = VectorType::get(width, number);
  Value from = cpu.known.lookup(inPlace.getBuffer());
  code.loop(code.index(0), terms, 1, [&](Value k) {
    Value at = code.add(code.mul(code.add(term, k), op.resultRows()), row);
    code.store(code.load(type, code.address(from, number, at)),
               code.address(left, number, code.mul(k, width)));
  });
}

/// Where the tile of rows from `row` on finds its operand.
LeftTile Contract::leftTile(const Tiles &tiles, Part part, Value row, Value term, Value terms) {
  auto there = [&](Value at) {
    return code.address(cpu.known.lookup(inPlace.getBuffer()), number, at);
  };
  if (transposed && inPlace) {
    Value inPair = code.rem(row, leftStride); // two tiles share lines
    Value isFirst = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, inPair, code.index(0));
    code.when(isFirst, {}, [&] {
      packTiles(row, leftStride, term, terms);
      return LoopBuilder::Values();
    });
    return {code.address(left, number, inPair), 1, leftStride};
  }
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
  Value first = there(code.add(code.mul(row, op.terms()), term));
  Value found = code.when(partial, first, [&] {
    packRows(row, rows, term, terms);
    return LoopBuilder::Values{left};
  })[0];
  return {found, leftStride, 1};
}
