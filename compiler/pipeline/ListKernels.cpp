//===- ListKernels.cpp - kernels in each of their forms, line by line ------===//
//
// Lines of the recipe are what the forms have in common: nothing else says which
// instructions come from which operation.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/ListKernels.h"

#include "compiler/codegen/PTXListing.h"
#include "compiler/codegen/RecipeLines.h"
#include "compiler/codegen/SASS.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/AsmState.h"
#include "runtime/Kernel.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

std::vector<std::string> roux::describeLaunches(const Program &kernel) {
  std::vector<std::string> launches;
  for (const GridPhase &phase : kernel.phases.front()) {
    launches.push_back(llvm::formatv(
        "{0} threads a block, {1} blocks for each {2} of the extent, {3} bytes of shared memory",
        phase.threads, phase.blocksPerGroup, phase.extentPerBlock, phase.sharedBytes));
    for (const TensorMap &map : phase.maps)
      launches.push_back(llvm::formatv(
          "boxes of {0} rows and {1} columns of argument {2}, from byte {3}: {4} rows of {5} "
          "columns, {6} bytes apart",
          map.boxRows, TensorMap::boxColumns, map.argument, map.from,
          map.rows < 0 ? "the extent's" : std::to_string(map.rows), map.columns, map.pitch));
  }
  return launches;
}

/// The text of a kernel; what names no line, an end or a terminator, goes with what is before it.
static LinedCode listIR(FuncOp function) {
  AsmState::LocationMap places;
  std::string text;
  llvm::raw_string_ostream out(text);
  OpPrintingFlags flags;
  AsmState state(function, flags.useLocalScope(), &places);
  function->print(out, state);
  std::map<unsigned, std::pair<RecipeLine, unsigned>> lines; // with how many operations begin there
  function->walk<WalkOrder::PreOrder>([&](Operation *op) {
    auto &[from, count] = lines[places.lookup(op).first];
    if (count++ == 0)
      from = recipeLineOf(op->getLoc());
  });
  LinedCode code;
  SmallVector<StringRef> split;
  StringRef(text).split(split, '\n');
  RecipeLine at;
  for (auto [number, line] : llvm::enumerate(split)) {
    auto found = lines.find(number + 1);
    unsigned count = found == lines.end() ? 0 : found->second.second;
    if (count && !found->second.first.file.empty())
      at = found->second.first;
    addLine(code, at, line, count);
  }
  return code;
}

/// Adds the code of function `name`, under that name where it is not the kernel's first.
template <typename Function>
static void addFunction(LinedCode &code, const std::vector<Function> &functions, StringRef name) {
  auto found = llvm::find_if(functions, [&](const Function &each) { return each.name == name; });
  if (found == functions.end())
    return;
  if (!code.empty())
    addLine(code, {}, ("// " + name).str(), 0);
  for (const CodePiece &piece : found->code)
    code.push_back(piece);
}

FailureOr<ListedKernels> roux::listKernels(ModuleOp module, const GPUCodeOptions &options) {
  ListedKernels listed;
  for (auto function : module.getOps<FuncOp>())
    listed.kernels.push_back({function.getName().str(), {}, listIR(function), {}, {}});
  if (listed.kernels.empty())
    return listed;
  FailureOr<std::vector<Program>> kernels = compileGPUKernels(module, options);
  if (failed(kernels))
    return failure();
  for (auto [kernel, made] : llvm::zip_equal(*kernels, listed.kernels))
    made.launches = describeLaunches(kernel);
  std::string text = joinedPTX(*kernels);
  std::vector<PTXFunction> ptx = readPTX(text);
  std::vector<SASSFunction> sass;
  if (llvm::Expected<std::vector<SASSFunction>> made = disassemble(text, options.architecture))
    sass = std::move(*made);
  else
    listed.withoutSASS = llvm::toString(made.takeError());
  for (ListedKernel &kernel : listed.kernels)
    for (const std::string &name : {gpuSymbol(kernel.name), gpuFinishSymbol(kernel.name)}) {
      addFunction(kernel.ptx, ptx, name);
      addFunction(kernel.sass, sass, name);
    }
  return listed;
}
