//===- CPUAttentionCopies.cpp - heads' rows in and out of scratch ---------===//
//
// A head's columns are a window of a row that holds all heads. Attention reads
// each window several times, in the accumulator's type and in the layouts of
// the register tile, so it is copied first.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUAttention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;

FloatType roux::sumsOf(Value query) {
  Type element = cast<MemRefType>(query.getType()).getElementType();
  Builder builder(query.getContext());
  return cast<FloatType>(element.isF64() ? Type(builder.getF64Type()) : builder.getF32Type());
}

Value roux::listed(CPUFunction &cpu, Value list, Value number, Value column) {
  LoopBuilder &code = cpu.code;
  int64_t columns = cast<MemRefType>(list.getType()).getDimSize(1);
  Value at = code.address(cpu.known.lookup(list), code.getI32Type(),
                          code.add(code.mul(number, columns), column));
  return arith::IndexCastOp::create(code, code.getIndexType(), code.load(code.getI32Type(), at));
}

AttentionItem roux::readItem(CPUFunction &cpu, Value work, Value number) {
  auto column = [&](int64_t i) { return listed(cpu, work, number, cpu.code.index(i)); };
  return {column(0), column(1), column(2), column(3), column(4), column(5)};
}

Value roux::firstSeeing(LoopBuilder &code, AttentionItem item, Value key) {
  constexpr int64_t wholeTiles = 32;
  Value row = code.sub(code.sub(key, item.streamBegin), item.position);
  return code.mul(code.div(code.max(row, code.index(0)), wholeTiles), wholeTiles);
}

HeadRows roux::headRows(CPUFunction &cpu, Value buffer, int64_t heads, Value head) {
  auto type = cast<MemRefType>(buffer.getType());
  return {cpu.known.lookup(buffer), cast<FloatType>(type.getElementType()), type.getDimSize(1),
          type.getDimSize(1) / heads, head};
}

bool roux::attendsInPairs(const TargetDescription &machine, Value query, int64_t headColumns) {
  Type element = cast<MemRefType>(query.getType()).getElementType();
  return machine.pairs && element.isBF16() && headColumns % 2 == 0;
}

Value HeadCopies::at(HeadRows rows, Value row, Value column) {
  LoopBuilder &code = cpu.code;
  Value inRow = code.add(code.mul(rows.head, rows.columns), column);
  return code.address(rows.pointer, rows.element, code.add(code.mul(row, rows.rowColumns), inRow));
}

void HeadCopies::forColumns(int64_t columns, int64_t width, function_ref<void(Chunk)> body) {
  CPURows target(cpu.machine);
  target.forColumns(cpu.code, columns, width, {}, [&](Chunk chunk, ValueRange) {
    body(chunk);
    return LoopBuilder::Values();
  });
}

Value HeadCopies::numbersAt(HeadRows rows, Value row, Chunk chunk) {
  LoopBuilder &code = cpu.code;
  auto type = VectorType::get(chunk.width, rows.element);
  Value numbers = code.load(type, at(rows, row, chunk.first), chunk.mask);
  return tiles.pairs ? numbers : code.convert(numbers, tiles.type);
}

void HeadCopies::copy(HeadRows rows, Value first, Value count, Value to, int64_t stride,
                      Value scale) {
  LoopBuilder &code = cpu.code;
  int64_t each = tiles.pairs ? 2 : 1;
  code.loop(code.index(0), count, 1, [&](Value i) {
    forColumns(rows.columns, tiles.lanes * each, [&](Chunk chunk) {
      Value numbers = numbersAt(rows, code.add(first, i), chunk);
      if (scale && !tiles.pairs)
        numbers = arith::MulFOp::create(code, numbers, code.splat(scale, chunk.width));
      Value place = code.add(code.mul(i, stride * each), chunk.first);
      Type element = getElementTypeOrSelf(numbers.getType());
      code.store(numbers, code.address(to, element, place));
    });
  });
}

void HeadCopies::copyPanels(HeadRows rows, Value first, Value count, Value to,
                            int64_t panelStride) {
  LoopBuilder &code = cpu.code;
  int64_t panel = tiles.panel();
  int64_t each = tiles.pairs ? 2 : 1;
  code.loop(code.index(0), code.roundUp(count, tiles.wordStep() * each), each, [&](Value i) {
    Value last = code.add(count, -1);
    forColumns(rows.columns, panel, [&](Chunk chunk) {
      auto numbers = [&](Value at) -> Value { // beyond the last row there is nothing
        Value found = numbersAt(rows, code.add(first, code.min(at, last)), chunk);
        Value exists = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, at, count);
        return arith::SelectOp::create(code, exists, found, code.number(found.getType(), 0));
      };
      Value words = tiles.pairs ? tiles.pairUp(numbers(i), numbers(code.add(i, 1)))
                                : numbersAt(rows, code.add(first, i), chunk);
      Value place = code.add(code.mul(code.div(chunk.first, panel), panelStride),
                             code.mul(code.div(i, tiles.pairs ? 2 : 1), panel));
      code.store(words, code.address(to, tiles.word, place));
    });
  });
}

SmallVector<Value> HeadCopies::squareAt(HeadRows rows, Value first, Value count, Value group,
                                        Chunk chunk) {
  LoopBuilder &code = cpu.code;
  Value last = code.add(code.add(first, count), -1);
  SmallVector<Value> vectors;
  for (int64_t lane = 0; lane < tiles.lanes; ++lane) {
    Value row = code.min(code.add(code.add(first, group), lane), last);
    Value numbers = numbersAt(rows, row, chunk);
    if (tiles.pairs)
      numbers = vector::BitCastOp::create(code, VectorType::get(tiles.lanes, tiles.word), numbers);
    vectors.push_back(numbers);
  }
  return vectors;
}

void HeadCopies::multiply(Value left, int64_t stride, int64_t leftRows, HeadRows rows, Value first,
                          Value count, Value to, ArrayRef<HeadRows> fetched, int64_t ahead) {
  LoopBuilder &code = cpu.code;
  int64_t lanes = tiles.lanes, each = tiles.pairs ? 2 : 1;
  code.loop(code.index(0), count, lanes, [&](Value group) {
    LoopBuilder::Values zeros(leftRows, code.number(VectorType::get(lanes, tiles.type), 0));
    auto sums = code.loop(
        code.index(0), code.index(rows.columns), lanes * each, zeros,
        [&](Value column, ValueRange carried) {
          SmallVector<Value> words;
          for (int64_t row = 0; row < leftRows; ++row)
            words.push_back(
                code.address(left, tiles.word, code.add(code.div(column, each), row * stride)));
          for (HeadRows later : fetched)
            for (int64_t lane = 0; lane < lanes; ++lane)
              code.prefetch(at(later, code.add(code.add(first, group), ahead + lane), column),
                            /*toWrite=*/false, /*level=*/2);
          SmallVector<Value> square =
              squareAt(rows, first, count, group, {column, lanes * each, {}});
          return tiles.addTurned(std::move(square), words, carried);
        });
    for (auto [row, sum] : llvm::enumerate(sums))
      code.store(sum,
                 code.address(to, tiles.type, code.add(group, static_cast<int64_t>(row) * ahead)));
  });
}

void HeadCopies::transpose(HeadRows rows, Value first, Value count, Value to, int64_t panelStride) {
  LoopBuilder &code = cpu.code;
  int64_t panel = tiles.panel(), lanes = tiles.lanes, each = tiles.pairs ? 2 : 1;
  code.loop(code.index(0), count, lanes, [&](Value group) {
    Value place = code.add(code.mul(code.div(group, panel), panelStride), code.rem(group, panel));
    forColumns(rows.columns, lanes * each, [&](Chunk chunk) {
      SmallVector<Value> vectors = squareAt(rows, first, count, group, chunk);
      Value to1 = code.add(place, code.mul(code.div(chunk.first, each), panel));
      tiles.storeTransposed(std::move(vectors), code.address(to, tiles.word, to1), panel);
    });
  });
}

void HeadCopies::write(Value from, int64_t stride, HeadRows rows, Value first, Value count,
                       Value scale, Value factors) {
  LoopBuilder &code = cpu.code;
  code.loop(code.index(0), count, 1, [&](Value i) {
    Value factor = factors ? code.load(tiles.type, code.address(factors, tiles.type, i)) : scale;
    forColumns(rows.columns, tiles.lanes, [&](Chunk chunk) {
      auto type = VectorType::get(chunk.width, tiles.type);
      Value place = code.add(code.mul(i, stride), chunk.first);
      Value numbers = code.load(type, code.address(from, tiles.type, place));
      numbers = arith::MulFOp::create(code, numbers, code.splat(factor, chunk.width));
      code.store(code.convert(numbers, rows.element), at(rows, code.add(first, i), chunk.first),
                 chunk.mask);
    });
  });
}

void HeadCopies::pass(Value from, int64_t stride, Region &body, Value firstIndex, int64_t apart,
                      Value count, Value scale) {
  LoopBuilder &code = cpu.code;
  CPURows target(cpu.machine);
  mlir::Block &block = body.front();
  code.loop(code.index(0), count, 1, [&](Value i) {
    IRMapping known = cpu.known;
    known.map(block.getArgument(0), code.add(firstIndex, code.mul(i, apart)));
    auto gathered = [&](Value, Chunk chunk) {
      auto type = VectorType::get(chunk.width, tiles.type);
      Value place = code.add(code.mul(i, stride), chunk.first);
      Value numbers = code.load(type, code.address(from, tiles.type, place));
      return Value(arith::MulFOp::create(code, numbers, code.splat(scale, chunk.width)));
    };
    RowBody(code, block, known, gathered).emit(target);
  });
}

void roux::clear(Tiles &tiles, Value pointer, int64_t count) {
  LoopBuilder &code = tiles.code;
  auto vector = VectorType::get(tiles.lanes, tiles.type);
  code.loop(code.index(0), code.index(count), tiles.lanes, [&](Value at) {
    code.store(code.number(vector, 0), code.address(pointer, tiles.type, at));
  });
}
