//===- CPUContractFetch.cpp - a matmul's memory ahead of its use -----------===//
//
// A register tile takes thousands of cycles and needs next to nothing of what lies
// beyond the second-level cache; the rows after it and its result would be waited
// for at once. So a line or two of those is fetched every few words of the sum.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUContract.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// The `lines` lines of memory, each `distance` bytes behind the one before, that the
/// `number`th fetch of a run from `first` on is for.
void Contract::fetchLines(Value first, int64_t distance, Value number, int64_t lines,
                          int64_t level) {
  for (int64_t line = 0; line < lines; ++line) {
    Value at = code.add(code.mul(number, lines * distance), line * distance);
    code.prefetch(code.address(first, code.getI8Type(), at), /*toWrite=*/false, level);
  }
}

/// What the next tile of rows will read, or the next two.
void Contract::fetchLeft(const Product &product, Part part, Value row, Value term, Value number) {
  LoadOp load = product.inPlace;
  int64_t rowBytes = rowType(load.getType()).getDimSize(0) * this->number.getWidth() / 8;
  int64_t times = fetches(product, part.result);
  auto first = [&](Value at) {
    return code.address(cpu.known.lookup(load.getBuffer()), this->number, at);
  };
  if (!transposed)
    return fetchLines(first(code.mul(code.add(row, tiles.tileRows), product.terms)), lineBytes,
                      number, llvm::divideCeil(tiles.tileRows * rowBytes, lineBytes * times));
  int64_t stride = product.leftStride;
  Value tile = code.div(code.rem(row, stride), tiles.tileRows);
  Value next = code.mul(code.add(code.div(row, stride), 1), stride);
  fetchLines(first(code.add(code.mul(term, part.result.rows), next)), rowBytes,
             code.add(code.mul(tile, times), number),
             llvm::divideCeil(product.stretch, stride / tiles.tileRows * times));
}

/// What the next stretch will lay out, a part for each tile of rows of a whole group.
void Contract::fetchRight(const Product &product, Part part, Value row, Value term, Value terms,
                          Value number) {
  int64_t columns = part.result.columns, rowBytes = columns * this->number.getWidth() / 8;
  int64_t times = fetches(product, part.result);
  int64_t all = times * (cpu.machine.groupRows / tiles.tileRows);
  LoadOp load = product.plainRight;
  Value first = code.address(cpu.known.lookup(load.getBuffer()), this->number,
                             code.mul(code.add(term, terms), columns));
  Value tile = code.div(code.sub(row, part.row), tiles.tileRows);
  fetchLines(first, lineBytes, code.add(code.mul(tile, times), number),
             llvm::divideCeil(product.stretch * rowBytes, lineBytes * all));
}

/// What the result's body will touch of this tile.
void Contract::fetchResult(const Product &product, Part part, Value row, Value panel, Value k) {
  const Result &result = part.result;
  SetVector<Value> buffers;
  for (Operation &each : *result.body) {
    auto note = [&](auto access) {
      if (access.getIndices().size() == 1 && access.getIndices()[0] == result.body->getArgument(0))
        buffers.insert(access.getBuffer());
    };
    TypeSwitch<Operation *>(&each).Case<LoadOp, StoreOp>(note);
  }
  for (Value buffer : buffers) {
    auto type = cast<MemRefType>(buffer.getType());
    if (type.getRank() != 2 || type.getDimSize(1) * result.windows != result.columns)
      continue;
    Type element = type.getElementType();
    int64_t perLine = 8 * lineBytes / element.getIntOrFloatBitWidth();
    int64_t perRow = llvm::divideCeil(tiles.panel(), perLine);
    int64_t lines =
        llvm::divideCeil(tiles.tileRows * perRow, llvm::divideCeil(product.stretch, fetchTerms));
    for (int64_t line = 0; line < lines; ++line) {
      Value which = code.add(code.mul(code.div(k, fetchTerms), lines), line);
      Value column = code.add(code.add(part.column, code.mul(panel, tiles.panel())),
                              code.mul(code.rem(which, perRow), perLine));
      Value at = code.add(code.mul(code.add(row, code.div(which, perRow)), result.columns), column);
      code.prefetch(code.address(cpu.known.lookup(buffer), element, at), /*toWrite=*/true);
    }
  }
}
