//===- PTX.cpp - lowered GPU kernels as PTX --------------------------------===//
//
// All passes run on the gpu.module: the stock pipeline drags in host code.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/PTX.h"

#include "compiler/codegen/NVVMCode.h"
#include "compiler/codegen/Optimise.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/gpu/KernelToGPU.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "runtime/TargetDescription.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace roux {
#define GEN_PASS_DEF_EMITPTX
#define GEN_PASS_DEF_PASSTENSORMAPS
#define GEN_PASS_DEF_UNROLLGPUMATH
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

void roux::registerPTX(DialectRegistry &registry) {
  registry.insert<gpu::GPUDialect, NVVM::NVVMDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  // The conversion to NVVM asks each dialect for its own patterns.
  NVVM::registerConvertGpuToNVVMInterface(registry);
  registerConvertNVVMToLLVMInterface(registry);
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  index::registerConvertIndexToLLVMInterface(registry);
  registerConvertFuncToLLVMInterface(registry);
  registerConvertMathToLLVMInterface(registry);
  registerConvertMemRefToLLVMInterface(registry);
  ub::registerConvertUBToLLVMInterface(registry);
  vector::registerConvertVectorToLLVMInterface(registry);
}

static void unroll(Operation *op) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  auto type = cast<VectorType>(op->getResult(0).getType());
  SmallVector<Value> lanes;
  for (int64_t lane = 0; lane < type.getDimSize(0); ++lane) {
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, vector::ExtractOp::create(builder, operand, ArrayRef<int64_t>{lane}));
    Operation *one = builder.clone(*op, operands);
    one->getResult(0).setType(type.getElementType());
    lanes.push_back(one->getResult(0));
  }
  op->getResult(0).replaceAllUsesWith(vector::FromElementsOp::create(builder, type, lanes));
  op->erase();
}

namespace {
struct UnrollGPUMath : roux::impl::UnrollGPUMathBase<UnrollGPUMath> {
  void runOnOperation() override {
    SmallVector<Operation *> vectors;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()) && isa<VectorType>(op->getResult(0).getType()))
        vectors.push_back(op);
    });
    llvm::for_each(vectors, unroll);
  }
};
} // namespace

namespace {
struct PassTensorMaps : roux::impl::PassTensorMapsBase<PassTensorMaps> {
  void runOnOperation() override {
    LLVM::LLVMFuncOp function = getOperation();
    auto count = function->getAttrOfType<IntegerAttr>(tensorMapsAttribute);
    if (!count)
      return;
    Builder builder(&getContext());
    auto map = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
    unsigned last = function.getNumArguments() - 1;
    for (unsigned at = last - count.getInt(); at < last; ++at) {
      function.setArgAttr(at, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(map));
      function.setArgAttr(at, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64));
      function.setArgAttr(at, NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr());
    }
  }
};
} // namespace

void roux::buildThreadsToNVVM(OpPassManager &modules) {
  OpPassManager &kernels = modules.nest<gpu::GPUModuleOp>();
  kernels.addPass(createUnrollGPUMath());
  kernels.addPass(createExpandGPUTrigonometry());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass());
  ConvertGpuOpsToNVVMOpsOptions options;
  options.useBarePtrCallConv = true;
  options.indexBitwidth = 64; // a million tokens of 8192 columns do not fit 32 bits
  kernels.addPass(createConvertGpuOpsToNVVMOps(options));
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addNestedPass<LLVM::LLVMFuncOp>(createPassTensorMaps());
  modules.addPass(createNameRecipeLines());
  // Lines and nothing else: the code is the same, and no `.target` says debug.
  LLVM::DIScopeForLLVMFuncOpPassOptions lines;
  lines.emissionKind = LLVM::DIEmissionKind::DebugDirectivesOnly;
  modules.addPass(LLVM::createDIScopeForLLVMFuncOpPass(lines));
}

bool roux::isArchitecture(StringRef name, Location where) {
  if (const TargetDescription *known = targetNamed(name); known && known->isGPU())
    return true;
  InFlightDiagnostic error = emitError(where) << "there is no code for '" << name << "', only for ";
  llvm::interleaveComma(gpuTargets(), error,
                        [&](const TargetDescription &target) { error << target.name; });
  return false;
}

namespace {

struct EmitPTX : roux::impl::EmitPTXBase<EmitPTX> {
  using EmitPTXBase::EmitPTXBase;

  LogicalResult initialize(MLIRContext *context) override {
    return success(isArchitecture(architecture, UnknownLoc::get(context)));
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::SmallString<0> text;
    llvm::raw_svector_ostream out(text);
    if (failed(emit(module, out)))
      return signalPassFailure();
    module.getBody()->clear();
    module->setAttr(codeAttribute, StringAttr::get(&getContext(), text));
  }

  /// Names of this module alone, for a program's modules become one: of tables and functions of
  /// libdevice that were not inlined, and of memory of a block.
  static void nameLocals(llvm::Module &code) {
    auto entry = llvm::find_if(code, [](const llvm::Function &function) {
      return function.getCallingConv() == llvm::CallingConv::PTX_Kernel;
    });
    if (entry == code.end())
      return;
    for (llvm::GlobalValue &value : code.global_values())
      if (value.hasLocalLinkage())
        value.setName(value.getName() + "__" + entry->getName());
  }

  LogicalResult emit(ModuleOp module, llvm::raw_pwrite_stream &out) {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::TargetMachine> target = nvptxMachine(architecture);
    std::unique_ptr<llvm::Module> code = optimisedNVVM(module, *target, context);
    if (!code)
      return failure();
    nameLocals(*code);
    llvm::legacy::PassManager passes;
    if (failed(addCodeGeneration(*target, passes, out, llvm::CodeGenFileType::AssemblyFile,
                                 LoopAddresses::Reduced)))
      return emitError(module.getLoc()) << "cannot be written as PTX for " << architecture;
    passes.run(*code);
    return success();
  }
};

} // namespace
