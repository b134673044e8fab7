//===- LowerKernels.cpp - kernels become modules of one machine ------------===//
//
// The passes around the lowerings in compiler/conversion. Each kernel gets a module
// of its own, the unit that everything after is done to in parallel.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/CPUCode.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/cpu/KernelToCPU.h"
#include "compiler/conversion/gpu/KernelToGPU.h"
#include "mlir/IR/Threading.h"

namespace roux {
#define GEN_PASS_DEF_CONVERTKERNELTOCPU
#define GEN_PASS_DEF_CONVERTKERNELTOGPU
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

/// Puts `lowered` in the place of `function`, under its name.
static void replace(kernel::FuncOp function, OwningOpRef<ModuleOp> lowered) {
  ModuleOp made = lowered.release();
  made.setSymName(function.getName());
  function->getBlock()->getOperations().insert(function->getIterator(), made);
  function->erase();
}

/// The constant that tells the runtime how a launch divides into items.
static void writeShape(ModuleOp module, const KernelShape &shape) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto type = LLVM::LLVMArrayType::get(builder.getI64Type(), 4);
  int64_t extent = shape.extentArgument ? static_cast<int64_t>(*shape.extentArgument) : -1;
  auto numbers = builder.getI64TensorAttr(
      {shape.extentPerItem, shape.itemsPerRow, shape.scratchBytes, extent});
  LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true,
                         LLVM::Linkage::External, shapeSymbol(shape.name), numbers);
}

/// How a kernel's functions are launched, as numbers.
static ArrayAttr phasesOf(GPUKernel &kernel) {
  Builder builder(kernel.module->getContext());
  SmallVector<Attribute> phases;
  for (const GPUPhase &phase : kernel.phases) {
    int64_t extent = phase.extentArgument ? static_cast<int64_t>(*phase.extentArgument) : -1;
    SmallVector<int64_t> numbers = {phase.threads, phase.extentPerBlock, phase.blocksPerGroup,
                                    phase.sharedBytes, extent};
    for (const TensorMap &map : phase.maps)
      llvm::append_values(numbers, map.argument, map.from, map.rows, map.columns, map.pitch,
                          map.boxRows);
    phases.push_back(builder.getDenseI64ArrayAttr(numbers));
  }
  return builder.getArrayAttr(phases);
}

namespace {

struct ConvertKernelToCPU : roux::impl::ConvertKernelToCPUBase<ConvertKernelToCPU> {
  using ConvertKernelToCPUBase::ConvertKernelToCPUBase;

  LogicalResult initialize(MLIRContext *context) override {
    target = machineNamed(machine, UnknownLoc::get(context));
    return success(target != nullptr);
  }

  void runOnOperation() override {
    SmallVector<kernel::FuncOp> functions(getOperation().getOps<kernel::FuncOp>());
    SmallVector<OwningOpRef<ModuleOp>> modules(functions.size());
    auto lower = [&](size_t i) {
      FailureOr<CPUKernel> lowered = lowerToCPU(functions[i], *target);
      if (failed(lowered))
        return failure();
      for (const KernelShape &shape : lowered->phases)
        writeShape(*lowered->module, shape);
      modules[i] = std::move(lowered->module);
      return success();
    };
    if (failed(failableParallelForEachN(&getContext(), 0, functions.size(), lower)))
      return signalPassFailure();
    for (auto [function, module] : llvm::zip(functions, modules))
      replace(function, std::move(module));
  }

  const TargetDescription *target = nullptr;
};

struct ConvertKernelToGPU : roux::impl::ConvertKernelToGPUBase<ConvertKernelToGPU> {
  using ConvertKernelToGPUBase::ConvertKernelToGPUBase;

  void runOnOperation() override {
    const TargetDescription *known = targetNamed(machine);
    const TargetDescription &target = known ? *known : gpuTargets().front();
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<kernel::FuncOp>())) {
      FailureOr<GPUKernel> lowered = lowerToGPU(function, target);
      if (failed(lowered))
        return signalPassFailure();
      lowered->module.get()->setAttr(gpuPhasesAttribute, phasesOf(*lowered));
      replace(function, std::move(lowered->module));
    }
  }
};

} // namespace
