//===- CompileStep.cpp - from a model's shape and a loss to a program -----===//
//
// Stages in the order of their table. Each ends in a module that verifies; a stage that
// was asked for is printed instead of going on.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"

#include "compiler/codegen/CodeCache.h"
#include "compiler/import/ImportExpression.h"
#include "compiler/import/ImportRecipe.h"
#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/Complaint.h"
#include "compiler/pipeline/KernelText.h"
#include "compiler/pipeline/StagePasses.h"
#include "compiler/pipeline/StepStages.h"
#include "compiler/transforms/Passes.h"
#include "runtime/Seal.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <malloc.h>

using namespace mlir;

namespace roux {

namespace {

/// The context of one compilation. Diagnostics go to stderr.
class StepCompilation {
public:
  explicit StepCompilation(const StepSource &source, std::string gpu = "")
      : source(source), gpu(std::move(gpu)), context(registry(), MLIRContext::Threading::DISABLED),
        handler(&context, [](Diagnostic &diagnostic) {
          complain(diagnostic);
          return success();
        }) {
    context.printOpOnDiagnostic(false);
  }

  /// The module of `stage`, a form Module of Stages.h; null after a diagnostic.
  OwningOpRef<ModuleOp> build(StringRef stage) { return build(import(), stage); }
  /// The same of what was imported.
  OwningOpRef<ModuleOp> build(OwningOpRef<ModuleOp> imported, StringRef stage);
  /// The step, as a module; null after a diagnostic.
  OwningOpRef<ModuleOp> import() { return source.train.empty() ? importShape() : importTrain(); }
  /// What names `what` of the imported step in the cache; empty where an edited text stands instead
  /// of a stage.
  std::string keyOf(ModuleOp imported, StringRef what);
  /// From here on each fusion made or declined is a remark on stderr.
  void sayWhatFuses();

private:
  static DialectRegistry registry() {
    DialectRegistry registry;
    registerStages(registry);
    return registry;
  }
  Location locate(SourceRange where);
  /// The step of a model that no recipe trains.
  OwningOpRef<ModuleOp> importShape();
  /// The step that the recipe says, or its edited text.
  OwningOpRef<ModuleOp> importTrain();
  /// The module after `stage`, which is the edited text if there is one of that stage.
  OwningOpRef<ModuleOp> edited(StringRef stage, OwningOpRef<ModuleOp> module);
  /// Gives ops that came from a model's shape the recipe's places of model and optimizer.
  void place(ModuleOp module);

  const StepSource &source;
  const std::string gpu; ///< what it is compiled for, where that is not the source's machine
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

/// Names of operations that come from a key of the model, and not from the whole of it.
static constexpr std::pair<StringLiteral, SourceRange StepPlaces::*> namedParts[] = {
    {"query", &StepPlaces::heads},
    {"key", &StepPlaces::heads},
    {"value", &StepPlaces::heads},
    {"query_key_value", &StepPlaces::heads},
    {"attention", &StepPlaces::heads},
    {"output", &StepPlaces::heads},
    {"rotation", &StepPlaces::rope},
    {"query_rope", &StepPlaces::rope},
    {"key_rope", &StepPlaces::rope},
    {"gate", &StepPlaces::feedForward},
    {"up", &StepPlaces::feedForward},
    {"gate_up", &StepPlaces::feedForward},
    {"gated_product", &StepPlaces::feedForward},
    {"activation", &StepPlaces::feedForward},
    {"down", &StepPlaces::feedForward},
};

/// Of the operation `name`, which `function` has.
static SourceRange placeOf(const StepPlaces &places, StringRef function, StringRef name) {
  if (function == "norm" || name == step::clipName)
    return places.clip;
  if (function == "update")
    return places.optimizer;
  if (name.starts_with(step::adapterPrefix))
    return places.adapter;
  for (auto [part, place] : namedParts)
    if (name == part)
      return places.*place;
  return places.model;
}

void StepCompilation::place(ModuleOp module) {
  if (!source.sources)
    return;
  Location shape = step::locationOf(&context, source.config, "");
  auto whole = cast<NameLoc>(shape).getChildLoc();
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    AttrTypeReplacer replacer;
    using Replaced = std::optional<std::pair<mlir::Attribute, WalkResult>>;
    replacer.addReplacement([&](NameLoc place) -> Replaced {
      if (place.getChildLoc() != whole)
        return std::nullopt;
      Location where = locate(placeOf(source.places, function.getSymName(), place.getName()));
      return std::pair(NameLoc::get(place.getName(), where), WalkResult::skip());
    });
    replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/false, /*replaceLocs=*/true);
  }
}

OwningOpRef<ModuleOp> StepCompilation::edited(StringRef stage, OwningOpRef<ModuleOp> module) {
  if (!module || !source.edited || source.edited->stage != stage)
    return module;
  OwningOpRef<ModuleOp> own = std::move(module);
  module = step::readEdited(&context, source.edited->text, source.edited->path);
  PassManager checks(&context);
  if (stage == "kernel")
    checks.addPass(step::createVerifyProgram()); // as after the passes that make it
  if (!module || failed(step::compareStages(*own, *module)) || failed(checks.run(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> StepCompilation::importShape() {
  static constexpr step::StreamType types[] = {step::StreamType::F32, step::StreamType::BF16,
                                               step::StreamType::F64};
  step::StepRequest request;
  request.config = &source.config;
  Region weight;
  if (!source.weight.formula.empty()) {
    Location nowhere = UnknownLoc::get(&context);
    importWeight(nowhere, source.weight, weight, [&](auto &) { return nowhere; });
    request.weight = &weight;
  }
  request.type = types[static_cast<size_t>(source.type)];
  request.activations =
      source.savesActivations ? step::Activations::save : step::Activations::recompute;
  request.again = source.again;
  request.update = source.update;
  request.trains = source.trains;
  request.generates = source.generates;
  OwningOpRef<ModuleOp> module = step::buildStep(context, request);
  if (module)
    place(*module);
  return module;
}

/// `target` with a library's attention at hand.
static const TargetDescription &withLibrary(const TargetDescription &target) {
  static const std::vector<TargetDescription> known = [] {
    std::vector<TargetDescription> all = gpuTargets();
    for (TargetDescription &each : all)
      each.attentionLibrary = true;
    return all;
  }();
  return *llvm::find_if(known, [&](const auto &each) { return each.name == target.name; });
}

static StageTarget targetOf(const StepSource &source, const std::string &gpu = "") {
  StageTarget target;
  if (const TargetDescription *named = targetNamed(gpu.empty() ? source.machine : gpu))
    target.machine = named;
  if (source.attentionLibrary && target.machine->isGPU())
    target.machine = &withLibrary(*target.machine);
  target.fuses = source.fuses;
  target.hasSecondPhase = !target.machine->isGPU();
  target.step = {.train = source.train,
                 .config = &source.config,
                 .saves = source.savesActivations,
                 .again = source.again};
  return target;
}

OwningOpRef<ModuleOp> StepCompilation::importTrain() {
  OwningOpRef<ModuleOp> module = importRecipe(context, *source.sources, *source.recipe);
  OwningOpRef<ModuleOp> edited;
  StageTarget target = targetOf(source, gpu);
  if (source.edited && source.edited->stage == "recipe") {
    edited = step::readEdited(&context, source.edited->text, source.edited->path);
    if (!edited || failed(step::compareRecipes(*module, *edited, source.train)))
      return nullptr;
    step::takeRun(*module, *edited);
    if (failed(runStages(*edited, "recipe", "step", target)))
      return nullptr;
  }
  if (failed(runStages(*module, "recipe", "step", target)) ||
      (edited && failed(step::compareStages(*module, *edited))))
    return nullptr;
  if (edited)
    module = std::move(edited);
  place(*module);
  return module;
}

std::string StepCompilation::keyOf(ModuleOp imported, StringRef what) {
  if (source.edited)
    return "";
  StageTarget target = targetOf(source, gpu);
  std::string text = target.machine->json();
  llvm::raw_string_ostream out(text);
  out << (target.fuses ? " joined " : " apart ") << what << '\n';
  imported.print(out, OpPrintingFlags().enableDebugInfo().assumeVerified());
  return CodeCache::keyOf(StringRef(text));
}

OwningOpRef<ModuleOp> StepCompilation::build(OwningOpRef<ModuleOp> module, StringRef wanted) {
  StringRef before;
  for (const Stage &stage : stages) {
    StringRef name = stage.name;
    if (stage.form != StageForm::Module || name == "recipe") // of which what is given is made
      continue;
    bool hasNone = before.empty() || (name == "grad" && !source.trains);
    if (!module || (!hasNone && failed(runStages(*module, before, name, targetOf(source, gpu)))))
      return nullptr;
    module = edited(name, std::move(module));
    if (!module || name == wanted)
      return module;
    before = name;
  }
  llvm_unreachable("not a stage that is a module");
}

void StepCompilation::sayWhatFuses() {
  remark::RemarkCategories categories;
  categories.passed = categories.missed = "fuse";
  (void)remark::enableOptimizationRemarks(context, nullptr,
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(),
                                          categories, /*printAsEmitRemarks=*/true);
}

/// The processor whose code is looked at; of a step that is for a GPU, this one.
static std::string processorOf(const StepSource &source) {
  return targetOf(source).machine->isGPU() ? "" : source.machine;
}

/// What the recipe says there, or the text that stands instead.
static std::string textOfLine(const StepSource &source, const RecipeLine &line) {
  auto among = [&](StringRef text) {
    SmallVector<StringRef> lines;
    text.split(lines, '\n');
    return line.line <= lines.size() ? lines[line.line - 1].str() : "";
  };
  if (source.edited && source.edited->path == line.file)
    return among(source.edited->text);
  for (uint32_t file = 0; source.sources && file < source.sources->size(); ++file)
    if (source.sources->path(file) == line.file)
      return among(source.sources->text(file));
  return "";
}

namespace {
/// PTX, or a table of kernels that nobody measured, as it was printed before. Other texts have
/// lines of the recipe in them, or are made at once.
class KeptText {
public:
  KeptText(const std::string &folder, std::string key)
      : key(std::move(key)), cache(this->key.empty() ? "" : folder) {}
  static bool isKept(const StageText &what, bool isMeasured) {
    return what.stage == "ptx" || (what.stage == "table" && !isMeasured);
  }

  std::optional<std::string> find() const {
    std::optional<std::string> bytes = cache.find(key);
    return bytes ? std::optional(std::string(*unsealed(*bytes))) : std::nullopt;
  }
  void put(std::string text) const {
    if (cache.isUsed())
      cache.put(key, sealed(std::move(text)));
  }

private:
  std::string key;
  CodeCache cache;
};
} // namespace

std::optional<std::string> printStage(const StepSource &source, const StageText &what,
                                      const MeasuredKernels *measured) {
  const Stage &stage = *stageNamed(what.stage);
  StepCompilation compilation(source, stage.isOnGPU() ? what.architecture : "");
  if (stage.name == "fuse")
    compilation.sayWhatFuses();
  // Whole, with its entries, so that the text can be edited and fed back.
  bool isWhole = stage.form == StageForm::Module && what.kernel.empty();
  OwningOpRef<ModuleOp> module = compilation.import();
  KeptText kept(what.cacheFolder, module && KeptText::isKept(what, measured)
                                      ? compilation.keyOf(*module, what.stage + " " + what.kernel)
                                      : "");
  if (std::optional<std::string> text = kept.find())
    return text;
  module = compilation.build(std::move(module), isWhole ? what.stage : "kernel");
  if (!module)
    return std::nullopt;
  if (isWhole) {
    std::string text = step::printModule(*module) + "\n";
    // Most of what is joined is kernels, which come after this stage.
    bool saysMore = stage.name == "fuse";
    if (saysMore && failed(runStages(*module, "fuse", "kernel", targetOf(source))))
      return std::nullopt;
    return text;
  }
  std::string text;
  llvm::raw_string_ostream out(text);
  const std::string machine = what.machine.empty() ? processorOf(source) : what.machine;
  auto textOf = [&](const RecipeLine &line) { return textOfLine(source, line); };
  if (failed(printKernels(*module,
                          {what.stage, what.kernel, machine, what.architecture, measured, textOf,
                           what.cacheFolder, targetOf(source).machine->isGPU()},
                          out)))
    return std::nullopt;
  kept.put(text);
  return text;
}

std::optional<ListedKernels> listStep(const StepSource &source, const StageText &what) {
  StepCompilation compilation(source, what.architecture);
  OwningOpRef<ModuleOp> module = compilation.build("kernel");
  if (!module)
    return std::nullopt;
  FailureOr<ListedKernels> listed = listedKernels(
      *module,
      {.kernel = what.kernel, .architecture = what.architecture, .cacheFolder = what.cacheFolder});
  return succeeded(listed) ? std::optional(std::move(*listed)) : std::nullopt;
}

/// Adds what `stage` makes of the module of kernels to `files`.
static LogicalResult addKernelFiles(ModuleOp kernels, const Stage &stage,
                                    const std::string &machine, std::vector<StageFile> &files) {
  KernelTextOptions options;
  options.stage = stage.name;
  options.machine = machine;
  FailureOr<std::vector<KernelText>> texts = kernelTexts(kernels, options);
  if (failed(texts))
    return failure();
  for (KernelText &each : *texts)
    files.push_back(
        {options.stage + "/" + each.kernel + std::string(stage.extension), std::move(each.text)});
  return success();
}

std::optional<std::vector<StageFile>> printStages(const StepSource &source) {
  std::vector<StageFile> files;
  StepCompilation compilation(source);
  OwningOpRef<ModuleOp> module;
  for (const Stage &stage : stages) {
    std::string name(stage.name);
    if (name == "recipe") // is of all trains
      continue;
    if (stage.form == StageForm::Module && (source.trains || name != "grad")) {
      module = compilation.build(name);
      if (!module)
        return std::nullopt;
      files.push_back({name + ".mlir", step::printModule(*module) + "\n"});
    } else if (name == "table") {
      llvm::raw_string_ostream out(files.emplace_back(StageFile{name + ".txt", {}}).text);
      if (failed(printKernels(*module, {.stage = name}, out)))
        return std::nullopt;
    } else if (stage.reads & reads::CPU) {
      if (failed(addKernelFiles(*module, stage, processorOf(source), files)))
        return std::nullopt;
    }
  }
  return files;
}

static std::optional<Program> programOf(StepCompilation &compilation,
                                        OwningOpRef<ModuleOp> imported,
                                        const ProgramOptions &options) {
  OwningOpRef<ModuleOp> module = compilation.build(std::move(imported), "kernel");
  if (!module)
    return std::nullopt;
  FailureOr<Program> program = compileProgram(*module, options);
  return succeeded(program) ? std::optional(std::move(*program)) : std::nullopt;
}

std::optional<Program> outlineStep(const StepSource &source, const std::string &cacheFolder) {
  StepCompilation compilation(source);
  OwningOpRef<ModuleOp> module = compilation.import();
  std::string key = module ? compilation.keyOf(*module, "outline") : "";
  CodeCache cache(key.empty() ? "" : cacheFolder);
  if (std::optional<std::string> bytes = cache.find(key))
    if (std::optional<Program> kept = Program::loadIfUsable(*bytes))
      return kept;
  std::optional<Program> program = programOf(
      compilation, std::move(module), {.machine = targetOf(source).machine, .emitsCode = false});
  if (program && cache.isUsed())
    cache.put(key, program->save());
  return program;
}

std::optional<Program> compileStep(const StepSource &source, const std::string &cacheFolder) {
  StepCompilation compilation(source);
  std::optional<Program> program = programOf(
      compilation, compilation.import(),
      {.machine = targetOf(source).machine, .cacheFolder = cacheFolder, .kind = source.code});
  // What compiling took in many small pieces would stay with the process, beside a step's memory.
  malloc_trim(0);
  return program;
}

} // namespace roux
