//===- VerifyNames.cpp - one name, one thing -------------------------------===//
//
// The runtime knows what an entry takes and gives by its names alone. Two arguments of
// one name would be one buffer, whatever their types say.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

using namespace mlir;
using namespace roux::step;

/// What is read only may be given twice.
static bool mayBeTwice(StringRef name) {
  return name == StepDialect::columnName || name == StepDialect::attributeName;
}

static LogicalResult verifyIsTrained(FunctionOpInterface function, unsigned gradient,
                                     Attribute parameter) {
  for (unsigned at = 0; at < function.getNumArguments(); ++at)
    if (function.getArgAttr(at, StepDialect::frozenName) &&
        function.getArgAttr(at, StepDialect::parameterName) == parameter)
      return function.emitOpError() << "argument " << gradient << " is the gradient of "
                                    << parameter << ", which is frozen";
  return success();
}

LogicalResult roux::step::verifyArgumentName(FunctionOpInterface function, unsigned at,
                                             NamedAttribute name) {
  if (!llvm::is_contained(argumentNames, name.getName()))
    return success();
  for (StringRef other : argumentNames)
    if (other != name.getName() && function.getArgAttr(at, other))
      return function.emitOpError() << "argument " << at << " is both '"
                                    << name.getName().getValue() << "' and '" << other << "'";
  for (unsigned before = 0; before < at; ++before) {
    if (function.getArgAttr(before, name.getName()) != name.getValue())
      continue;
    Type type = function.getArgumentTypes()[before], own = function.getArgumentTypes()[at];
    if (!mayBeTwice(name.getName()))
      return function.emitOpError() << "arguments " << before << " and " << at << " are both '"
                                    << name.getName().getValue() << "' " << name.getValue();
    if (type != own)
      return function.emitOpError() << "arguments " << before << " and " << at << " are both '"
                                    << name.getName().getValue() << "' " << name.getValue()
                                    << " but one is " << type << " and the other " << own;
  }
  if (name.getName() == StepDialect::attributeName &&
      symbolizeColumn(cast<StringAttr>(name.getValue()).getValue()))
    return function.emitOpError() << "argument " << at << " is attribute " << name.getValue()
                                  << ", which is the name of a column";
  return name.getName() == StepDialect::gradientName
             ? verifyIsTrained(function, at, name.getValue())
             : success();
}

LogicalResult roux::step::verifyResultName(FunctionOpInterface function, unsigned at,
                                           NamedAttribute name) {
  for (StringRef other : resultNames)
    if (other != name.getName() && function.getResultAttr(at, other))
      return function.emitOpError() << "result " << at << " is both '" << name.getName().getValue()
                                    << "' and '" << other << "'";
  for (unsigned before = 0; before < at; ++before)
    if (function.getResultAttr(before, name.getName()) == name.getValue())
      return function.emitOpError() << "results " << before << " and " << at << " are both '"
                                    << name.getName().getValue() << "' " << name.getValue();
  return success();
}
