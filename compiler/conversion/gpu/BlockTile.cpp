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
#include "llvm/Support/FormatVariadic.h"
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

/// The tile under an address that LLVM does not know to be the same in every turn of a loop. Else
/// it forms all that lies at a distance from it before the loop, each in a register of its own.
static SharedTile addressedHere(LoopBuilder &code, SharedTile tile) {
  tile.base = LLVM::LaunderInvariantGroupOp::create(code, tile.base);
  return tile;
}

BlockTile::Sums BlockTile::multiply(Sums sums, SharedTile left, SharedTile right,
                                    int64_t terms) const {
  left = addressedHere(code, left), right = addressedHere(code, right);
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

BlockTile::Sums BlockTile::multiply(Sums sums, const BlockTile &tile, const Sums &weights,
                                    SharedTile scratch, SharedTile right) const {
  right = addressedHere(code, right);
  if (!usesTensorCores) {
    // Who reads a row has written it: they are one warp.
    Value everyone = arith::ConstantIntOp::create(code, -1, 32);
    NVVM::SyncWarpOp::create(code, everyone);
    tile.store(weights, scratch);
    NVVM::SyncWarpOp::create(code, everyone);
    return multiplyByAdds(sums, scratch, right, tile.columns());
  }
  Sums given = weights;
  auto word = [&](int64_t i, int64_t j) {
    return packed(code, at(tile, given, i, j), at(tile, given, i, j + 1));
  };
  auto pack = [&](int64_t m, int64_t k) {
    int64_t i = m / 8, j = k / 4;
    return Sums{word(i, j), word(i + 1, j), word(i, j + 2), word(i + 1, j + 2)};
  };
  return multiplyByTensorCores(sums, pack, right, tile.columns());
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

/// `text` on a thread's sums: $0 to $n-1 are what they become, $n to $2n-1 are they, $2n and on are
/// `more`. Nothing passes it by, so sums stay in their registers while they are multiplied.
BlockTile::Sums BlockTile::assembled(StringRef text, const Sums &sums, ValueRange more) const {
  Type all =
      LLVM::LLVMStructType::getLiteral(code.getContext(), SmallVector<Type>(sums.size(), sumType));
  std::string outputs, inputs;
  for (size_t i = 0; i < sums.size(); ++i)
    outputs += "=f,", inputs += std::to_string(i) + ",";
  for (size_t i = 0; i < more.size(); ++i)
    inputs += "l,";
  SmallVector<Value> operands(sums);
  llvm::append_range(operands, more);
  std::string constraints = outputs + inputs;
  if (!constraints.empty())
    constraints.pop_back();
  auto assembly = LLVM::InlineAsmOp::create(
      code, sums.empty() ? Type() : all, operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
      LLVM::AsmDialectAttr(), ArrayAttr());
  Sums results;
  for (size_t i = 0; i < sums.size(); ++i)
    results.push_back(LLVM::ExtractValueOp::create(code, assembly.getRes(), i));
  return results;
}

/// Where a swizzled tile begins for wgmma, in units of 16 bytes, `skipped` of them on: 1024 bytes
/// to the next eight lines, all lines to the next 64 cells, 128 bytes of a line swizzled.
Value BlockTile::descriptorOf(SharedTile tile, Value skipped) const {
  constexpr int64_t unit = 16, eightLines = 1024 / unit, swizzle = int64_t(1) << 62;
  int64_t nextCells = tile.termsFirst ? tile.pitch * 128 / unit : 1; // read in lines: one block
  auto word = code.getI64Type();
  auto number = [&](int64_t value) { return arith::ConstantIntOp::create(code, value, 64); };
  Value address = LLVM::PtrToIntOp::create(code, word, tile.base);
  Value start =
      arith::AndIOp::create(code, arith::ShRUIOp::create(code, address, number(4)), number(0x3fff));
  start = arith::AddIOp::create(code, start, arith::IndexCastOp::create(code, word, skipped));
  return arith::OrIOp::create(code, start, number(nextCells << 16 | eightLines << 32 | swizzle));
}

void BlockTile::sharedIsSeen() const {
  assembled("fence.proxy.async.shared::cta;", {});
}

void BlockTile::beginProducts() const {
  assembled("wgmma.fence.sync.aligned;", {});
}

void BlockTile::commitProducts() const {
  assembled("wgmma.commit_group.sync.aligned;", {});
}

void BlockTile::waitForProducts(int64_t groups) const {
  assembled("wgmma.wait_group.sync.aligned " + std::to_string(groups) + ";", {});
}

BlockTile::Sums BlockTile::begin(Sums sums, SharedTile left, SharedTile right,
                                 int64_t terms) const {
  sums = assembled("wgmma.fence.sync.aligned;", sums);
  sums = multiplied(sums, left, right, terms);
  return assembled("wgmma.commit_group.sync.aligned;", sums);
}

BlockTile::Sums BlockTile::finish(Sums sums) const {
  return assembled("wgmma.wait_group.sync.aligned 0;", sums);
}

/// wgmma.mma_async of a thread's sums.
static std::string productText(int64_t columns, size_t sums, bool leftByTerms, bool rightByTerms) {
  std::string registers;
  for (size_t i = 0; i < sums; ++i)
    registers += (i ? ", $" : "$") + std::to_string(i);
  return llvm::formatv(
      "{{ .reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned.m64n{0}k16.f32.bf16.bf16 "
      "{{{1}}, ${2}, ${3}, p, 1, 1, {4}, {5}; }",
      columns, registers, 2 * sums, 2 * sums + 1, int(leftByTerms), int(rightByTerms));
}

// Of a warpgroup's 64 rows a warp has 16, of which a thread has the sums that it has of as many
// mma.sync beside each other: two rows, pairs of columns eight apart.
BlockTile::Sums BlockTile::multiplied(Sums sums, SharedTile left, SharedTile right,
                                      int64_t terms) const {
  assert(left.isSwizzled && right.isSwizzled && ownRows == 2 && "laid out for wgmma");
  Sums ordered;
  for (int64_t j = 0; j < ownColumns; j += 2)
    for (int64_t n = 0; n < 4; ++n)
      ordered.push_back(at(*this, sums, n / 2, j + n % 2));
  std::string text = productText(tileColumns, ordered.size(), left.termsFirst, right.termsFirst);
  // Bytes of 16 terms: in a line, or 16 lines.
  auto step = [](SharedTile tile, int64_t k) { return tile.termsFirst ? k * 8 : k / 8; };
  // 64 rows are 64 lines, or the next cells of all lines.
  Value group = code.div(gpu.thread, 128);
  Value rows = code.mul(group, (left.termsFirst ? left.pitch : 64) * 8);
  for (int64_t k = 0; k < terms; k += mmaTerms)
    ordered = assembled(text, ordered,
                        {descriptorOf(left, code.add(rows, step(left, k))),
                         descriptorOf(right, code.index(step(right, k)))});
  for (int64_t j = 0; j < ownColumns; j += 2)
    for (int64_t n = 0; n < 4; ++n)
      at(*this, sums, n / 2, j + n % 2) = ordered[j * 2 + n];
  return sums;
}

void BlockTile::store(const Sums &sums, SharedTile to) const {
  Sums given = sums;
  to = addressedHere(code, to);
  bool inPairs = usesTensorCores && !to.termsFirst;
  for (int64_t i = 0; i < ownRows; ++i)
    for (int64_t j = 0; j < ownColumns; j += inPairs ? 2 : 1) {
      Value line = to.termsFirst ? column(j) : row(i), cell = to.termsFirst ? row(i) : column(j);
      Value where = code.address(to.base, to.element, code.add(code.mul(line, to.pitch), cell));
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
