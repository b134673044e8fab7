//===- CompileStep.cpp - from a model's shape and a loss to a program -----===//
//
// Stages in their order: import, gradients, kernels, code. Each ends in a module
// that verifies; a stage that was asked for is printed instead of going on.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"

#include "compiler/codegen/KernelText.h"
#include "compiler/codegen/KernelToProgram.h"
#include "compiler/conversion/Passes.h"
#include "compiler/pipeline/StepStages.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace roux {

/// The recipe's line, where the op has one.
static void writePlace(Location location) {
  location->walk([](Location part) {
    auto place = dyn_cast<FileLineColLoc>(part);
    if (!place)
      return WalkResult::advance();
    llvm::errs() << place.getFilename().getValue() << ":" << place.getLine() << ":"
                 << place.getColumn() << ": ";
    return WalkResult::interrupt();
  });
}

namespace {

/// The context of one compilation. Diagnostics go to stderr as `file:line:column: error: text`.
class StepCompilation {
public:
  explicit StepCompilation(const StepSource &source)
      : source(source), context(registry(), MLIRContext::Threading::DISABLED),
        handler(&context, [](Diagnostic &diagnostic) {
          writePlace(diagnostic.getLocation());
          llvm::errs() << "error: " << diagnostic << "\n";
          return success();
        }) {
    context.printOpOnDiagnostic(false);
  }

  /// The module after step or grad.
  OwningOpRef<ModuleOp> build(step::StepStage last);
  /// The module of kernels; null after a diagnostic.
  OwningOpRef<ModuleOp> buildKernels();

private:
  static DialectRegistry registry() {
    DialectRegistry registry;
    step::registerStepDialects(registry);
    registerCPUCode(registry);
    registerKernelText(registry);
    return registry;
  }
  Location locate(const Expression::Node &node);

  const StepSource &source;
  MLIRContext context;
  ScopedDiagnosticHandler handler;
};

} // namespace

Location StepCompilation::locate(const Expression::Node &node) {
  auto [file, begin, end] = node.where;
  if (!source.sources || file >= source.sources->size())
    return UnknownLoc::get(&context);
  LineColumn at = source.sources->locate(file, begin);
  return FileLineColLoc::get(&context, StringRef(source.sources->path(file)), at.line, at.column);
}

OwningOpRef<ModuleOp> StepCompilation::build(step::StepStage last) {
  static constexpr step::StreamType types[] = {step::StreamType::F32, step::StreamType::BF16,
                                               step::StreamType::F64};
  step::StepRequest request;
  request.config = &source.config;
  request.loss = &source.loss;
  request.type = types[static_cast<size_t>(source.type)];
  request.activations =
      source.savesActivations ? step::Activations::save : step::Activations::recompute;
  request.update = {source.firstBeta, source.secondBeta, source.epsilon, source.decay, source.clip};
  request.trains = source.trains;
  request.generates = source.generates;
  return step::buildStepStage(context, request, last,
                              [this](const Expression::Node &node) { return locate(node); });
}

OwningOpRef<ModuleOp> StepCompilation::buildKernels() {
  OwningOpRef<ModuleOp> module = build(step::StepStage::Grad);
  PassManager passes(&context);
  passes.addPass(createStepToKernel());
  if (!module || failed(passes.run(*module)))
    return nullptr;
  return module;
}

std::optional<std::string> printStage(const StepSource &source, const StageText &what) {
  StepCompilation compilation(source);
  std::string text;
  llvm::raw_string_ostream out(text);
  if (what.stage == "step" || what.stage == "grad") {
    auto last = what.stage == "step" ? step::StepStage::Step : step::StepStage::Grad;
    OwningOpRef<ModuleOp> module = compilation.build(last);
    return module ? std::optional(step::printModule(*module) + "\n") : std::nullopt;
  }
  OwningOpRef<ModuleOp> module = compilation.buildKernels();
  if (!module)
    return std::nullopt;
  // Whole, with its entries, so that the text can be edited and fed back.
  if (what.stage == "kernel" && what.kernel.empty())
    return step::printModule(*module) + "\n";
  if (failed(
          printKernels(*module, {what.stage, what.kernel, what.machine, what.architecture}, out)))
    return std::nullopt;
  return text;
}

std::optional<Program> compileStep(const StepSource &source, const std::string &cacheFolder) {
  StepCompilation compilation(source);
  OwningOpRef<ModuleOp> module = compilation.buildKernels();
  if (!module)
    return std::nullopt;
  ProgramOptions options;
  if (!cacheFolder.empty())
    options.cacheFolder = cacheFolder;
  FailureOr<Program> program = compileProgram(*module, options);
  if (failed(program))
    return std::nullopt;
  return std::move(*program);
}

} // namespace roux
