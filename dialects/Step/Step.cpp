//===- Step.cpp - the dialect, and the attributes of its functions --------===//
//
// Registration, and the checks on `step.column`, `step.parameter` and
// `step.gradient`, which tie a function's arguments and results to the columns
// of a plan and the weights of a model.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Step.h"
#include "dialects/Step/Verify.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux::step;

#include "dialects/Step/StepDialect.cpp.inc"
#include "dialects/Step/StepEnums.cpp.inc"
#include "dialects/Step/StepInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Step/StepAttrs.cpp.inc"
/// One callee by its name, several as a list.
static ParseResult parseCallees(OpAsmParser &parser, ArrayAttr &callees) {
  SmallVector<Attribute> names;
  auto parseOne = [&]() -> ParseResult {
    StringAttr name;
    if (parser.parseSymbolName(name))
      return failure();
    names.push_back(FlatSymbolRefAttr::get(name));
    return success();
  };
  bool isList = succeeded(parser.parseOptionalLSquare());
  if (isList && (parser.parseCommaSeparatedList(parseOne) || parser.parseRSquare()))
    return failure();
  if (!isList && parseOne())
    return failure();
  callees = parser.getBuilder().getArrayAttr(names);
  return success();
}

static void printCallees(OpAsmPrinter &printer, Operation *, ArrayAttr callees) {
  auto print = [&](Attribute name) {
    printer.printSymbolName(cast<FlatSymbolRefAttr>(name).getValue());
  };
  if (callees.size() == 1)
    return print(callees[0]);
  printer << "[";
  llvm::interleaveComma(callees, printer, print);
  printer << "]";
}

#define GET_OP_CLASSES
#include "dialects/Step/StepOps.cpp.inc"

void StepDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Step/StepAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Step/StepOps.cpp.inc"
      >();
}

FloatType roux::step::accumulationType(Type element) {
  return element.isF64() ? cast<FloatType>(element)
                         : cast<FloatType>(Float32Type::get(element.getContext()));
}

std::optional<Rows> roux::step::rowsOf(Type type) {
  auto rows = dyn_cast_or_null<RowsAttr>(cast<RankedTensorType>(type).getEncoding());
  return rows ? std::optional(rows.getValue()) : std::nullopt;
}

RankedTensorType roux::step::sliceType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(), tensor.getElementType(),
                               tensor.getEncoding());
}

RankedTensorType roux::step::stackType(Type type, int64_t count) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape{count};
  llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, tensor.getElementType(), tensor.getEncoding());
}

LogicalResult StepDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  return op->emitOpError() << "has no use for '" << attribute.getName().getValue()
                           << "', which belongs to arguments and results of functions";
}

/// The columns that list rows have as many values as they list.
static std::optional<Rows> rowsOf(Column column) {
  if (column == Column::last)
    return Rows::sequences;
  if (column == Column::answer_begin || column == Column::answer_end)
    return Rows::answers;
  bool listsTargets = column == Column::target || column == Column::answer;
  return listsTargets ? std::optional(Rows::targets) : std::nullopt;
}

static LogicalResult verifyColumn(Operation *op, Column column, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<Rows> rows = rowsOf(column);
  if (tensor && tensor.getRank() == 1 && tensor.getElementType().isInteger(32) &&
      roux::step::rowsOf(type) == rows)
    return success();
  InFlightDiagnostic report = op->emitOpError() << "column " << stringifyColumn(column)
                                                << " has type " << type << " but should be ";
  if (rows)
    return report << "tensor<?xi32, #step.rows<" << stringifyRows(*rows) << ">>";
  return report << "tensor<?xi32>";
}

/// What an argument's attribute says must fit its type.
static LogicalResult verifyArgument(Operation *op, unsigned region, unsigned argument,
                                    NamedAttribute attribute) {
  StringRef columnName = StepDialect::columnName, parameterName = StepDialect::parameterName;
  StringRef frozenName = StepDialect::frozenName, cacheName = StepDialect::cacheName;
  Type type = op->getRegion(region).empty()
                  ? cast<FunctionOpInterface>(op).getArgumentTypes()[argument]
                  : op->getRegion(region).getArgument(argument).getType();
  if (attribute.getName() == columnName) {
    if (auto column = dyn_cast<ColumnAttr>(attribute.getValue()))
      return verifyColumn(op, column.getValue(), type);
    return op->emitOpError() << "'" << columnName << "' is " << attribute.getValue()
                             << " but should be a column such as #step.column<label>";
  }
  if (attribute.getName() == parameterName) {
    if (!isa<StringAttr>(attribute.getValue()))
      return op->emitOpError() << "'" << parameterName << "' is " << attribute.getValue()
                               << " but should be the name of a weight";
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && isa<FloatType>(tensor.getElementType()) && tensor.hasStaticShape())
      return success();
    return op->emitOpError() << "parameter " << attribute.getValue() << " has type " << type
                             << " but should be a tensor of floats of known shape";
  }
  if (attribute.getName() == frozenName) {
    if (cast<FunctionOpInterface>(op).getArgAttr(argument, parameterName))
      return success();
    return op->emitOpError() << "'" << frozenName
                             << "' is said of an argument that is no parameter";
  }
  if (attribute.getName() == cacheName && isa<StringAttr>(attribute.getValue())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.getRank() == 3 && tensor.isDynamicDim(1))
      return success();
    return op->emitOpError() << "cache " << attribute.getValue() << " has type " << type
                             << " but should be layers by rows by channels, as tensor<5x?x32xf32>";
  }
  for (StringRef known :
       {StepDialect::attributeName, StepDialect::gradientName, StepDialect::stateName})
    if (attribute.getName() == known && isa<StringAttr>(attribute.getValue()))
      return success();
  return op->emitOpError() << "has an argument with unknown attribute '"
                           << attribute.getName().getValue() << "'";
}

LogicalResult StepDialect::verifyRegionArgAttribute(Operation *op, unsigned region,
                                                    unsigned argument, NamedAttribute attribute) {
  if (failed(verifyArgument(op, region, argument, attribute)))
    return failure();
  return verifyArgumentName(cast<FunctionOpInterface>(op), argument, attribute);
}

LogicalResult StepDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned result,
                                                       NamedAttribute attribute) {
  for (StringRef known : resultNames)
    if (attribute.getName() == known && isa<StringAttr>(attribute.getValue()))
      return verifyResultName(cast<FunctionOpInterface>(op), result, attribute);
  return op->emitOpError() << "has a result with unknown attribute '"
                           << attribute.getName().getValue() << "'";
}
