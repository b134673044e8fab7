//===- CPUQuerySums.cpp - queries' gradients from their partial sums ------===//
//
// The second phase of attention's gradient: what each part of a segment's keys has
// given to a query is added in the order of keys.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUAttention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

class Sums {
public:
  Sums(AttentionGradientOp op, CPUFunction &cpu)
      : op(op), cpu(cpu), code(cpu.code), type(sumsOf(op.getQuery())), tiles(cpu, type),
        copies(cpu, tiles), width(op.headColumns() * (int64_t)op.getHeads()) {}

  void lower();

private:
  Value cell(Value base, Value at) { return code.address(base, type, at); }
  void addParts(Value number, Value row, Value parts, Value to);

  AttentionGradientOp op;
  CPUFunction &cpu;
  LoopBuilder &code;
  FloatType type;
  Tiles tiles;
  HeadCopies copies;
  int64_t width; ///< of a row of all heads
};

} // namespace

/// to = the sum of a query's parts, in order.
void Sums::addParts(Value number, Value row, Value parts, Value to) {
  Value partials = cpu.known.lookup(op.getPartials());
  auto partAt = [&](Value part, Value column) {
    Value first = listed(cpu, op.getSums(), number, code.add(part, 3));
    return cell(partials, code.add(code.mul(code.add(first, row), width), column));
  };
  CPURows(cpu.machine).forColumns(code, width, tiles.lanes, {}, [&](Chunk chunk, ValueRange) {
    auto vector = VectorType::get(chunk.width, type);
    Value sum = code.load(vector, partAt(code.index(0), chunk.first), chunk.mask);
    sum = code.loop(code.index(1), parts, 1, sum, [&](Value part, ValueRange carried) {
      Value more = code.load(vector, partAt(part, chunk.first), chunk.mask);
      return LoopBuilder::Values{arith::AddFOp::create(code, carried[0], more)};
    })[0];
    code.store(sum, cell(to, chunk.first), chunk.mask);
    return LoopBuilder::Values();
  });
}

void Sums::lower() {
  int64_t columns = op.headColumns(), heads = op.getHeads();
  Value scale = code.number(type, op.getScale().convertToDouble()), none = code.index(0);
  Value added = cpu.allocate(type, width + 2 * tiles.panel()); // whole vectors of the last head
  code.loop(cpu.begin, cpu.end, 1, [&](Value number) {
    auto column = [&](int64_t i) { return listed(cpu, op.getSums(), number, code.index(i)); };
    Value firstRow = column(0), rows = column(1), parts = column(2);
    code.loop(none, rows, 1, [&](Value row) {
      addParts(number, row, parts, added);
      Value index = code.mul(code.add(firstRow, row), heads);
      copies.pass(added, columns, op.getQueryResult(), index, 1, code.index(heads), scale);
    });
  });
}

void roux::lowerQuerySums(AttentionGradientOp op, CPUFunction &cpu) {
  Sums(op, cpu).lower();
}
