//===- KeptValues.cpp - what of a layer is kept for its gradient ----------===//
//
// See the header. What one value costs depends on which others are kept, so the
// choice is made one by one.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/KeptValues.h"

#include "dialects/Step/Step.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux::step;

/// Keys that a token of a long segment sees. Which number stands here matters little: attention is
/// computed again last.
static constexpr int64_t usualKeys = 4096;

/// Of a row's element: an exponential and some more.
static constexpr int64_t elementOperations = 8;

static int64_t columnsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 0 ? 1 : type.getShape().back();
}

static int64_t operationsOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case([](LinearOp linear) { return 2 * linear.inputChannels() * linear.outputChannels(); })
      .Case([](AttentionOp attention) {
        return 4 * columnsOf(attention.getQuery()) * attention.getWindow().value_or(usualKeys);
      })
      .Default([](Operation *op) {
        int64_t operations = 0;
        for (Value result : op->getResults())
          operations += elementOperations * columnsOf(result);
        return operations;
      });
}

static int64_t bytesOf(Value value) {
  return columnsOf(value) * cast<RankedTensorType>(value.getType()).getElementTypeBitWidth() / 8;
}

/// Operations a token of what must be run for `wanted` where `kept` is known, as arguments are.
static int64_t operationsFor(ArrayRef<Value> wanted, const DenseSet<Value> &kept) {
  DenseSet<Operation *> run;
  SmallVector<Value> left(wanted);
  int64_t operations = 0;
  while (!left.empty()) {
    Value value = left.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || kept.contains(value) || !run.insert(op).second)
      continue;
    operations += operationsOf(op);
    llvm::append_range(left, op->getOperands());
  }
  return operations;
}

SmallVector<ComputedAgain> roux::step::chooseComputedAgain(func::FuncOp layer, ArrayRef<Value> read,
                                                           int64_t most) {
  DenseSet<Value> kept(read.begin(), read.end());
  SmallVector<Value> wanted;
  SmallVector<ComputedAgain> chosen;
  int64_t before = 0;
  while (static_cast<int64_t>(chosen.size()) < most && !kept.empty()) {
    ComputedAgain best;
    for (Value value : read) {
      if (!kept.erase(value))
        continue;
      wanted.push_back(value);
      ComputedAgain next{value, operationsFor(wanted, kept) - before, bytesOf(value)};
      wanted.pop_back();
      kept.insert(value);
      // Fewer operations a byte, compared without dividing; then more bytes.
      int64_t left = next.operations * best.bytes, right = best.operations * next.bytes;
      if (!best.value || left < right || (left == right && next.bytes > best.bytes))
        best = next;
    }
    kept.erase(best.value);
    wanted.push_back(best.value);
    before += best.operations;
    chosen.push_back(best);
  }
  return chosen;
}
