//===- CPUContractVector.cpp - a matmul of a row or two: GEMV --------------===//
//
// A sequence that is being written has one row, so every weight is used once and
// memory bounds it: laying weights out for a tile would store and read all of them
// once more. Here a square of them is turned in registers and multiplied at once.
// Terms are added in the order of a register tile, so a row's sums do not depend
// on how many others there are.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// Rows that are each multiplied alone. Turning costs as much for each of them; above two a tile
/// that has been laid out once is quicker.
static constexpr int64_t fewRows = 2;

bool Contract::mayBeFew(const Result &result) {
  return op->getParentOp()->hasAttr(fewRowsAttribute) && op.getForm() == Form::NT &&
         !tiles.blocks && rowUnit(result) <= fewRows &&
         llvm::all_of(result.products, [&](const Product &product) {
           return product.terms > 0 && product.terms % squareTerms() == 0;
         });
}

Value Contract::areMany(Part part) {
  if (!mayBeFew(part.result))
    return {};
  return arith::CmpIOp::create(code, arith::CmpIPredicate::sgt, code.sub(part.end, part.row),
                               code.index(fewRows));
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

/// Sums of terms [term, end) for the vector of columns from `group` on.
Value Contract::turnedSums(const Product &product, Part part, Value group, Value term, Value end,
                           LeftTile left) {
  int64_t lanes = vector.lanes;
  Value zero = code.number(VectorType::get(lanes, type), 0);
  Value last = code.index(part.result.columns - 1);
  return code.loop(term, end, squareTerms(), zero, [&](Value k, ValueRange carried) {
    fetchSquare(product, part, group, k);
    SmallVector<Value> square;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value column = code.min(code.add(code.add(part.column, group), lane), last);
      square.push_back(wordsAlong(*product.rightBody, column, {k, squareTerms(), {}}));
    }
    Value words = code.address(left.pointer, vector.word, code.div(k, each));
    return LoopBuilder::Values{vector.addTurned(std::move(square), words, carried[0])};
  })[0];
}

/// Sums of a row of scratch, a vector of columns after another. A stretch's own is added at its
/// end, as a tile adds it.
void Contract::vectorsOfSums(const Product &product, Part part, LeftTile left, Value scratchRow) {
  Value none = code.index(0), terms = code.index(product.terms);
  code.loop(none, part.columns, vector.lanes, [&](Value group) {
    auto sums = [&](Value term, Value end) {
      return turnedSums(product, part, group, term, end, left);
    };
    auto inStretches = [&] {
      int64_t stretch = product.stretch * each;
      Value zero = code.number(VectorType::get(vector.lanes, type), 0);
      return code.loop(none, terms, stretch, zero, [&](Value term, ValueRange carried) {
        Value own = sums(term, code.min(code.add(term, stretch), terms));
        return LoopBuilder::Values{arith::AddFOp::create(code, carried[0], own)};
      })[0];
    };
    Value found = part.result.isLong ? inStretches() : sums(none, terms);
    code.store(found, code.address(product.sums, type, code.add(scratchRow, group)));
  });
}

void Contract::sumsOfFew(Sharing sharing, Part part) {
  const Product &first = sharing.front();
  code.loop(part.row, part.end, 1, [&](Value row) {
    Part alone = part.rows(row, code.add(row, 1));
    LeftTile left = leftTile(first, vector, alone, row, code.index(0), code.index(first.terms));
    Value scratchRow = code.mul(code.sub(row, part.row), part.result.blockColumns);
    for (const Product &product : sharing)
      vectorsOfSums(product, alone, left, scratchRow);
  });
}
