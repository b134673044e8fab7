//===- EditedStage.cpp - a stage's text, edited and read back -------------===//
//
// Anything may be edited but the agreement with the runtime: which entries there
// are, what each is given and what it gives. That is compared with the recipe's own
// module, so that text made for another model is refused before a step.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StepStages.h"

#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace mlir;
using namespace roux;

namespace {
/// One thing that an entry and the runtime agree on.
struct Agreed {
  std::string type;
  Location where;
  bool mayBeAbsent = false; ///< in an edit: nothing is written to it
};

/// By what it is called: "parameter 'lm_head.weight'".
using Signature = std::map<std::string, Agreed>;
} // namespace

template <typename T>
static std::string textOf(T value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

static Signature signatureOf(func::FuncOp entry) {
  Signature signature;
  for (BlockArgument argument : entry.getArguments()) {
    DictionaryAttr attributes = entry.getArgAttrDict(argument.getArgNumber());
    std::string name = llvm::formatv("argument {0}", argument.getArgNumber());
    if (attributes && !attributes.empty())
      name += " " + textOf(attributes);
    signature.insert({name, {textOf(argument.getType()), argument.getLoc()}});
  }
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes())) {
    DictionaryAttr attributes = entry.getResultAttrDict(index);
    std::string name = llvm::formatv("result {0}", index);
    if (attributes && !attributes.empty())
      name += " " + textOf(attributes);
    signature.insert({name, {textOf(type), entry.getLoc()}});
  }
  return signature;
}

/// The type with what its dynamic sizes count.
static std::string sizedType(kernel::BufferOp buffer) {
  std::string type = textOf(buffer.getResult().getType());
  for (mlir::Value size : buffer.getSizes()) {
    auto extent = size.getDefiningOp<kernel::ExtentOp>();
    type += extent ? (" of " + extent.getName()).str() : " of a computed size";
  }
  return type;
}

static Signature signatureOf(kernel::ProgramOp entry) {
  Signature signature;
  auto add = [&](const Twine &kind, StringRef name, Agreed agreed) {
    signature.insert({(kind + " '" + name + "'").str(), std::move(agreed)});
  };
  entry.walk([&](mlir::Operation *op) {
    if (auto buffer = dyn_cast<kernel::BufferOp>(op)) {
      if (buffer.getRole() != kernel::Role::Activation)
        add(kernel::stringifyRole(buffer.getRole()), buffer.getName(),
            {sizedType(buffer), op->getLoc(), buffer.getRole() == kernel::Role::Input});
    } else if (auto scalar = dyn_cast<kernel::ScalarOp>(op)) {
      add("scalar", scalar.getName(), {textOf(scalar.getResult().getType()), op->getLoc(), true});
    } else if (auto extent = dyn_cast<kernel::ExtentOp>(op)) {
      add("extent", extent.getName(), {"index", op->getLoc(), true});
    }
  });
  return signature;
}

static LogicalResult compare(StringRef name, const Signature &expected, const Signature &edited,
                             Location entry) {
  bool agrees = true;
  for (const auto &[what, agreed] : edited) {
    auto own = expected.find(what);
    if (own != expected.end() && own->second.type == agreed.type)
      continue;
    agrees = false;
    InFlightDiagnostic error = emitError(agreed.where) << "entry '" << name << "' has " << what;
    if (own == expected.end())
      error << ", which the recipe's has not";
    else
      error << " as " << agreed.type << ", but the recipe's as " << own->second.type;
  }
  for (const auto &[what, own] : expected)
    if (!own.mayBeAbsent && !edited.contains(what)) {
      agrees = false;
      emitError(entry) << "entry '" << name << "' lacks " << what << ", which the recipe's has as "
                       << own.type;
    }
  return success(agrees);
}

template <typename Entry>
static LogicalResult compareEntries(ModuleOp expected, ModuleOp edited) {
  bool agrees = true;
  for (Entry own : expected.getOps<Entry>()) {
    if (SymbolTable::getSymbolVisibility(own) != SymbolTable::Visibility::Public)
      continue;
    if (auto found = edited.lookupSymbol<Entry>(own.getSymName()))
      agrees &= succeeded(
          compare(own.getSymName(), signatureOf(own), signatureOf(found), found.getLoc()));
    else
      agrees =
          (emitError(edited.getLoc()) << "there is no entry '" << own.getSymName() << "'", false);
  }
  return success(agrees);
}

/// The parser recurses into brackets, so text that opens more of them than any program is refused
/// before it could end the process. Comments and texts count too: they have no brackets by the
/// hundred.
static LogicalResult checkDepth(MLIRContext *context, StringRef text, StringRef path) {
  constexpr int deepest = 200;
  int depth = 0;
  unsigned line = 1;
  char before = 0;
  for (char c : text) {
    line += c == '\n';
    bool isArrow = c == '>' && before == '-';
    if (StringRef("([{<").contains(c))
      ++depth;
    else if (depth > 0 && !isArrow && StringRef(")]}>").contains(c))
      --depth;
    if (depth > deepest)
      return emitError(FileLineColLoc::get(context, path, line, 1))
             << "more than " << deepest << " brackets are open";
    before = c;
  }
  return success();
}

OwningOpRef<ModuleOp> roux::step::readEdited(MLIRContext *context, StringRef text, StringRef path) {
  if (failed(checkDepth(context, text, path)))
    return nullptr;
  return parseSourceString<ModuleOp>(text, ParserConfig(context), path.str());
}

LogicalResult roux::step::compareStages(ModuleOp expected, ModuleOp edited) {
  if (failed(compareEntries<func::FuncOp>(expected, edited)))
    return failure();
  return compareEntries<kernel::ProgramOp>(expected, edited);
}
