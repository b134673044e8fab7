//===- CPUContractLayout.cpp - a matmul's operands in scratch --------------===//
//
// The right operand becomes panels as wide as the register tile, the left one rows
// of words or, where its rows are terms, words of terms side by side.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

Value Contract::numbersAt(Region &region, Value row, Chunk chunk) {
  mlir::Block &block = region.front();
  IRMapping known = cpu.known;
  known.map(block.getArgument(0), row);
  RowBody body(code, block, known);
  body.emitScalars(target);
  DenseMap<Value, Value> rows;
  return code.convert(body.rowAt(cast<YieldOp>(block.getTerminator()).getRow(), chunk, rows),
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
void Contract::packRows(const Product &product, Value row, Value rows, Value term, Value terms,
                        int64_t stride) {
  code.loop(code.index(0), rows, 1, [&](Value i) {
    forColumns(
        term, code.add(term, terms), termUnit(product), tiles.lanes * each, [&](Chunk chunk) {
          Value at = code.add(code.mul(i, stride), code.div(code.sub(chunk.first, term), each));
          code.store(wordsAlong(*product.leftBody, code.add(row, i), chunk),
                     code.address(product.left, tiles.word, at));
        });
  });
}

/// All rows of a part, where rows of the operand are terms: left[k][row], or as rows of words where
/// a tile takes blocks of them.
void Contract::packLeft(const Product &product, Part part, Value term, Value terms) {
  Value zero = code.index(0);
  auto place = [&](Value at) { return code.address(product.left, tiles.word, at); };
  if (!tiles.blocks) {
    code.loop(zero, terms, each, [&](Value k) {
      forColumns(part.row, part.end, rowUnit(part.result), tiles.lanes, [&](Chunk chunk) {
        Value at = code.add(code.mul(code.div(k, each), product.leftStride),
                            code.sub(chunk.first, part.row));
        code.store(wordsAcross(*product.leftBody, term, k, terms, chunk), place(at));
      });
    });
    return;
  }
  code.loop(zero, terms, each * tiles.lanes, [&](Value k) {
    forColumns(part.row, part.end, rowUnit(part.result), tiles.lanes, [&](Chunk chunk) {
      // By way of memory: so many words of unlike terms are a lot of code.
      auto cornerAt = [&](Value lane) {
        return code.address(corner, tiles.word, code.mul(lane, tiles.lanes));
      };
      code.loop(zero, code.index(tiles.lanes), 1, [&](Value lane) {
        Value at = code.add(k, code.mul(lane, each));
        code.store(wordsAcross(*product.leftBody, term, at, terms, chunk), cornerAt(lane));
      });
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < tiles.lanes; ++lane)
        vectors.push_back(
            code.load(VectorType::get(tiles.lanes, tiles.word), cornerAt(code.index(lane))));
      Value at = code.add(code.mul(code.sub(chunk.first, part.row), product.leftStride),
                          code.div(k, each));
      tiles.storeTransposed(std::move(vectors), place(at), product.leftStride);
    });
  });
}

/// Rows of the right operand are terms, as the tile wants them.
void Contract::packAcross(const Product &product, Part part, Value term, Value terms) {
  int64_t width = tiles.panel(), lanes = tiles.lanes;
  bool whole = part.result.columns % width == 0;
  code.loop(code.index(0), code.roundUp(terms, each * tiles.wordStep()), each, [&](Value k) {
    code.loop(code.index(0), part.columns, width, [&](Value column) {
      Value base = code.add(code.mul(column, product.stretch), code.mul(code.div(k, each), width));
      for (int64_t v = 0; v < tiles.tileVectors; ++v) {
        Value at = code.add(column, v * lanes);
        Value mask = whole ? Value() : firstLanes(code, code.sub(part.columns, at), lanes);
        Value words = wordsAcross(*product.rightBody, term, k, terms,
                                  {code.add(part.column, at), lanes, mask});
        code.store(words, code.address(product.right, tiles.word, code.add(base, v * lanes)));
      }
    });
  });
}

/// Rows are columns of the result: transposed, as many at a time as a vector has lanes. Rows beyond
/// the last repeat it; their sums are never read.
void Contract::packAlong(const Product &product, Part part, Value term, Value terms) {
  int64_t width = tiles.panel(), lanes = tiles.lanes;
  Value last = code.index(part.result.columns - 1);
  code.loop(code.index(0), part.columns, lanes, [&](Value group) {
    Value inPanel = code.rem(group, width);
    Value base = code.add(code.mul(code.sub(group, inPanel), product.stretch), inPanel);
    forColumns(term, code.add(term, terms), termUnit(product), lanes * each, [&](Chunk chunk) {
      SmallVector<Value> vectors;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value row = code.min(code.add(code.add(part.column, group), lane), last);
        vectors.push_back(wordsAlong(*product.rightBody, row, chunk));
      }
      Value at = code.add(base, code.mul(code.div(code.sub(chunk.first, term), each), width));
      tiles.storeTransposed(std::move(vectors), code.address(product.right, tiles.word, at), width);
    });
  });
}

void Contract::packRight(const Product &product, Part part, Value term, Value terms) {
  if (op.getForm() == Form::NT)
    packAlong(product, part, term, terms);
  else
    packAcross(product, part, term, terms);
}

/// Columns of the tiles of rows [row, row + leftStride), of rows that are terms: one number of each
/// behind the other.
void Contract::packTiles(const Product &product, Part part, Value row, Value term, Value terms) {
  auto type = VectorType::get(product.leftStride, number);
  LoadOp load = product.inPlace;
  Value from = cpu.known.lookup(load.getBuffer());
  code.loop(code.index(0), terms, 1, [&](Value k) {
    Value at = code.add(code.mul(code.add(term, k), part.result.rows), row);
    code.store(code.load(type, code.address(from, number, at)),
               code.address(product.left, number, code.mul(k, product.leftStride)));
  });
}

/// Where the tile of rows from `row` on finds its operand.
LeftTile Contract::leftTile(const Product &product, Part part, Value row, Value term, Value terms) {
  int64_t stride = product.leftStride;
  LoadOp load = product.inPlace;
  if (transposed && load) {
    Value inPair = code.rem(row, stride); // two tiles share lines
    Value isFirst = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, inPair, code.index(0));
    code.when(isFirst, {}, [&] {
      packTiles(product, part, row, term, terms);
      return LoopBuilder::Values();
    });
    return {code.address(product.left, number, inPair), 1, stride};
  }
  if (transposed) {
    Value at = code.sub(row, part.row);
    return tiles.blocks
               ? LeftTile{code.address(product.left, tiles.word, code.mul(at, stride)), stride, 1}
               : LeftTile{code.address(product.left, tiles.word, at), 1, stride};
  }
  Value rows = code.min(code.sub(part.end, row), code.index(tiles.tileRows));
  if (!load) {
    packRows(product, row, rows, term, terms, stride);
    return {product.left, stride, 1};
  }
  // The last rows are copied where a tile would read beyond them.
  Value partial =
      arith::CmpIOp::create(code, arith::CmpIPredicate::ne, rows, code.index(tiles.tileRows));
  Value first = code.address(cpu.known.lookup(load.getBuffer()), number,
                             code.add(code.mul(row, product.terms), term));
  Value found = code.when(partial, first, [&] {
    packRows(product, row, rows, term, terms, stride);
    return LoopBuilder::Values{product.left};
  })[0];
  return {found, stride, 1};
}
