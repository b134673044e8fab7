//===- CPUCode.cpp - lowered kernels as machine code for a CPU ------------===//
//
// Maths of f32 becomes polynomials on whole vectors; of f64, calls into libm,
// which is what the tests that compare doubles need. bf16 is rounded by integer
// arithmetic on every machine: the hardware's own conversion flushes denormals,
// and the same recipe must give the same bits everywhere.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/CPUCode.h"

#include "compiler/codegen/MathAccuracy.h"
#include "compiler/codegen/Optimise.h"
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
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "runtime/Processor.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace roux;

const CPUMachine &roux::hostMachine() {
  static const CPUMachine &machine =
      *llvm::find_if(cpuMachines, [](const CPUMachine &m) { return runsHere(m.name.str()); });
  return machine;
}

void roux::registerCPUCode(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

static LogicalResult lowerToLLVMDialect(ModuleOp module) {
  if (failed(expandMath(module)))
    return failure();
  PassManager passes(module.getContext());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass()); // takes vectors apart
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  return passes.run(module);
}

/// Code generation for `machine`: a level of the architecture, not the processor's name, so that
/// what is saved runs on, and rounds as on, every processor of that level.
static std::unique_ptr<llvm::TargetMachine> targetMachine(const CPUMachine &machine) {
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
  StringRef features = machine.blocks ? "-prefer-256-bit,+avx512bf16,+amx-tile,+amx-bf16"
                       : machine.dots ? "-prefer-256-bit,+avx512bf16"
                       : machine.vectorBits == 512 ? "-prefer-256-bit"
                                                   : "";
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  assert(target && "the native target was initialised");
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, processor, features, {}, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
}

FailureOr<std::string> roux::emitCPU(ModuleOp module, const CPUMachine &machine, CPUForm form) {
  if (failed(lowerToLLVMDialect(module)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context, "kernels");
  if (!code)
    return emitError(module.getLoc(), "has no translation to LLVM IR");
  std::unique_ptr<llvm::TargetMachine> target = targetMachine(machine);
  code->setTargetTriple(target->getTargetTriple());
  code->setDataLayout(target->createDataLayout());
  for (llvm::Function &function : *code) {
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (machine.vectorBits == 512) {
      function.addFnAttr("prefer-vector-width", "512");
      function.addFnAttr("min-legal-vector-width", "512");
    }
  }
  optimise(*code, *target);

  llvm::SmallString<0> text;
  llvm::raw_svector_ostream out(text);
  if (form == CPUForm::LLVM) {
    code->print(out, nullptr);
    return text.str().str();
  }
  llvm::legacy::PassManager emit;
  auto kind = form == CPUForm::Object ? llvm::CodeGenFileType::ObjectFile
                                      : llvm::CodeGenFileType::AssemblyFile;
  if (target->addPassesToEmitFile(emit, out, nullptr, kind))
    return emitError(module.getLoc()) << "cannot be written as code for " << machine.name;
  emit.run(*code);
  return text.str().str();
}
