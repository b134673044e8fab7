//===- KernelText.cpp - a kernel as the text of any later stage -----------===//
//
// The stages run on all kernels at once; then each is written under a heading.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/KernelText.h"

#include "compiler/codegen/AttentionForms.h"
#include "compiler/codegen/KernelCost.h"
#include "compiler/codegen/PTX.h"
#include "compiler/codegen/Passes.h"
#include "compiler/codegen/ProductForms.h"
#include "compiler/pipeline/ListKernels.h"
#include "compiler/pipeline/ManyThreads.h"
#include "compiler/pipeline/StagePasses.h"

#include <map>
#include <numeric>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// The kernels that were asked for, in a module that may be changed. Null after a diagnostic.
static OwningOpRef<ModuleOp> selected(ModuleOp module, StringRef name) {
  OwningOpRef<ModuleOp> found = ModuleOp::create(module.getLoc());
  for (FuncOp function : module.getOps<FuncOp>())
    if (name.empty() || function.getName() == name)
      found->push_back(function->clone());
  if (!found->getBody()->empty() || name.empty())
    return found;
  InFlightDiagnostic error = emitError(module.getLoc())
                             << "there is no kernel '" << name << "', only ";
  llvm::interleaveComma(module.getOps<FuncOp>(), error,
                        [&](FuncOp function) { error << function.getName(); });
  return nullptr;
}

static GPUCodeOptions gpuOptions(const KernelTextOptions &options) {
  return {options.architecture, CodeKind::PTX, options.cacheFolder};
}

/// How each function of a kernel is launched, as comments.
static void writeLaunches(StringRef kernel, ArrayRef<std::string> launches,
                          llvm::raw_ostream &out) {
  out << "// " << kernel << "\n";
  for (const std::string &launch : launches)
    out << "// " << launch << "\n";
}

/// One kernel after its stages ran.
static void write(Operation &kernel, const Stage &stage, llvm::raw_ostream &out) {
  out << stage.comment << " " << SymbolTable::getSymbolName(&kernel).getValue() << "\n";
  if (auto code = kernel.getAttrOfType<StringAttr>(codeAttribute))
    out << code.getValue();
  else
    out << kernel << "\n";
}

/// Code under the lines of the recipe that it comes from.
static void writeLined(const LinedCode &code, const TextOfLine &textOf, llvm::raw_ostream &out) {
  for (const CodePiece &piece : code) {
    if (piece.from.file.empty()) {
      if (piece.instructions)
        out << "// of no line of the recipe\n";
    } else {
      out << "// " << piece.from.file << ":" << piece.from.line;
      if (std::string text = textOf ? textOf(piece.from) : ""; !text.empty())
        out << ": " << StringRef(text).trim();
      out << "\n";
    }
    out << piece.text;
  }
}

/// A text of instructions for each kernel.
static FailureOr<std::vector<KernelText>> writeInstructions(ModuleOp kernels,
                                                            const KernelTextOptions &options) {
  Location place = kernels.getLoc();
  FailureOr<ListedKernels> listed = listKernels(kernels, gpuOptions(options));
  if (failed(listed))
    return failure();
  if (!listed->withoutSASS.empty())
    return emitError(place) << listed->withoutSASS;
  std::vector<KernelText> texts;
  for (const ListedKernel &kernel : listed->kernels) {
    if (kernel.sass.empty())
      return emitError(place) << "nvdisasm lists no function '" << kernel.name << "'";
    texts.push_back({kernel.name, {}});
    llvm::raw_string_ostream out(texts.back().text);
    writeLaunches(kernel.name, kernel.launches, out);
    writeLined(kernel.sass, options.textOf, out);
  }
  return texts;
}

/// All kernels as the one module of PTX that a program has, behind how they are launched.
static LogicalResult writeModule(ModuleOp module, const KernelTextOptions &options,
                                 llvm::raw_ostream &out) {
  FailureOr<std::vector<Program>> kernels = compileGPUKernels(module, gpuOptions(options));
  if (failed(kernels))
    return failure();
  for (const Program &kernel : *kernels)
    writeLaunches(kernel.kernels.front(), describeLaunches(kernel), out);
  out << joinedPTX(*kernels);
  return success();
}

FailureOr<std::vector<KernelText>> roux::kernelTexts(ModuleOp module,
                                                     const KernelTextOptions &options) {
  const Stage *stage = stageNamed(options.stage);
  assert(stage && stage->isKernelByKernel());
  StageTarget target{machineNamed(options.machine, module.getLoc()), options.architecture};
  if (!target.machine || !isArchitecture(options.architecture, module.getLoc()))
    return failure();
  OwningOpRef<ModuleOp> kernels = selected(module, options.kernel);
  if (!kernels)
    return failure();
  std::vector<KernelText> texts;
  if (stage->name == "ptx") {
    llvm::raw_string_ostream out(texts.emplace_back().text);
    if (!kernels->getBody()->empty() && failed(writeModule(*kernels, options, out)))
      return failure();
    return texts;
  }
  if (stage->name == "sass")
    return writeInstructions(*kernels, options);
  {
    ManyThreads threads(module.getContext());
    if (failed(runStages(*kernels, "kernel", stage->name, target)))
      return failure();
  }
  for (Operation &kernel : *kernels->getBody()) {
    texts.push_back({SymbolTable::getSymbolName(&kernel).str(), {}});
    llvm::raw_string_ostream out(texts.back().text);
    write(kernel, *stage, out);
  }
  return texts;
}

FailureOr<ListedKernels> roux::listedKernels(ModuleOp module, const KernelTextOptions &options) {
  if (!isArchitecture(options.architecture, module.getLoc()))
    return failure();
  OwningOpRef<ModuleOp> kernels = selected(module, options.kernel);
  if (!kernels)
    return failure();
  return listKernels(*kernels, gpuOptions(options));
}

/// Those that take longest first, where it is known.
static LogicalResult printTable(ModuleOp module, const KernelTextOptions &options,
                                llvm::raw_ostream &out) {
  const MeasuredKernels *measured = options.measured;
  OwningOpRef<ModuleOp> kernels = selected(module, options.kernel);
  if (!kernels)
    return failure();
  std::multimap<double, FuncOp, std::greater<>> functions; // equals in their order
  for (FuncOp function : kernels->getOps<FuncOp>())
    functions.emplace(measured ? secondsOf(function, *measured) : 0, function);
  if (!functions.empty())
    out << costHeading(measured) << "\n";
  for (auto &[seconds, function] : functions)
    out << describeCost(function, measured) << "\n";
  for (FuncOp function : kernels->getOps<FuncOp>()) {
    if (!options.showsForms)
      break;
    if (std::optional<AttentionForm> form = attentionFormOf(function))
      out << describeForm(function, *form) << "\n";
    for (const ProductForm &form : productFormsOf(function))
      out << describeForm(function, form) << "\n";
  }
  if (measured)
    for (const auto &[kernel, who] : measured->choices)
      out << kernel << ": by " << who << "\n";
  if (measured && options.kernel.empty())
    out << describeStep(std::accumulate(functions.begin(), functions.end(), 0.0,
                                        [](double sum, auto &each) { return sum + each.first; }),
                        *measured)
        << "\n";
  return success();
}

LogicalResult roux::printKernels(ModuleOp module, const KernelTextOptions &options,
                                 llvm::raw_ostream &out) {
  if (options.stage == "table")
    return printTable(module, options, out);
  FailureOr<std::vector<KernelText>> texts = kernelTexts(module, options);
  if (failed(texts))
    return failure();
  for (const KernelText &each : *texts)
    out << each.text;
  return success();
}
