//===- CPUCode.cpp - lowered kernels as machine code for a CPU ------------===//
//
// Maths of f32 becomes polynomials on whole vectors; of f64, calls into libm,
// which is what the tests that compare doubles need. bf16 is rounded by integer
// arithmetic on every machine: the hardware's own conversion flushes denormals,
// and the same recipe must give the same bits everywhere.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/CPUCode.h"

#include "compiler/codegen/Optimise.h"
#include "compiler/codegen/Passes.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

namespace roux {
#define GEN_PASS_DEF_EMITCPUCODE
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;
using namespace roux;

const TargetDescription *roux::machineNamed(StringRef name, Location where) {
  if (name.empty())
    return &hostTarget();
  if (const TargetDescription *known = targetNamed(name); known && !known->isGPU())
    return known;
  InFlightDiagnostic error = emitError(where) << "there is no machine '" << name << "', only ";
  llvm::interleaveComma(knownTargets(), error,
                        [&](const TargetDescription &target) { error << target.name; });
  return nullptr;
}

void roux::registerCPUCode(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

void roux::buildLoopsToLLVM(OpPassManager &kernels) {
  kernels.addPass(createShareLoops());
  kernels.addPass(createExpandKernelMath());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createConvertMathToLLVMPass());
  kernels.addPass(createConvertMathToLibmPass()); // takes vectors apart
  kernels.addPass(createConvertVectorToLLVMPass());
  kernels.addPass(createArithToLLVMConversionPass());
  kernels.addPass(createConvertControlFlowToLLVMPass());
  kernels.addPass(createConvertFuncToLLVMPass());
  kernels.addPass(createConvertIndexToLLVMPass());
  kernels.addPass(createUBToLLVMConversionPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
}

std::unique_ptr<llvm::TargetMachine> roux::codeGenerator(const TargetDescription &machine,
                                                         llvm::CodeGenOptLevel level) {
  [[maybe_unused]] static bool ready = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  StringRef processor = "generic";
  if (triple.getArch() == llvm::Triple::x86_64)
    processor = machine.vectorBits == 512   ? "x86-64-v4"
                : machine.vectorBits == 256 ? "x86-64-v3"
                                            : "x86-64-v2";
  // Two 256-bit halves are not as good where 512-bit registers double the accumulators.
  StringRef features = machine.blocks  ? "-prefer-256-bit,+prfchw,+avx512bf16,+amx-tile,+amx-bf16"
                       : machine.pairs ? "-prefer-256-bit,+prfchw,+avx512bf16"
                       : machine.vectorBits == 512 ? "-prefer-256-bit,+prfchw"
                                                   : "";
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  assert(target && "the native target was initialised");
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, processor, features, {}, llvm::Reloc::PIC_, llvm::CodeModel::Small, level));
}

/// Says to code generation what MLIR has no words for.
static void describe(llvm::Module &code, const TargetDescription &machine) {
  for (llvm::Function &function : code) {
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setUWTableKind(llvm::UWTableKind::Async); // perf and gdb walk through kernels
    if (machine.vectorBits == 512) {
      function.addFnAttr("prefer-vector-width", "512");
      function.addFnAttr("min-legal-vector-width", "512");
    }
  }
}

namespace {

struct EmitCPUCode : roux::impl::EmitCPUCodeBase<EmitCPUCode> {
  using EmitCPUCodeBase::EmitCPUCodeBase;

  LogicalResult initialize(MLIRContext *context) override {
    Location where = UnknownLoc::get(context);
    if (form != "llvm" && form != "asm" && form != "object")
      return emitError(where) << "CPU code has no form '" << form << "', only llvm, asm, object";
    target = machineNamed(machine, where);
    return success(target != nullptr);
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

  LogicalResult emit(ModuleOp module, llvm::raw_pwrite_stream &out) {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context, "kernels");
    if (!code)
      return emitError(module.getLoc(), "has no translation to LLVM IR");
    std::unique_ptr<llvm::TargetMachine> generator = codeGenerator(*target);
    code->setTargetTriple(generator->getTargetTriple());
    code->setDataLayout(generator->createDataLayout());
    describe(*code, *target);
    optimiseVectors(*code, *generator);
    if (form == "llvm") {
      code->print(out, nullptr);
      return success();
    }
    llvm::legacy::PassManager passes;
    auto kind =
        form == "object" ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
    if (failed(addCodeGeneration(*generator, passes, out, kind, LoopAddresses::AsTheyAre)))
      return emitError(module.getLoc()) << "cannot be written as code for " << target->name;
    passes.run(*code);
    return success();
  }

  const TargetDescription *target = nullptr;
};

} // namespace
