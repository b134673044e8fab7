//===- FuseLinearAdd.cpp - linears that add to a stream -------------------===//
//
// Every block of a transformer ends in `x = x + linear(…)`, and going backwards
// every common input of linears is owed the sum of theirs. Left apart, the
// product of each is written and read once more for an addition: pure memory
// traffic, and in bf16 one more rounding.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Remarks.h"

namespace roux::step {
#define GEN_PASS_DEF_FUSELINEARADD
#include "compiler/transforms/Passes.h.inc"
} // namespace roux::step

using namespace mlir;
using namespace roux::step;

static constexpr auto fused = remark::RemarkOpts::name("linear_add").category("fuse");

/// True if each token has its own row: not a parameter's gradient.
static bool isStream(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 2 && type.isDynamicDim(0);
}

/// The linear that `half` is, if nobody else reads it.
static LinearOp ownLinear(Value half) {
  auto linear = half.getDefiningOp<LinearOp>();
  return linear && half.hasOneUse() ? linear : LinearOp();
}

static void sayWhyNot(AddOp add) {
  bool shared = add.getLhs().getDefiningOp<LinearOp>() || add.getRhs().getDefiningOp<LinearOp>();
  remark::missed(add.getLoc(), fused) << remark::reason(
      shared ? "the product is read elsewhere, too" : "neither half is a product");
}

/// linear + add -> linear_add.
static void fusePair(AddOp add) {
  Value addend = add.getLhs();
  LinearOp linear = ownLinear(add.getRhs());
  if (!linear) {
    addend = add.getRhs();
    linear = ownLinear(add.getLhs());
  }
  if (!linear)
    return isStream(add) ? sayWhyNot(add) : void();
  remark::passed(add.getLoc(), fused) << remark::add("one kernel forms the product and the sum");
  OpBuilder builder(add);
  Value both =
      LinearAddOp::create(builder, add.getLoc(), add.getType(), linear.getInput(),
                          linear.getWeight(), addend, linear.getBias(), linear.getTransposed());
  add.replaceAllUsesWith(both);
  add.erase();
  linear.erase();
}

namespace {
struct FuseLinearAdd : roux::step::impl::FuseLinearAddBase<FuseLinearAdd> {
  void runOnOperation() override {
    // Listed first: what is fused is erased, a linear far in front of its add, too.
    SmallVector<AddOp> adds;
    getOperation()->walk([&](AddOp add) { adds.push_back(add); });
    llvm::for_each(adds, fusePair);
  }
};
} // namespace
