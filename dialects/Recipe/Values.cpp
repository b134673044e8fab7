//===- Values.cpp - values and where they come from -----------------------===//
//
// How `#recipe.…` attributes are read and printed. Numbers print as the shortest
// decimal that reads back to the same bits; the origin comes last.
//
//===----------------------------------------------------------------------===//
#include "dialects/Recipe/Recipe.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <charconv>

using namespace mlir;
using namespace roux::recipe;

#define GET_ATTRDEF_CLASSES
#include "dialects/Recipe/RecipeAttrs.cpp.inc"

void RecipeDialect::registerValues() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Recipe/RecipeAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Origins: at "file":line:column [via "param"] | set "param" | default
//===----------------------------------------------------------------------===//

static FailureOr<OriginAttr> parseOrigin(AsmParser &parser) {
  MLIRContext *context = parser.getContext();
  std::string file, param;
  uint32_t line = 0, column = 0;
  OriginKind kind = OriginKind::byDefault;
  if (succeeded(parser.parseOptionalKeyword("at"))) {
    kind = OriginKind::at;
    if (parser.parseString(&file) || parser.parseColon() || parser.parseInteger(line) ||
        parser.parseColon() || parser.parseInteger(column))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("via")) && parser.parseString(&param))
      return failure();
  } else if (succeeded(parser.parseOptionalKeyword("set"))) {
    kind = OriginKind::set;
    if (parser.parseString(&param))
      return failure();
  } else if (parser.parseKeyword("default", " or 'at' or 'set', the origin of the value")) {
    return failure();
  }
  return OriginAttr::get(context, kind, StringAttr::get(context, file), line, column,
                         StringAttr::get(context, param));
}

static void printOrigin(AsmPrinter &printer, OriginAttr origin) {
  switch (origin.getKind()) {
  case OriginKind::byDefault:
    printer << "default";
    return;
  case OriginKind::set:
    printer << "set " << origin.getParam();
    return;
  case OriginKind::at:
    printer << "at " << origin.getFile() << ':' << origin.getLine() << ':' << origin.getColumn();
    if (!origin.getParam().empty())
      printer << " via " << origin.getParam();
  }
}

Attribute OriginAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<OriginAttr> origin = parseOrigin(parser);
  return failed(origin) || parser.parseGreater() ? Attribute() : *origin;
}

void OriginAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printOrigin(printer, *this);
  printer << '>';
}

/// Reads `, origin >`, or only `origin >` when nothing came before.
static FailureOr<OriginAttr> parseEnd(AsmParser &parser, bool comma = true) {
  if (comma && parser.parseComma())
    return failure();
  FailureOr<OriginAttr> origin = parseOrigin(parser);
  if (failed(origin) || parser.parseGreater())
    return failure();
  return origin;
}

static void printEnd(AsmPrinter &printer, OriginAttr origin) {
  printer << ", ";
  printOrigin(printer, origin);
  printer << '>';
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static FailureOr<FloatAttr> parseReal(AsmParser &parser) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  return FloatAttr::get(Float64Type::get(parser.getContext()), value);
}

/// The shortest digits that mean `number`; MLIR's reader wants a point in them.
static void printReal(AsmPrinter &printer, FloatAttr number) {
  char digits[40];
  double value = number.getValueAsDouble();
  std::to_chars_result end = std::to_chars(std::begin(digits), std::end(digits), value);
  StringRef text(digits, static_cast<size_t>(end.ptr - digits));
  size_t exponent = std::min(text.find('e'), text.size());
  printer << text.take_front(exponent);
  if (!text.take_front(exponent).contains('.'))
    printer << ".0";
  printer << text.drop_front(exponent);
}

static FailureOr<Measure> parseMeasure(AsmParser &parser) {
  StringRef word;
  SMLoc where = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return failure();
  if (std::optional<Measure> measure = symbolizeMeasure(word))
    return *measure;
  return parser.emitError(where) << "'" << word << "' is nothing that a number counts";
}

Attribute NumberAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<FloatAttr> value = parseReal(parser);
  if (failed(value))
    return {};
  FailureOr<Measure> measure = parseMeasure(parser);
  if (failed(measure))
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser);
  return failed(origin) ? Attribute() : get(parser.getContext(), *value, *measure, *origin);
}

void NumberAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printReal(printer, getValue());
  printer << ' ' << stringifyMeasure(getMeasure());
  printEnd(printer, getOrigin());
}

Attribute RangeAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<FloatAttr> low = parseReal(parser);
  if (failed(low) || parser.parseKeyword("to"))
    return {};
  FailureOr<FloatAttr> high = parseReal(parser);
  if (failed(high))
    return {};
  FailureOr<Measure> measure = parseMeasure(parser);
  if (failed(measure))
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser);
  if (failed(origin))
    return {};
  return parser.getChecked<RangeAttr>(parser.getContext(), *low, *high, *measure, *origin);
}

void RangeAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printReal(printer, getLow());
  printer << " to ";
  printReal(printer, getHigh());
  printer << ' ' << stringifyMeasure(getMeasure());
  printEnd(printer, getOrigin());
}

LogicalResult RangeAttr::verify(function_ref<InFlightDiagnostic()> emitError, FloatAttr low,
                                FloatAttr high, Measure, OriginAttr) {
  if (low.getValueAsDouble() <= high.getValueAsDouble())
    return success();
  return emitError() << "range runs backwards, from " << low.getValueAsDouble() << " to "
                     << high.getValueAsDouble();
}

//===----------------------------------------------------------------------===//
// The other values
//===----------------------------------------------------------------------===//

Attribute NoneAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser, /*comma=*/false);
  return failed(origin) ? Attribute() : get(parser.getContext(), *origin);
}

void NoneAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printOrigin(printer, getOrigin());
  printer << '>';
}

Attribute FlagAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  bool value = succeeded(parser.parseOptionalKeyword("true"));
  if (!value && parser.parseKeyword("false", " or 'true'"))
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser);
  return failed(origin) ? Attribute() : get(parser.getContext(), value, *origin);
}

void FlagAttr::print(AsmPrinter &printer) const {
  printer << '<' << (getValue() ? "true" : "false");
  printEnd(printer, getOrigin());
}

/// Text, prompt and word are a string and an origin.
template <typename Value>
static Attribute parseString(AsmParser &parser) {
  std::string text;
  if (parser.parseLess() || parser.parseString(&text))
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser);
  if (failed(origin))
    return {};
  return Value::get(parser.getContext(), StringAttr::get(parser.getContext(), text), *origin);
}

template <typename Value>
static void printString(AsmPrinter &printer, Value value) {
  printer << '<' << value.getValue();
  printEnd(printer, value.getOrigin());
}

Attribute TextValueAttr::parse(AsmParser &parser, Type) {
  return parseString<TextValueAttr>(parser);
}
void TextValueAttr::print(AsmPrinter &printer) const {
  printString(printer, *this);
}
Attribute PromptAttr::parse(AsmParser &parser, Type) {
  return parseString<PromptAttr>(parser);
}
void PromptAttr::print(AsmPrinter &printer) const {
  printString(printer, *this);
}
Attribute WordAttr::parse(AsmParser &parser, Type) {
  return parseString<WordAttr>(parser);
}
void WordAttr::print(AsmPrinter &printer) const {
  printString(printer, *this);
}

Attribute ListAttr::parse(AsmParser &parser, Type) {
  ArrayAttr items;
  if (parser.parseLess() || parser.parseAttribute(items))
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser);
  return failed(origin) ? Attribute() : get(parser.getContext(), items, *origin);
}

void ListAttr::print(AsmPrinter &printer) const {
  printer << '<' << getItems();
  printEnd(printer, getOrigin());
}

Attribute OptionAttr::parse(AsmParser &parser, Type) {
  std::string name;
  DictionaryAttr values;
  if (parser.parseLess() || parser.parseString(&name) || parser.parseAttribute(values))
    return {};
  FailureOr<OriginAttr> origin = parseEnd(parser);
  if (failed(origin))
    return {};
  return get(parser.getContext(), StringAttr::get(parser.getContext(), name), values, *origin);
}

void OptionAttr::print(AsmPrinter &printer) const {
  printer << '<' << getName() << ' ' << getValues();
  printEnd(printer, getOrigin());
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

bool roux::recipe::isNumber(Attribute value, ArrayRef<StringRef> measures) {
  auto number = dyn_cast<NumberAttr>(value);
  return number && llvm::is_contained(measures, stringifyMeasure(number.getMeasure()));
}

bool roux::recipe::isRange(Attribute value, ArrayRef<StringRef> measures) {
  auto range = dyn_cast<RangeAttr>(value);
  return range && llvm::is_contained(measures, stringifyMeasure(range.getMeasure()));
}

bool roux::recipe::isWord(Attribute value, ArrayRef<StringRef> words) {
  auto word = dyn_cast<WordAttr>(value);
  return word && llvm::is_contained(words, word.getValue().getValue());
}

bool roux::recipe::isOption(Attribute value, ArrayRef<StringRef> names) {
  auto option = dyn_cast<OptionAttr>(value);
  return option && llvm::is_contained(names, option.getName().getValue());
}
