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

/// A single key stays on the line; several get one each.
static void printKeys(OpAsmPrinter &printer, Operation *op, DictionaryAttr keys) {
  SmallVector<NamedAttribute> shown;
  for (NamedAttribute key : keys)
    if (key.getName() != SymbolTable::getSymbolAttrName() && key.getName() != "measurement" &&
        !isa<ScopeAttr>(key.getValue()))
      shown.push_back(key);
  auto print = [&](NamedAttribute key) {
    if (shown.size() > 1)
      printer.printNewline();
    printer << key.getName().getValue() << " = " << key.getValue();
  };
  if (shown.empty())
    return;
  printer << '{';
  printer.increaseIndent();
  llvm::interleave(shown, print, [&] { printer << ','; });
  printer.decreaseIndent();
  if (shown.size() > 1)
    printer.printNewline();
  printer << '}';
}

/// An enumeration by its word alone.
template <typename EnumAttr>
static ParseResult parseEnum(OpAsmParser &parser, EnumAttr &attribute) {
  using Enum = decltype(attribute.getValue());
  StringRef word;
  SMLoc where = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return failure();
  std::optional<Enum> value = symbolizeEnum<Enum>(word);
  if (!value)
    return parser.emitError(where) << "unknown word '" << word << "'";
  attribute = EnumAttr::get(parser.getContext(), *value);
  return success();
}

template <typename EnumAttr>
static void printEnum(OpAsmPrinter &printer, Operation *, EnumAttr attribute) {
  printer << stringifyEnum(attribute.getValue());
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
