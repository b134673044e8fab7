//===- CPUContractVector.cpp - a matmul of few rows: GEMV ------------------===//
//
// Sequences that are being written have a row each, so every weight is used once or
// a few times and memory bounds it: laying weights out for a tile would store and
// read all of them once more. Here a square of them is turned in registers and
// multiplied at once, with one row or with as many as a tile has.
// Terms are added in the order of a register tile, so a row's sums do not depend
// on how many others there are.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

bool Contract::mayBeFew(const Result &result) {
  return cast<FuncOp>(op->getParentOp()).getFewRows() && !tiles.blocks &&
         llvm::all_of(result.products, [&](const Product &product) {
           return product.terms > 0 && product.terms % squareTerms() == 0;
         });
}

Value Contract::areMany(Part part) {
  if (!mayBeFew(part.result))
    return {};
  return arith::CmpIOp::create(code, arith::CmpIPredicate::sgt, code.sub(part.end, part.row),
                               code.index(mostFew()));
}

/// What the vectors of columns read lies behind each other, so it is fetched in order, of the next
/// but one as much for each square; to the second-level cache, for the first one holds less.
void Contract::fetchSquare(const Product &product, Part part, Value group, Value term) {
  LoadOp load = product.plainRight;
  if (!load)
    return;
  Type element = rowType(load.getType()).getElementType();
  int64_t lines = llvm::divideCeil(vector.lanes * squareTerms() * element.getIntOrFloatBitWidth(),
                                   8 * lineBytes);
  Value next = code.mul(code.add(code.add(part.column, group), 2 * vector.lanes), product.terms);
  Value first = code.address(cpu.known.lookup(load.getBuffer()), element, next);
  fetchLines(first, lineBytes, code.div(term, squareTerms()), lines, /*level=*/2);
}

/// Where the left operand's rows of a part are, `count` of them: the last one stands for those
/// beyond it.
Contract::Values Contract::leftRows(const Product &product, Part part, int64_t count) {
  Value last = code.sub(code.sub(part.end, part.row), code.index(1)), base = product.left;
  int64_t stride = llvm::alignTo(tiles.words(product.terms), vector.lanes) + vector.lanes;
  if (LoadOp load = product.inPlace) {
    stride = product.terms / each;
    Value buffer = cpu.known.lookup(load.getBuffer());
    base = code.address(buffer, vector.word, code.mul(part.row, stride));
  } else {
    packRows(product, part.row, code.add(last, 1), code.index(0), code.index(product.terms),
             stride);
  }
  Values rows;
  for (int64_t row = 0; row < count; ++row)
    rows.push_back(
        code.address(base, vector.word, code.mul(code.min(code.index(row), last), stride)));
  return rows;
}

/// Sums of terms [term, end) of each left row for the vector of columns from `group` on.
Contract::Values Contract::turnedSums(const Product &product, Part part, Value group, Value term,
                                      Value end, ArrayRef<Value> left) {
  Values zeros(left.size(), code.number(VectorType::get(vector.lanes, type), 0));
  Value last = code.index(part.result.columns - 1);
  return code.loop(term, end, squareTerms(), zeros, [&](Value k, ValueRange carried) {
    fetchSquare(product, part, group, k);
    Values square, words;
    for (int64_t lane = 0; lane < vector.lanes; ++lane) {
      Value column = code.min(code.add(code.add(part.column, group), lane), last);
      square.push_back(wordsAlong(*product.rightBody, column, {k, squareTerms(), {}}));
    }
    for (Value row : left)
      words.push_back(code.address(row, vector.word, code.div(k, each)));
    return vector.addTurned(std::move(square), words, carried);
  });
}

/// Sums of left rows from `scratch` on, a vector of columns after another. A stretch's own is added
/// at its end, as a tile adds it.
void Contract::vectorsOfSums(const Product &product, Part part, ArrayRef<Value> left,
                             Value scratch) {
  Value none = code.index(0), terms = code.index(product.terms);
  code.loop(none, part.columns, vector.lanes, [&](Value group) {
    auto sums = [&](Value term, Value end) {
      return turnedSums(product, part, group, term, end, left);
    };
    auto inStretches = [&] {
      int64_t stretch = product.stretch * each;
      Values zeros(left.size(), code.number(VectorType::get(vector.lanes, type), 0));
      return code.loop(none, terms, stretch, zeros, [&](Value term, ValueRange carried) {
        Values own = sums(term, code.min(code.add(term, stretch), terms)), added;
        for (auto [before, sum] : llvm::zip(carried, own))
          added.push_back(arith::AddFOp::create(code, before, sum));
        return added;
      });
    };
    Values found = part.result.isLong ? inStretches() : sums(none, terms);
    for (auto [row, sum] : llvm::enumerate(found)) {
      Value at = code.add(group, static_cast<int64_t>(row) * part.result.blockColumns);
      at = code.add(at, scratch);
      code.store(sum, code.address(product.sums, type, at));
    }
  });
}

/// A tile's rows at a time, or one that is alone.
void Contract::sumsOfFew(Sharing sharing, Part part) {
  code.loop(part.row, part.end, tiles.tileRows, [&](Value row) {
    Part some = part.rows(row, code.min(code.add(row, tiles.tileRows), part.end));
    auto ofRows = [&](int64_t count) {
      Values left = leftRows(sharing.front(), some, count);
      Value scratch = code.mul(code.sub(row, part.row), part.result.blockColumns);
      for (const Product &product : sharing)
        vectorsOfSums(product, some, left, scratch);
    };
    Value isOne = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, code.sub(some.end, row),
                                        code.index(1));
    code.either(isOne, [&] { ofRows(1); }, [&] { ofRows(tiles.tileRows); });
  });
}
