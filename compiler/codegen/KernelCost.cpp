//===- KernelCost.cpp - what a kernel computes and moves -------------------===//
//
// Counted by walking the body: an op on rows of C columns is C operations, a
// load or store moves its row. A row read in several phases counts once: it is
// in the cache after the first.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelCost.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static double bytesOf(Type type) {
  auto row = dyn_cast<VectorType>(type);
  Type element = row ? row.getElementType() : type;
  return (row ? row.getDimSize(0) : 1) * element.getIntOrFloatBitWidth() / 8.0;
}

/// What one run of a row body computes and moves; buffers without an index are moved once in all.
static KernelCost costOf(Region &region) {
  KernelCost cost;
  region.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      (load.getIndices().empty() ? cost.fixedBytes : cost.bytes) +=
          bytesOf(load.getResult().getType());
    else if (auto store = dyn_cast<StoreOp>(op))
      cost.bytes += bytesOf(store.getValue().getType());
    else if (auto reduce = dyn_cast<ReduceOp>(op))
      cost.operations += rowType(reduce.getRow().getType()).getDimSize(0);
    else if (op->getNumResults() == 1 &&
             isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
             !op->hasTrait<OpTrait::ConstantLike>())
      if (auto row = dyn_cast<VectorType>(op->getResult(0).getType()))
        cost.operations += row.getDimSize(0);
  });
  return cost;
}

KernelCost roux::costOf(FuncOp function) {
  auto contract = dyn_cast<ContractOp>(function.getBody().front().front());
  if (!contract)
    return ::costOf(function.getBody());
  KernelCost left = ::costOf(contract.getLeft()), right = ::costOf(contract.getRight());
  KernelCost result = ::costOf(contract.getResult()), cost;
  double columns = contract.resultColumns();
  if (contract.getForm() == Form::TN) {
    cost.operations = 2.0 * contract.resultRows() * columns + left.operations + right.operations;
    cost.bytes = left.bytes + right.bytes;
    cost.fixedBytes = result.bytes * contract.resultRows();
    return cost;
  }
  cost.operations = 2.0 * contract.terms() * columns + left.operations + result.operations;
  cost.bytes = left.bytes + result.bytes;
  cost.fixedBytes = right.bytes * contract.getRows();
  return cost;
}

/// Lines of source files that ops of the kernel came from, in order.
static void recipeLines(Operation *op, std::vector<std::string> &lines) {
  op->walk([&](Operation *inner) {
    inner->getLoc()->walk([&](Location part) {
      if (auto file = dyn_cast<FileLineColLoc>(part))
        if (std::string line =
                llvm::formatv("{0}:{1}", file.getFilename().getValue(), file.getLine());
            !llvm::is_contained(lines, line))
          lines.push_back(line);
      return WalkResult::advance();
    });
  });
}

std::string roux::describeCost(FuncOp function) {
  static constexpr double knee = 7; // f32 operations a processor does while memory moves a byte
  llvm::MapVector<StringRef, int> fused;
  function.walk([&](Operation *op) {
    if (!isa<FuncOp, ReturnOp, YieldOp, RowOp>(op) && !op->hasTrait<OpTrait::ConstantLike>())
      ++fused[op->getName().getStringRef()];
  });
  KernelCost cost = costOf(function);
  std::string line =
      llvm::formatv("{0}: {1:F0} operations and {2:F0} bytes a row, {3:F0} bytes once, "
                    "bound by {4}; ",
                    function.getName(), cost.operations, cost.bytes, cost.fixedBytes,
                    cost.operations > knee * cost.bytes ? "arithmetic" : "memory");
  bool first = true;
  for (auto [name, count] : fused) {
    line += llvm::formatv("{0}{1} {2}", first ? "" : ", ", count, name);
    first = false;
  }
  std::vector<std::string> lines;
  recipeLines(function, lines);
  for (size_t i = 0; i < std::min<size_t>(lines.size(), 4); ++i)
    line += (i ? ", " : "; from ") + lines[i];
  return line;
}
