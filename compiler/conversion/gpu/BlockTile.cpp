//===- BlockTile.cpp - a tile of sums over the threads of a block ----------===//
//
// mma.sync.m16n8k16: of 16 x 8 sums a thread has rows lane / 4 and 8 below, columns
// 2 * (lane % 4) and the next. ldmatrix brings four 8 x 8 matrices of bf16, each lane
// giving the address of one of their rows, as they lie or transposed.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/BlockTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;

/// Of a matrix that an instruction multiplies: terms, rows of the left, columns of the right.
static constexpr int64_t mmaTerms = 16, mmaRows = 16, mmaColumns = 8;
/// Threads that share a row of fused multiply-adds.
static constexpr int64_t addColumns = 16;

BlockTile::BlockTile(GPUFunction &gpu, FloatType number, int64_t rows, int64_t columns,
                     int64_t columnWarps)
    : gpu(gpu), code(gpu.code), usesTensorCores(number.isBF16()), tileRows(rows),
      tileColumns(columns) {
  sumType = number.isF64() ? number : FloatType(code.getF32Type());
  lane = code.rem(gpu.thread, 32);
  if (!usesTensorCores) {
    int64_t lines = gpu.shape.threads / addColumns;
    ownRows = llvm::divideCeil(rows, lines), ownColumns = llvm::divideCeil(columns, addColumns);
    firstRow = code.div(gpu.thread, addColumns), firstColumn = code.rem(gpu.thread, addColumns);
    return;
  }
  int64_t rowWarps = gpu.shape.threads / 32 / columnWarps;
  assert(rows % (mmaRows * rowWarps) == 0 && columns % (2 * mmaColumns * columnWarps) == 0 &&
         "a warp has whole matrices");
  ownRows = rows / rowWarps / 8, ownColumns = columns / columnWarps / 4;
  Value warp = code.div(gpu.thread, 32);
  firstRow = code.mul(code.div(warp, columnWarps), rows / rowWarps);
  firstColumn = code.mul(code.rem(warp, columnWarps), columns / columnWarps);
}

Value BlockTile::row() const {
  return usesTensorCores ? code.add(firstRow, code.div(lane, 4)) : firstRow;
}

Value BlockTile::column() const {
  return usesTensorCores ? code.add(firstColumn, code.mul(code.rem(lane, 4), 2)) : firstColumn;
}

int64_t BlockTile::rowDistance(int64_t i) const {
  return i * (usesTensorCores ? mmaRows / 2 : gpu.shape.threads / addColumns);
}

int64_t BlockTile::columnDistance(int64_t j) const {
  return usesTensorCores ? j / 2 * mmaColumns + j % 2 : j * addColumns;
}

Value BlockTile::isFirstOfRow() const {
  Value place = code.rem(lane, usesTensorCores ? 4 : addColumns);
  return arith::CmpIOp::create(code, arith::CmpIPredicate::eq, place, code.index(0));
}

BlockTile::Sums BlockTile::zero() const {
  return Sums(ownRows * ownColumns, code.number(sumType, 0));
}

Value BlockTile::acrossRow(Value value, function_ref<Value(Value, Value)> join) const {
  for (int64_t distance = (usesTensorCores ? 4 : addColumns) / 2; distance > 0; distance /= 2)
    value = join(value, exchanged(code, value, distance));
  return value;
}

/// Four matrices; this lane's row of one of them begins at `row` and `term`.
BlockTile::Sums BlockTile::loadMatrices(SharedTile tile, Value row, Value term) const {
  Value line = tile.termsFirst ? term : row, cell = tile.termsFirst ? row : term;
  Value from = code.address(tile.base, tile.element, code.add(code.mul(line, tile.pitch), cell));
  auto word = code.getI32Type();
  auto four = LLVM::LLVMStructType::getLiteral(code.getContext(), {word, word, word, word});
  auto layout = tile.termsFirst ? NVVM::MMALayout::col : NVVM::MMALayout::row;
  Value loaded = NVVM::LdMatrixOp::create(code, four, from, 4, layout,
                                          NVVM::LdStMatrixShapeAttr::get(code.getContext(), 8, 8),
                                          NVVM::LdStMatrixEltType::B16);
  Sums words;
  for (int64_t i = 0; i < 4; ++i)
    words.push_back(LLVM::ExtractValueOp::create(code, loaded, i));
  return words;
}

BlockTile::Sums BlockTile::multiplyByTensorCores(Sums sums,
                                                 function_ref<Sums(int64_t, int64_t)> left,
                                                 SharedTile right, int64_t terms) const {
  auto f32 = code.getF32Type();
  auto four = LLVM::LLVMStructType::getLiteral(code.getContext(), {f32, f32, f32, f32});
  // Which row of which of four matrices a lane names: two of columns, two of terms each.
  Value low = code.rem(lane, 8), high = code.div(lane, 16);
  Value middle = code.rem(code.div(lane, 8), 2);
  for (int64_t k = 0; k < terms; k += mmaTerms) {
    SmallVector<Sums> rows;
    for (int64_t i = 0; i < ownRows; i += 2)
      rows.push_back(left(i * 8, k));
    for (int64_t j = 0; j < ownColumns; j += 4) {
      Value column = right.termsFirst ? code.mul(high, 8) : code.add(code.mul(high, 8), low);
      Value term = right.termsFirst ? code.rem(lane, 16) : code.mul(middle, 8);
      Sums columns = loadMatrices(
          right, code.add(code.add(firstColumn, column), j / 2 * mmaColumns), code.add(term, k));
      for (int64_t i = 0; i < ownRows; i += 2)
        for (int64_t half = 0; half < 2; ++half) {
          Value *sum[4];
          for (int64_t n = 0; n < 4; ++n)
            sum[n] = &at(*this, sums, i + n / 2, j + 2 * half + n % 2);
          Value made = NVVM::MmaOp::create(
              code, four, rows[i / 2], ArrayRef(columns).slice(2 * half, 2),
              ValueRange{*sum[0], *sum[1], *sum[2], *sum[3]}, {mmaRows, mmaColumns, mmaTerms}, {},
              {}, std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
              std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
          for (int64_t n = 0; n < 4; ++n)
            *sum[n] = LLVM::ExtractValueOp::create(code, made, n);
        }
    }
  }
  return sums;
}

BlockTile::Sums BlockTile::multiplyByAdds(Sums sums, SharedTile left, SharedTile right,
                                          int64_t terms) const {
  auto number = [&](SharedTile tile, Value row, Value term) -> Value {
    Value line = tile.termsFirst ? term : row, cell = tile.termsFirst ? row : term;
    Value from = code.address(tile.base, tile.element, code.add(code.mul(line, tile.pitch), cell));
    return code.convert(code.load(tile.element, from), sumType);
  };
  return code.loop(code.index(0), code.index(terms), 1, sums, [&](Value term, ValueRange carried) {
    Sums next(carried), lefts, rights;
    for (int64_t i = 0; i < ownRows; ++i)
      lefts.push_back(number(left, row(i), term));
    for (int64_t j = 0; j < ownColumns; ++j)
      rights.push_back(number(right, column(j), term));
    for (int64_t i = 0; i < ownRows; ++i)
      for (int64_t j = 0; j < ownColumns; ++j) {
        Value &sum = at(*this, next, i, j);
        sum = math::FmaOp::create(code, lefts[i], rights[j], sum);
      }
    return next;
  });
}

SharedTile SharedTile::addressedHere(LoopBuilder &code) const {
  SharedTile tile = *this;
  tile.base = LLVM::LaunderInvariantGroupOp::create(code, base);
  return tile;
}

BlockTile::Sums BlockTile::multiply(Sums sums, SharedTile left, SharedTile right,
                                    int64_t terms) const {
  left = left.addressedHere(code), right = right.addressedHere(code);
  if (!usesTensorCores)
    return multiplyByAdds(sums, left, right, terms);
  Value row = left.termsFirst ? code.mul(code.rem(code.div(lane, 8), 2), 8) : code.rem(lane, 16);
  Value term = code.mul(code.div(lane, 16), 8);
  if (left.termsFirst)
    term = code.add(term, code.rem(lane, 8));
  auto load = [&](int64_t m, int64_t k) {
    return loadMatrices(left, code.add(code.add(firstRow, row), m), code.add(term, k));
  };
  return multiplyByTensorCores(sums, load, right, terms);
}

/// Two neighbouring numbers as a word of bf16.
static Value packed(LoopBuilder &code, Value first, Value second) {
  auto two = VectorType::get(2, code.getF32Type());
  Value both = vector::FromElementsOp::create(code, two, ValueRange{first, second});
  Value word = vector::BitCastOp::create(code, VectorType::get(1, code.getI32Type()),
                                         code.convert(both, code.getBF16Type()));
  return vector::ExtractOp::create(code, word, ArrayRef<int64_t>{0});
}

BlockTile::Sums BlockTile::asOperand(const Sums &sums) const {
  Sums given = sums, words;
  for (int64_t j = 0; j < ownColumns; j += 2)
    for (int64_t i = 0; i < ownRows; ++i)
      words.push_back(packed(code, at(*this, given, i, j), at(*this, given, i, j + 1)));
  return words;
}

BlockTile::Sums BlockTile::ofOperand(const Sums &words) const {
  Sums sums(ownRows * ownColumns);
  auto two = VectorType::get(2, code.getBF16Type());
  for (int64_t j = 0; j < ownColumns; j += 2)
    for (int64_t i = 0; i < ownRows; ++i) {
      Value word = vector::FromElementsOp::create(code, VectorType::get(1, code.getI32Type()),
                                                  words[j / 2 * ownRows + i]);
      Value both = code.convert(vector::BitCastOp::create(code, two, word), code.getF32Type());
      for (int64_t n : {0, 1})
        at(*this, sums, i, j + n) = vector::ExtractOp::create(code, both, ArrayRef<int64_t>{n});
    }
  return sums;
}

BlockTile::Sums BlockTile::multiply(Sums sums, const BlockTile &tile, const Sums &weights,
                                    SharedTile scratch, SharedTile right) const {
  right = right.addressedHere(code);
  if (!usesTensorCores) {
    // Who reads a row has written it: they are one warp.
    Value everyone = arith::ConstantIntOp::create(code, -1, 32);
    NVVM::SyncWarpOp::create(code, everyone);
    tile.store(weights, scratch);
    NVVM::SyncWarpOp::create(code, everyone);
    return multiplyByAdds(sums, scratch, right, tile.columns());
  }
  Sums words = tile.asOperand(weights);
  auto wordsOf = [&](int64_t m, int64_t k) {
    int64_t i = m / 8, pair = k / 8;
    auto word = [&](int64_t i, int64_t pair) { return words[pair * tile.rowsEach() + i]; };
    return Sums{word(i, pair), word(i + 1, pair), word(i, pair + 1), word(i + 1, pair + 1)};
  };
  return multiplyByTensorCores(sums, wordsOf, right, tile.columns());
}

Value SharedTile::place(LoopBuilder &code, Value line, Value cell) const {
  if (!isSwizzled)
    return code.address(base, element, code.add(code.mul(line, pitch), cell));
  constexpr int64_t together = 8;
  Value block = code.div(cell, BlockTile::swizzledCells);
  Value part = code.div(code.rem(cell, BlockTile::swizzledCells), together);
  part = arith::XOrIOp::create(code, part, code.rem(line, together));
  Value at = code.mul(code.add(code.mul(block, pitch), line), BlockTile::swizzledCells);
  return code.address(base, element,
                      code.add(at, code.add(code.mul(part, together), code.rem(cell, together))));
}

/// The address of a thread's number (i, j) of a swizzled tile, which `first` is that of (0, 0):
/// what changes places does so by bits that all rows of a thread have alike.
Value BlockTile::swizzledAt(Value first, SharedTile tile, int64_t i, int64_t j) const {
  constexpr int64_t unit = 16, line = 128;
  int64_t cell = columnDistance(j), part = cell % swizzledCells / 8 * unit;
  int64_t behind = (cell / swizzledCells * tile.pitch + rowDistance(i)) * line;
  auto word = code.getI64Type();
  Value address = LLVM::PtrToIntOp::create(code, word, first);
  address = arith::XOrIOp::create(code, address, arith::ConstantIntOp::create(code, part, 64));
  Value changed = LLVM::IntToPtrOp::create(code, first.getType(), address);
  return code.address(changed, code.getI8Type(), code.index(behind));
}

void BlockTile::store(const Sums &sums, SharedTile to) const {
  Sums given = sums;
  to = to.addressedHere(code);
  bool inPairs = usesTensorCores && !to.termsFirst;
  Value first = to.isSwizzled ? to.place(code, row(), column()) : Value();
  for (int64_t i = 0; i < ownRows; ++i)
    for (int64_t j = 0; j < ownColumns; j += inPairs ? 2 : 1) {
      Value line = to.termsFirst ? column(j) : row(i), cell = to.termsFirst ? row(i) : column(j);
      Value where = first ? swizzledAt(first, to, i, j) : to.place(code, line, cell);
      Value number = at(*this, given, i, j);
      if (inPairs)
        number = vector::FromElementsOp::create(code, VectorType::get(2, sumType),
                                                ValueRange{number, at(*this, given, i, j + 1)});
      code.store(code.convert(number, to.element), where);
    }
}

/// One chunk: in a register on its way, or by the copy engine behind the threads' back.
static void fillChunk(GPUFunction &gpu, const TileFill &fill, Value line, Value cell) {
  LoopBuilder &code = gpu.code;
  SharedTile to = fill.to;
  Value where = to.place(code, line, cell);
  Value exists = fill.exists(line, cell);
  if (fill.address) {
    auto word = [&](int64_t number) { return arith::ConstantIntOp::create(code, number, 32); };
    int64_t bytes = fill.chunk * to.element.getWidth() / 8;
    Type global = LLVM::LLVMPointerType::get(code.getContext(),
                                             static_cast<unsigned>(NVVM::NVVMMemorySpace::Global));
    Value from = LLVM::AddrSpaceCastOp::create(code, global, fill.address(line, cell));
    Value size = arith::SelectOp::create(code, exists, word(bytes), word(0));
    auto cache = bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
    NVVM::CpAsyncOp::create(code, where, from, bytes, cache, size);
    return;
  }
  auto type = VectorType::get(fill.chunk, to.element);
  Value numbers = code.when(exists, code.number(type, 0), [&] {
    return LoopBuilder::Values{code.convert(fill.read(line, cell), to.element)};
  })[0];
  if (to.isSwizzled || to.pitch % fill.chunk == 0)
    return code.store(numbers, where);
  for (int64_t i = 0; i < fill.chunk; ++i)
    code.store(vector::ExtractOp::create(code, numbers, ArrayRef<int64_t>{i}),
               code.address(where, to.element, code.index(i)));
}

void roux::fillTile(GPUFunction &gpu, const TileFill &fill) {
  LoopBuilder &code = gpu.code;
  // A power of two of threads to a line: a thread's cell stays, and its addresses are one and a
  // distance for each turn.
  int64_t perLine = llvm::bit_ceil<uint64_t>(llvm::divideCeil(fill.cells, fill.chunk));
  perLine = std::min(perLine, gpu.shape.threads);
  int64_t together = gpu.shape.threads / perLine, width = perLine * fill.chunk;
  Value first = code.div(gpu.thread, perLine);
  auto isBelow = [&](Value a, int64_t b) -> Value {
    return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, code.index(b));
  };
  for (int64_t at = 0; at < fill.cells; at += width) {
    Value cell = code.add(code.mul(code.rem(gpu.thread, perLine), fill.chunk), at);
    Value is = at + width > fill.cells ? isBelow(cell, fill.cells) : Value();
    if (together > fill.lines)
      is = is ? Value(arith::AndIOp::create(code, is, isBelow(first, fill.lines)))
              : isBelow(first, fill.lines);
    auto fillAll = [&] {
      code.loop(code.index(0), code.index(fill.lines / together), 1, [&](Value turn) {
        fillChunk(gpu, fill, code.add(first, code.mul(turn, together)), cell);
      });
      int64_t done = fill.lines / together * together;
      if (done < fill.lines && done > 0) // fewer lines are left than threads for them
        code.when(isBelow(first, fill.lines - done), {}, [&] {
          fillChunk(gpu, fill, code.add(first, done), cell);
          return LoopBuilder::Values();
        });
      else if (done < fill.lines)
        fillChunk(gpu, fill, first, cell);
      return LoopBuilder::Values();
    };
    if (is)
      code.when(is, {}, fillAll);
    else
      fillAll();
  }
}

void roux::commitCopies(GPUFunction &gpu) {
  NVVM::CpAsyncCommitGroupOp::create(gpu.code);
}

void roux::waitForCopies(GPUFunction &gpu, int64_t groups) {
  NVVM::CpAsyncWaitGroupOp::create(gpu.code, static_cast<uint32_t>(groups));
}
