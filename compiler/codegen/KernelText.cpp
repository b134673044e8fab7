//===- KernelText.cpp - a kernel as the text of any later stage -----------===//
//
// A table of forms; each writes one kernel.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelText.h"

#include "compiler/codegen/CPUCode.h"
#include "compiler/codegen/KernelCost.h"
#include "compiler/codegen/PTX.h"
#include "compiler/codegen/SASS.h"
#include "compiler/conversion/KernelToCPU.h"
#include "compiler/conversion/KernelToGPU.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

using Write = LogicalResult (*)(FuncOp, const KernelTextOptions &, const CPUMachine &,
                                llvm::raw_ostream &);

/// A way to write one kernel.
struct TextForm {
  StringLiteral name;
  StringLiteral comment; ///< what begins a kernel's heading; empty: it has none
  Write write;
  bool onGPU = false;
};

} // namespace

static LogicalResult writeKernel(FuncOp function, const KernelTextOptions &, const CPUMachine &,
                                 llvm::raw_ostream &out) {
  out << function << "\n";
  return success();
}

static LogicalResult writeLoops(FuncOp function, const KernelTextOptions &,
                                const CPUMachine &machine, llvm::raw_ostream &out) {
  FailureOr<CPUKernel> lowered = lowerToCPU(function, machine);
  if (failed(lowered))
    return failure();
  out << *lowered->module << "\n";
  return success();
}

template <CPUForm form>
static LogicalResult writeCPU(FuncOp function, const KernelTextOptions &, const CPUMachine &machine,
                              llvm::raw_ostream &out) {
  FailureOr<CPUKernel> lowered = lowerToCPU(function, machine);
  if (failed(lowered))
    return failure();
  FailureOr<std::string> text = emitCPU(*lowered->module, machine, form);
  if (failed(text))
    return failure();
  out << *text;
  return success();
}

static LogicalResult writeGPU(FuncOp function, const KernelTextOptions &, const CPUMachine &,
                              llvm::raw_ostream &out) {
  FailureOr<GPUKernel> lowered = lowerToGPU(function);
  if (failed(lowered))
    return failure();
  out << *lowered->module << "\n";
  return success();
}

static LogicalResult writePTX(FuncOp function, const KernelTextOptions &options, const CPUMachine &,
                              llvm::raw_ostream &out) {
  FailureOr<GPUKernel> lowered = lowerToGPU(function);
  if (failed(lowered))
    return failure();
  out << "// " << lowered->shape.threads << " threads a block, " << lowered->shape.rows << " rows, "
      << lowered->shape.strips << " strips\n";
  FailureOr<std::string> text = emitPTX(*lowered->module, options.architecture);
  if (failed(text))
    return failure();
  out << *text;
  return success();
}

static LogicalResult writeSASS(FuncOp function, const KernelTextOptions &options,
                               const CPUMachine &, llvm::raw_ostream &out) {
  FailureOr<GPUKernel> lowered = lowerToGPU(function);
  if (failed(lowered))
    return failure();
  FailureOr<std::string> text = emitPTX(*lowered->module, options.architecture);
  if (failed(text))
    return failure();
  llvm::Expected<std::string> listing = disassemble(*text, options.architecture);
  if (!listing)
    return emitError(UnknownLoc::get(function.getContext())) << llvm::toString(listing.takeError());
  out << *listing;
  return success();
}

static LogicalResult writeTable(FuncOp function, const KernelTextOptions &, const CPUMachine &,
                                llvm::raw_ostream &out) {
  out << describeCost(function) << "\n";
  return success();
}

static constexpr TextForm forms[] = {
    {"kernel", "//", writeKernel},          {"loops", "//", writeLoops},
    {"llvm", ";", writeCPU<CPUForm::LLVM>}, {"asm", "#", writeCPU<CPUForm::Assembly>},
    {"gpu", "//", writeGPU, true},          {"ptx", "//", writePTX, true},
    {"sass", "//", writeSASS, true},        {"table", "", writeTable},
};

void roux::registerKernelText(DialectRegistry &registry) {
  registry.insert<KernelDialect, arith::ArithDialect, math::MathDialect, vector::VectorDialect>();
  registerCPUCode(registry);
  registerPTX(registry);
}

static const CPUMachine *machineNamed(ModuleOp module, StringRef name) {
  if (name.empty())
    return &hostMachine();
  for (const CPUMachine &machine : cpuMachines)
    if (machine.name == name)
      return &machine;
  InFlightDiagnostic error = emitError(module.getLoc())
                             << "there is no machine '" << name << "', only ";
  llvm::interleaveComma(cpuMachines, error, [&](const CPUMachine &m) { error << m.name; });
  return nullptr;
}

static bool isArchitecture(ModuleOp module, StringRef name) {
  if (llvm::is_contained(gpuArchitectures, name))
    return true;
  InFlightDiagnostic error = emitError(module.getLoc())
                             << "there is no code for '" << name << "', only for ";
  llvm::interleaveComma(gpuArchitectures, error);
  return false;
}

static LogicalResult refuseKernel(ModuleOp module, StringRef name) {
  InFlightDiagnostic error = emitError(module.getLoc())
                             << "there is no kernel '" << name << "', only ";
  llvm::interleaveComma(module.getOps<FuncOp>(), error,
                        [&](FuncOp function) { error << function.getName(); });
  return failure();
}

LogicalResult roux::printKernels(ModuleOp module, const KernelTextOptions &options,
                                 llvm::raw_ostream &out) {
  const TextForm *form =
      llvm::find_if(forms, [&](const TextForm &f) { return f.name == options.form; });
  if (form == std::end(forms)) {
    InFlightDiagnostic error = emitError(module.getLoc())
                               << "kernels have no form '" << options.form << "', only ";
    llvm::interleaveComma(forms, error, [&](const TextForm &f) { error << f.name; });
    return failure();
  }
  const CPUMachine *machine = machineNamed(module, options.machine);
  if (!machine || !isArchitecture(module, options.architecture))
    return failure();
  bool any = false;
  for (FuncOp function : module.getOps<FuncOp>()) {
    if (!options.kernel.empty() && function.getName() != options.kernel)
      continue;
    if (form->write == writeTable && !any)
      out << costHeading() << "\n";
    any = true;
    if (!form->comment.empty())
      out << form->comment << " " << function.getName() << "\n";
    // One asked for by name fails instead, in its lowering.
    if (form->onGPU && options.kernel.empty() && !hasGPULowering(function)) {
      out << form->comment << " has no lowering to a GPU; only row kernels do\n";
      continue;
    }
    if (failed(form->write(function, options, *machine, out)))
      return failure();
  }
  if (!any && !options.kernel.empty())
    return refuseKernel(module, options.kernel);
  return success();
}
