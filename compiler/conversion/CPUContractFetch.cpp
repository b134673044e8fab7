//===- CPUContractFetch.cpp - a matmul's memory ahead of its use -----------===//
//
// A register tile takes thousands of cycles and needs next to nothing of what lies
// beyond the second-level cache; the rows after it and its result would be waited
// for at once. So a line or two of those is fetched every few words of the sum.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/CPUContract.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static constexpr int64_t lineBytes = 64;

/// The `lines` lines of memory, each `distance` bytes behind the one before, that the
/// `number`th fetch of a run from `first` on is for.
void Contract::fetchLines(Value first, int64_t distance, Value number, int64_t lines) {
  for (int64_t line = 0; line < lines; ++line) {
    Value at = code.add(code.mul(number, lines * distance), line * distance);
    code.prefetch(code.address(first, code.getI8Type(), at));
  }
}

/// What the next tile of rows will read, or the next two.
void Contract::fetchLeft(Value row, Value term, Value number) {
  int64_t rowBytes = rowType(inPlace.getType()).getDimSize(0) * this->number.getWidth() / 8;
  auto first = [&](Value at) {
    return code.address(cpu.known.lookup(inPlace.getBuffer()), this->number, at);
  };
  if (!transposed)
    return fetchLines(first(code.mul(code.add(row, tiles.tileRows), op.terms())), lineBytes, number,
                      llvm::divideCeil(tiles.tileRows * rowBytes, lineBytes * fetches()));
  Value tile = code.div(code.rem(row, leftStride), tiles.tileRows);
  Value next = code.mul(code.add(code.div(row, leftStride), 1), leftStride);
  fetchLines(first(code.add(code.mul(term, op.resultRows()), next)), rowBytes,
             code.add(code.mul(tile, fetches()), number),
             llvm::divideCeil(stretch, leftStride / tiles.tileRows * fetches()));
}

/// What the next stretch will lay out, a part for each tile of rows of a whole group.
void Contract::fetchRight(Part part, Value row, Value term, Value terms, Value number) {
  int64_t rowBytes = op.resultColumns() * this->number.getWidth() / 8;
  int64_t all = fetches() * (cpu.machine.groupRows / tiles.tileRows);
  Value first = code.address(cpu.known.lookup(plainRight.getBuffer()), this->number,
                             code.mul(code.add(term, terms), op.resultColumns()));
  Value tile = code.div(code.sub(row, part.row), tiles.tileRows);
  fetchLines(first, lineBytes, code.add(code.mul(tile, fetches()), number),
             llvm::divideCeil(stretch * rowBytes, lineBytes * all));
}

/// What the result's body will touch of this tile.
void Contract::fetchResult(Part part, Value row, Value panel, Value k) {
  mlir::Block &body = op.getResult().front();
  SetVector<Value> buffers;
  for (Operation &each : body) {
    auto note = [&](auto access) {
      if (access.getIndices().size() == 1 && access.getIndices()[0] == body.getArgument(0))
        buffers.insert(access.getBuffer());
    };
    TypeSwitch<Operation *>(&each).Case<LoadOp, StoreOp>(note);
  }
  for (Value buffer : buffers) {
    auto type = cast<MemRefType>(buffer.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != op.resultColumns())
      continue;
    Type element = type.getElementType();
    int64_t perLine = 8 * lineBytes / element.getIntOrFloatBitWidth();
    int64_t perRow = llvm::divideCeil(tiles.panel(), perLine);
    int64_t lines =
        llvm::divideCeil(tiles.tileRows * perRow, llvm::divideCeil(stretch, fetchTerms));
    for (int64_t line = 0; line < lines; ++line) {
      Value which = code.add(code.mul(code.div(k, fetchTerms), lines), line);
      Value column = code.add(code.add(part.column, code.mul(panel, tiles.panel())),
                              code.mul(code.rem(which, perRow), perLine));
      Value at =
          code.add(code.mul(code.add(row, code.div(which, perRow)), op.resultColumns()), column);
      code.prefetch(code.address(cpu.known.lookup(buffer), element, at), /*toWrite=*/true);
    }
  }
}
