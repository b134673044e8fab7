//===- StepToKernel.cpp - from what is computed to what is launched -------===//
//
// Which operation is lowered where, and which functions become programs. The
// work is in the files of the families.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/TypeSwitch.h"

namespace roux {
#define GEN_PASS_DEF_STEPTOKERNEL
#include "compiler/conversion/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

LogicalResult roux::lowerToKernels(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::LinearOp, step::LinearAddOp, step::LinearGradOp, step::SumRowsOp>(
          [&](auto) { return lowerMatmul(op, entry); })
      .Case<step::RMSNormOp, step::RMSNormGradOp, step::LayerNormOp, step::LayerNormGradOp>(
          [&](auto) { return lowerNorm(op, entry); })
      .Case<step::ActivationOp, step::ActivationGradOp, step::GateOp, step::GateGradOp, step::AddOp,
            step::ScaleOp, step::SoftcapOp, step::CastOp>(
          [&](auto) { return lowerElementwise(op, entry); })
      .Case<step::EmbeddingOp, step::EmbeddingGradOp, step::SplitOp, step::ConcatOp, step::AppendOp,
            step::PickRowsOp, step::ExpandRowsOp>([&](auto) { return lowerMove(op, entry); })
      .Case<step::RotationOp, step::RopeOp>([&](auto) { return lowerRotary(op, entry); })
      .Case<step::AttentionOp, step::AttentionGradOp, step::CachedAttentionOp>(
          [&](auto) { return lowerAttention(op, entry); })
      .Case<step::NLLOp, step::CrossEntropyOp, step::CrossEntropyGradOp>(
          [&](auto) { return lowerLoss(op, entry); })
      .Case<step::AnswerLogPOp, step::AnswerLogPGradOp, step::PairLossOp, step::PairLossGradOp>(
          [&](auto) { return lowerPairs(op, entry); })
      .Case<step::LayersOp, step::LayersGradOp>([&](auto) { return lowerLayers(op, entry); })
      .Case<step::GlobalNormOp, step::ClipFactorOp, step::AdamWOp, step::MuonOp>(
          [&](auto) { return lowerUpdate(op, entry); })
      .Case<step::AccumulateOp>([&](auto op) { return lowerAccumulate(op, entry); })
      .Case<step::DropoutOp>([&](auto op) { return lowerDropout(op, entry); })
      .Case<arith::ConstantOp>([&](auto) { return lowerConstant(op, entry); })
      .Default([](Operation *op) { return op->emitOpError() << "has no form in kernel"; });
}

/// The suffix of a function that step-grad made.
static constexpr StringLiteral gradientSuffix = "_grad";

/// The type of what buffers can hold; sizes are divided by one another.
static LogicalResult verifyType(Operation *op, Type type, const Twine &what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitOpError() << what << " is " << type << " but should be a tensor of known rank";
  if (llvm::is_contained(tensor.getShape(), 0))
    return op->emitOpError() << what << " is " << type << ", which has no elements";
  return success();
}

/// Of entries and layers alike: what is computed of tensors in one block.
static LogicalResult verifyForm(func::FuncOp function) {
  if (function.isExternal())
    return success();
  if (!function.getBody().hasOneBlock() || !isa<func::ReturnOp>(function.front().getTerminator()))
    return function.emitOpError() << "should be one block that ends in func.return";
  for (auto [at, type] : llvm::enumerate(function.getArgumentTypes()))
    if (failed(verifyType(function, type, "argument " + Twine(at))))
      return failure();
  for (auto [at, type] : llvm::enumerate(function.getResultTypes()))
    if (failed(verifyType(function, type, "result " + Twine(at))))
      return failure();
  for (Operation &op : function.front())
    for (auto [at, type] : llvm::enumerate(op.getResultTypes()))
      if (isa<TensorType>(type) && failed(verifyType(&op, type, "result " + Twine(at))))
        return failure();
  return success();
}

namespace {
struct StepToKernel : roux::impl::StepToKernelBase<StepToKernel> {
  using StepToKernelBase::StepToKernelBase;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    const TargetDescription *named = targetNamed(target.getValue());
    TargetDescription machine = named ? *named : hostTarget();
    machine.attentionLibrary = attentionLibrary;
    OwningOpRef<ModuleOp> result = ModuleOp::create(module.getLoc());
    KernelLibrary kernels(*result);
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    if (llvm::any_of(functions, [](func::FuncOp each) { return failed(verifyForm(each)); }))
      return signalPassFailure();
    for (func::FuncOp function : functions) {
      StringRef name = function.getSymName();
      bool differentiated =
          module.lookupSymbol<func::FuncOp>((name + gradientSuffix).str()) != nullptr;
      if (function.isPrivate() || differentiated)
        continue;
      name.consume_back(gradientSuffix);
      giveAccumulators(function);
      EntryLowering entry(*result, kernels, machine, name, function.getLoc());
      if (failed(entry.lower(function)))
        return signalPassFailure();
    }
    for (func::FuncOp function : functions)
      function.erase();
    Block *body = module.getBody();
    body->getOperations().splice(body->end(), result->getBody()->getOperations());
  }
};
} // namespace
