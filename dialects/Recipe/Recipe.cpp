//===- Recipe.cpp - the recipe dialect, registered ------------------------===//
//
// Registration, and the layout of a definition's keys: one a line, as the author
// would have written them.
//
//===----------------------------------------------------------------------===//
#include "dialects/Recipe/Recipe.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux::recipe;

#include "dialects/Recipe/RecipeDialect.cpp.inc"
#include "dialects/Recipe/RecipeEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Recipe/RecipeTypes.cpp.inc"

/// keys := '{' name '=' value { ',' name '=' value } '}', or nothing.
static ParseResult parseKeys(OpAsmParser &parser, NamedAttrList &keys) {
  return parser.parseOptionalAttrDict(keys);
}

static void printKeys(OpAsmPrinter &printer, Operation *op, DictionaryAttr keys) {
  SmallVector<NamedAttribute> shown;
  for (NamedAttribute key : keys)
    if (key.getName() != SymbolTable::getSymbolAttrName() && !isa<ScopeAttr>(key.getValue()))
      shown.push_back(key);
  if (auto score = dyn_cast<ScoreOp>(op))
    shown.push_back({score.getScopeAttrName(), score.getScopeAttr()});
  if (shown.empty())
    return;
  printer << '{';
  printer.increaseIndent();
  llvm::interleave(
      shown,
      [&](NamedAttribute key) {
        printer.printNewline();
        printer << key.getName().getValue() << " = " << key.getValue();
      },
      [&] { printer << ','; });
  printer.decreaseIndent();
  printer.printNewline();
  printer << '}';
}

#define GET_OP_CLASSES
#include "dialects/Recipe/RecipeOps.cpp.inc"

void RecipeDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Recipe/RecipeTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Recipe/RecipeOps.cpp.inc"
      >();
  registerValues();
}
