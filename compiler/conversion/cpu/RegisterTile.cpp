//===- RegisterTile.cpp - products of small matrices in scratch memory ----===//
//
// The register tile: its accumulators live in registers for the whole sum, each
// turn loads one row of vectors of the right operand and broadcasts one number
// per row of the left.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;

Value Tiles::pairUp(Value first, Value second) {
  int64_t width = cast<VectorType>(first.getType()).getDimSize(0);
  auto bits = VectorType::get(width, code.getI16Type());
  SmallVector<int64_t> from;
  for (int64_t lane = 0; lane < width; ++lane)
    from.append({lane, width + lane});
  Value both = vector::ShuffleOp::create(code, arith::BitcastOp::create(code, bits, first),
                                         arith::BitcastOp::create(code, bits, second), from);
  return vector::BitCastOp::create(code, VectorType::get(width, word), both);
}

Value Tiles::rounded(Value numbers) {
  if (!pairs)
    return numbers;
  auto type = VectorType::get(lanes, code.getBF16Type());
  return LLVM::CallIntrinsicOp::create(
             code, type, code.getStringAttr("llvm.x86.avx512bf16.cvtneps2bf16.512"), numbers)
      .getResult(0);
}

Value Tiles::multiplyAdd(Value left, Value right, Value sum) {
  if (!pairs)
    return math::FmaOp::create(code, left, right, sum);
  auto numbers = VectorType::get(2 * lanes, code.getBF16Type());
  Value a = vector::BitCastOp::create(code, numbers, left);
  Value b = vector::BitCastOp::create(code, numbers, right);
  StringRef name =
      lanes == 16 ? "llvm.x86.avx512bf16.dpbf16ps.512" : "llvm.x86.avx512bf16.dpbf16ps.256";
  return LLVM::CallIntrinsicOp::create(code, sum.getType(),
                                       code.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
                                       ValueRange{sum, a, b})
      .getResult(0);
}

/// Sums, a row of the right operand and a number of the left one fill the registers, of which there
/// are at least as many as a whole tile needs.
static int64_t vectorsOfFewRows(const TargetDescription &machine, int64_t rows, int64_t columns,
                                int64_t lanes) {
  int64_t vectors = machine.tileVectors;
  auto registers = [](int64_t rows, int64_t vectors) { return rows * vectors + vectors + 1; };
  while (registers(rows, 2 * vectors) <= registers(machine.tileRows, machine.tileVectors) &&
         columns % (2 * vectors * lanes) == 0)
    vectors *= 2;
  return vectors;
}

Tiles::Tiles(CPUFunction &cpu, FloatType type, bool pairs, Size size, int64_t mostRows,
             int64_t mostColumns)
    : code(cpu.code), type(type), pairs(pairs), blocks(pairs && cpu.machine.blocks),
      word(pairs ? Type(cpu.code.getI32Type()) : Type(type)),
      // Memory's prefetcher follows 8 rows better than 16, but pairs are added too slowly for so
      // few.
      lanes((size == Size::Vector && !pairs ? std::min<int64_t>(cpu.machine.vectorBits, 256)
                                            : cpu.machine.vectorBits) /
            type.getWidth()),
      tileRows(blocks                 ? 32
               : size == Size::Wide   ? cpu.machine.wideRows
               : size == Size::Narrow ? std::min(cpu.machine.tileRows, mostRows)
                                      : 1),
      tileVectors(blocks                 ? 2
                  : size == Size::Vector ? 1
                  : size == Size::Wide   ? cpu.machine.wideVectors
                  : mostColumns ? vectorsOfFewRows(cpu.machine, tileRows, mostColumns, lanes)
                                : cpu.machine.tileVectors) {
  if (blocks)
    cpu.useBlocks();
}

/// Rows of vectors of the right operand between what is multiplied and what is fetched.
static constexpr int64_t fetchDistance = 8;

void Tiles::tile(Value terms, LeftTile left, ColumnsAt columnsAt, Value result,
                 int64_t resultStride, bool accumulate, llvm::function_ref<void(Value k)> fetch) {
  auto vector = VectorType::get(lanes, type);
  auto resultAt = [&](int64_t row, int64_t v) {
    return code.address(result, type, code.index(row * resultStride + v * lanes));
  };
  auto multiply = [&](Value k, ValueRange carried) {
    LoopBuilder::Values columns = columnsAt(k), next;
    Value leftColumn = code.address(left.pointer, word, code.mul(k, left.termStride));
    for (int64_t row = 0; row < tileRows; ++row) {
      Value number =
          code.load(word, code.address(leftColumn, word, code.index(row * left.rowStride)));
      Value broadcast = code.splat(number, lanes);
      for (int64_t v = 0; v < tileVectors; ++v)
        next.push_back(multiplyAdd(broadcast, columns[v], carried[row * tileVectors + v]));
    }
    return next;
  };
  LoopBuilder::Values sums;
  for (int64_t row = 0; row < tileRows; ++row)
    for (int64_t v = 0; v < tileVectors; ++v)
      sums.push_back(code.number(vector, 0));
  if (fetch) {
    bool whole = getConstantIntValue(terms).value_or(1) % fetchTerms == 0;
    sums = code.loop(code.index(0), terms, fetchTerms, sums, [&](Value k, ValueRange carried) {
      fetch(k);
      Value end = code.add(k, fetchTerms);
      return code.loop(k, whole ? end : code.min(end, terms), 1, carried, multiply);
    });
  } else {
    sums = code.loop(code.index(0), terms, 1, sums, multiply);
  }
  // A stretch's own sum is added at its end: that rounds less than one chain of all terms does.
  for (int64_t row = 0; row < tileRows; ++row)
    for (int64_t v = 0; v < tileVectors; ++v) {
      Value sum = sums[row * tileVectors + v], at = resultAt(row, v);
      code.store(accumulate ? arith::AddFOp::create(code, code.load(vector, at), sum) : sum, at);
    }
}

/// Two by two blocks of sums; a turn takes 16 words of 32 rows and of 32 columns.
void Tiles::blockTile(Value terms, LeftTile left, Value panel, RightTile right, Value result,
                      int64_t resultStride, bool accumulate) {
  Value rightAt = code.mul(panel, right.panelStride);
  assert(left.termStride == 1 && "blocks of the left operand are read as rows of words");
  auto name = [&](int64_t block) -> Value {
    return LLVM::ConstantOp::create(code, code.getI8IntegerAttr(block));
  };
  auto move = [&](StringRef intrinsic, int64_t block, Value pointer, int64_t stride) {
    Value bytes = LLVM::ConstantOp::create(code, code.getI64IntegerAttr(4 * stride));
    LLVM::CallIntrinsicOp::create(code, code.getStringAttr(intrinsic),
                                  ValueRange{name(block), pointer, bytes});
  };
  auto forSums = [&](StringRef intrinsic) {
    for (int64_t block = 0; block < 4; ++block)
      move(intrinsic, block,
           code.address(result, type, code.index(block / 2 * 16 * resultStride + block % 2 * 16)),
           resultStride);
  };
  if (accumulate)
    forSums("llvm.x86.tileloadd64");
  else
    for (int64_t block = 0; block < 4; ++block)
      LLVM::CallIntrinsicOp::create(code, code.getStringAttr("llvm.x86.tilezero"),
                                    ValueRange{name(block)});
  code.loop(code.index(0), terms, wordStep(), [&](Value k) {
    Value leftAt = code.address(left.pointer, word, k);
    Value column =
        code.address(right.pointer, word, code.add(rightAt, code.mul(k, right.termStride)));
    for (int64_t half = 0; half < 2; ++half) {
      move("llvm.x86.tileloadd64", 4 + half,
           code.address(leftAt, word, code.index(half * 16 * left.rowStride)), left.rowStride);
      move("llvm.x86.tileloadd64", 6 + half, code.address(column, word, code.index(half * 16)),
           right.termStride);
    }
    for (int64_t block = 0; block < 4; ++block)
      LLVM::CallIntrinsicOp::create(
          code, code.getStringAttr("llvm.x86.tdpbf16ps"),
          ValueRange{name(block), name(4 + block / 2), name(6 + block % 2)});
  });
  forSums("llvm.x86.tilestored64");
}

void Tiles::rowOfTiles(Value columnCount, Value terms, LeftTile left, RightTile right, Value result,
                       int64_t resultStride, bool accumulate, FetchAhead fetch) {
  code.loop(code.index(0), columnCount, panel(), [&](Value column) {
    Value at = code.div(column, panel()), to = code.address(result, type, column);
    if (blocks)
      return blockTile(terms, left, at, right, to, resultStride, accumulate);
    Value panelAt = code.mul(at, right.panelStride);
    auto columnsAt = [&](Value k) {
      Value row =
          code.address(right.pointer, word, code.add(panelAt, code.mul(k, right.termStride)));
      auto place = [&](int64_t v, int64_t ahead) {
        return code.address(row, word, code.index(ahead * right.termStride + v * lanes));
      };
      LoopBuilder::Values columns;
      for (int64_t v = 0; v < tileVectors; ++v)
        columns.push_back(code.load(VectorType::get(lanes, word), place(v, 0)));
      for (int64_t v = 0; fetch && v < tileVectors; ++v)
        code.prefetch(place(v, fetchDistance));
      return columns;
    };
    auto fetchAt = [&](Value k) { fetch(at, k); };
    tile(terms, left, columnsAt, to, resultStride, accumulate,
         fetch ? llvm::function_ref<void(Value)>(fetchAt) : nullptr);
  });
}

/// A pair's second row beyond the last stands for nothing: its weight is 0.
LoopBuilder::Values Tiles::wordsOf(RowsInPlace right, Value k, Value column) {
  auto numbers = [&](Value row, int64_t v) -> Value {
    Value at = code.add(code.add(code.mul(row, right.rowColumns), column), v * lanes);
    return code.load(VectorType::get(lanes, right.element),
                     code.address(right.pointer, right.element, at));
  };
  LoopBuilder::Values words;
  for (int64_t v = 0; v < tileVectors; ++v) {
    if (!pairs) {
      words.push_back(code.convert(numbers(k, v), type));
      continue;
    }
    Value first = code.mul(k, 2), second = code.min(code.add(first, 1), right.last);
    words.push_back(pairUp(numbers(first, v), numbers(second, v)));
  }
  return words;
}

void Tiles::product(int64_t rowEnd, int64_t columns, Value terms, LeftTile left, RowsInPlace right,
                    Value result, int64_t resultStride) {
  assert(!blocks && columns % panel() == 0);
  code.loop(code.index(0), code.index(rowEnd), tileRows, [&](Value row) {
    LeftTile rows = left;
    rows.pointer = code.address(left.pointer, word, code.mul(row, left.rowStride));
    code.loop(code.index(0), code.index(columns), panel(), [&](Value column) {
      Value to = code.address(result, type, code.add(code.mul(row, resultStride), column));
      tile(
          words(terms), rows, [&](Value k) { return wordsOf(right, k, column); }, to, resultStride,
          /*accumulate=*/true, nullptr);
    });
  });
}

void Tiles::product(Value firstRow, Value rowEnd, Value columnCount, Value terms, LeftTile left,
                    RightTile right, Value result, int64_t resultStride, bool accumulate) {
  code.loop(firstRow, rowEnd, tileRows, [&](Value row) {
    LeftTile rows = left;
    rows.pointer = code.address(left.pointer, word, code.mul(row, left.rowStride));
    rowOfTiles(columnCount, terms, rows, right,
               code.address(result, type, code.mul(row, resultStride)), resultStride, accumulate);
  });
}

/// By shuffles that take one instruction each: words are interleaved inside of quarters of 128
/// bits, as many of which a vector has, then quarters are brought together.
SmallVector<Value> Tiles::transposed(SmallVector<Value> vectors) {
  assert(static_cast<int64_t>(vectors.size()) == lanes);
  int64_t unit = std::min<int64_t>(128 / word.getIntOrFloatBitWidth(), lanes), units = lanes / unit;
  SmallVector<Value> next(lanes);
  auto shuffle = [&](int64_t first, int64_t second, function_ref<int64_t(int64_t)> laneOfBoth) {
    auto from = llvm::map_to_vector(llvm::seq(lanes), laneOfBoth);
    return vector::ShuffleOp::create(code, vectors[first], vectors[second], from);
  };
  for (int64_t turn = 1; turn < unit; turn *= 2, vectors = next)
    for (int64_t at = 0; at < lanes; ++at) {
      int64_t half = at % 2, first = at / unit * unit + at % unit / 2;
      next[at] = shuffle(first, first + unit / 2, [&](int64_t lane) {
        return lane / unit * unit + half * unit / 2 + lane % unit / 2 + lane % 2 * lanes;
      });
    }
  for (int64_t turn = 1; turn < units; turn *= 2, vectors = next)
    for (int64_t at = 0; at < lanes; ++at) {
      int64_t odd = at / unit / (units / 2), pair = at / unit % (units / 2);
      int64_t first = 2 * pair * unit + at % unit;
      next[at] = shuffle(first, first + unit, [&](int64_t lane) {
        return (2 * (lane / unit) + odd) * unit + lane % unit;
      });
    }
  return vectors;
}

LoopBuilder::Values Tiles::addTurned(LoopBuilder::Values rows, ValueRange left, ValueRange sums) {
  LoopBuilder::Values added(sums);
  for (auto [at, column] : llvm::enumerate(transposed(std::move(rows))))
    for (auto [pointer, sum] : llvm::zip(left, added)) {
      Value number = code.load(word, code.address(pointer, word, code.index(at)));
      sum = multiplyAdd(code.splat(number, lanes), column, sum);
    }
  return added;
}

void Tiles::storeTransposed(SmallVector<Value> vectors, Value pointer, int64_t stride) {
  vectors = transposed(std::move(vectors));
  for (int64_t k = 0; k < lanes; ++k)
    code.store(vectors[k], code.address(pointer, word, code.index(k * stride)));
}
