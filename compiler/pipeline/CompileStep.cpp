//===- CompileStep.cpp - from a model's shape and a loss to a program -----===//
//
// Stages in their order: import, gradients, fusion, kernels, code. Each ends in a module
// that verifies; a stage that was asked for is printed instead of going on.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"

#include "compiler/codegen/KernelText.h"
#include "compiler/codegen/KernelToProgram.h"
#include "compiler/conversion/Passes.h"
#include "compiler/pipeline/StepStages.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Remarks.h"
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
          bool remark = diagnostic.getSeverity() == DiagnosticSeverity::Remark;
          llvm::errs() << (remark ? "remark: " : "error: ") << diagnostic << "\n";
          return success();
        }) {
    context.printOpOnDiagnostic(false);
  }

  /// The module after step, grad or fuse.
  OwningOpRef<ModuleOp> build(step::StepStage last);
  /// The module after `stage`, which is the edited text if there is one of that stage.
  OwningOpRef<ModuleOp> edited(StringRef stage, OwningOpRef<ModuleOp> module);
  /// The module of kernels; null after a diagnostic.
  OwningOpRef<ModuleOp> buildKernels();
  /// From here on each fusion made or declined is a remark on stderr.
  void sayWhatFuses();

private:
  static DialectRegistry registry() {
    DialectRegistry registry;
    step::registerStepDialects(registry);
    registerCPUCode(registry);
    registerKernelText(registry);
    return registry;
  }
  Location locate(SourceRange where);
  Location locate(const Expression::Node &node);
  /// Gives ops that came from a model's shape the recipe's places of model and optimizer.
  void place(ModuleOp module);

  const StepSource &source;
  MLIRContext context;
  ScopedDiagnosticHandler handler;
};

} // namespace

Location StepCompilation::locate(SourceRange where) {
  if (!source.sources || where.file >= source.sources->size())
    return UnknownLoc::get(&context);
  LineColumn at = source.sources->locate(where.file, where.begin);
  return FileLineColLoc::get(&context, StringRef(source.sources->path(where.file)), at.line,
                             at.column);
}

Location StepCompilation::locate(const Expression::Node &node) {
  auto [file, begin, end] = node.where;
  return locate(SourceRange{file, begin, end});
}

void StepCompilation::place(ModuleOp module) {
  if (!source.sources)
    return;
  std::string shape = source.config.file.string();
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    LocationAttr where =
        locate(function.getSymName() == "update" ? source.optimizerWhere : source.modelWhere);
    AttrTypeReplacer replacer;
    replacer.addReplacement(
        [&](FileLineColLoc place) -> std::optional<std::pair<mlir::Attribute, WalkResult>> {
          bool isShape =
              place.getFilename() == shape && place.getLine() == 1 && place.getColumn() == 1;
          return std::pair(isShape ? where : LocationAttr(place), WalkResult::advance());
        });
    replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/false, /*replaceLocs=*/true);
  }
}

OwningOpRef<ModuleOp> StepCompilation::edited(StringRef stage, OwningOpRef<ModuleOp> module) {
  if (!module || !source.edited || source.edited->stage != stage)
    return module;
  return step::readEditedStage(*module, source.edited->text, source.edited->path);
}

OwningOpRef<ModuleOp> StepCompilation::build(step::StepStage last) {
  static constexpr step::StreamType types[] = {step::StreamType::F32, step::StreamType::BF16,
                                               step::StreamType::F64};
  step::StepRequest request;
  request.config = &source.config;
  request.loss = &source.loss;
  request.weight = &source.weight;
  request.type = types[static_cast<size_t>(source.type)];
  request.activations =
      source.savesActivations ? step::Activations::save : step::Activations::recompute;
  request.update = {source.firstBeta, source.secondBeta, source.epsilon,
                    source.decay,     source.clip,       source.decaysVectors};
  request.trains = source.trains;
  request.generates = source.generates;
  OwningOpRef<ModuleOp> module = step::buildStep(
      context, request, [this](const Expression::Node &node) { return locate(node); });
  if (module)
    place(*module);
  module = edited("step", std::move(module));
  if (!module || last == step::StepStage::Step)
    return module;
  if (source.trains) {
    if (failed(step::differentiate(*module)))
      return nullptr;
    module = edited("grad", std::move(module));
  }
  if (!module || last == step::StepStage::Grad)
    return module;
  if (failed(step::fuse(*module)))
    return nullptr;
  return edited("fuse", std::move(module));
}

void StepCompilation::sayWhatFuses() {
  remark::RemarkCategories categories;
  categories.passed = categories.missed = "fuse";
  (void)remark::enableOptimizationRemarks(context, nullptr,
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(),
                                          categories, /*printAsEmitRemarks=*/true);
}

OwningOpRef<ModuleOp> StepCompilation::buildKernels() {
  OwningOpRef<ModuleOp> module = build(step::StepStage::Fuse);
  PassManager passes(&context);
  passes.addPass(createStepToKernel());
  if (!module || failed(passes.run(*module)))
    return nullptr;
  module = edited("kernel", std::move(module));
  PassManager checks(&context);
  checks.addPass(step::createVerifyProgram());
  if (!module || failed(checks.run(*module)))
    return nullptr;
  return module;
}

std::optional<std::string> printStage(const StepSource &source, const StageText &what) {
  StepCompilation compilation(source);
  std::string text;
  llvm::raw_string_ostream out(text);
  static const std::pair<StringRef, step::StepStage> ofStep[] = {
      {"step", step::StepStage::Step},
      {"grad", step::StepStage::Grad},
      {"fuse", step::StepStage::Fuse},
  };
  for (auto [name, last] : ofStep) {
    if (what.stage != name)
      continue;
    if (name == "fuse")
      compilation.sayWhatFuses();
    OwningOpRef<ModuleOp> module = compilation.build(last);
    return module ? std::optional(step::printModule(*module) + "\n") : std::nullopt;
  }
  OwningOpRef<ModuleOp> module = compilation.buildKernels();
  if (!module)
    return std::nullopt;
  const std::string &machine = what.machine.empty() ? source.machine : what.machine;
  // Whole, with its entries, so that the text can be edited and fed back.
  if (what.stage == "kernel" && what.kernel.empty())
    return step::printModule(*module) + "\n";
  if (failed(printKernels(*module, {what.stage, what.kernel, machine, what.architecture}, out)))
    return std::nullopt;
  return text;
}

static const CPUMachine &machineOf(const StepSource &source) {
  const CPUMachine *named =
      llvm::find_if(cpuMachines, [&](const CPUMachine &m) { return m.name == source.machine; });
  return named == std::end(cpuMachines) ? hostMachine() : *named;
}

std::optional<std::vector<StageFile>> printStages(const StepSource &source) {
  std::vector<StageFile> files;
  auto addWhole = [&](const char *name, OwningOpRef<ModuleOp> module) {
    if (module)
      files.push_back({name, step::printModule(*module) + "\n"});
    return bool(module);
  };
  StepCompilation compilation(source);
  if (!addWhole("step.mlir", compilation.build(step::StepStage::Step)))
    return std::nullopt;
  if (source.trains && !addWhole("grad.mlir", compilation.build(step::StepStage::Grad)))
    return std::nullopt;
  if (!addWhole("fuse.mlir", compilation.build(step::StepStage::Fuse)))
    return std::nullopt;
  OwningOpRef<ModuleOp> module = compilation.buildKernels();
  if (!module)
    return std::nullopt;
  files.push_back({"kernel.mlir", step::printModule(*module) + "\n"});
  auto add = [&](const std::string &name, const char *form, const std::string &kernel) {
    KernelTextOptions options;
    options.form = form;
    options.kernel = kernel;
    options.machine = source.machine;
    llvm::raw_string_ostream out(files.emplace_back(StageFile{name, {}}).text);
    return succeeded(printKernels(*module, options, out));
  };
  if (!add("table.txt", "table", ""))
    return std::nullopt;
  static constexpr std::pair<const char *, const char *> forms[] = {{"llvm", ".ll"}, {"asm", ".s"}};
  for (auto [form, extension] : forms)
    for (kernel::FuncOp function : module->getOps<kernel::FuncOp>()) {
      std::string name = function.getSymName().str();
      if (!add(form + ("/" + name) + extension, form, name))
        return std::nullopt;
    }
  return files;
}

std::optional<Program> outlineStep(const StepSource &source) {
  StepCompilation compilation(source);
  OwningOpRef<ModuleOp> module = compilation.buildKernels();
  ProgramOptions options;
  options.emitsCode = false;
  if (!module)
    return std::nullopt;
  FailureOr<Program> program = compileProgram(*module, options);
  return succeeded(program) ? std::optional(std::move(*program)) : std::nullopt;
}

std::optional<Program> compileStep(const StepSource &source, const std::string &cacheFolder) {
  StepCompilation compilation(source);
  OwningOpRef<ModuleOp> module = compilation.buildKernels();
  if (!module)
    return std::nullopt;
  ProgramOptions options;
  options.machine = &machineOf(source);
  if (!cacheFolder.empty())
    options.cacheFolder = cacheFolder;
  FailureOr<Program> program = compileProgram(*module, options);
  if (failed(program))
    return std::nullopt;
  return std::move(*program);
}

} // namespace roux
