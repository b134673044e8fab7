//===- ImportValue.cpp - from checked values to attributes ----------------===//
//
// One case a kind of value; no construct is known by name.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/ImportValue.h"
#include "compiler/frontend/Constructs.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Location.h"

using namespace mlir;

namespace roux {

llvm::StringRef dialectKey(std::string_view key) {
  return llvm::StringSwitch<llvm::StringRef>(key)
      .Case("short", "short_")
      .Case("template", "template_")
      .Default(key);
}

bool isOperation(const Construct &construct) {
  switch (construct.family) {
  case Family::Source:
  case Family::Record:
  case Family::Tokenizer:
  case Family::Model:
  case Family::Policy:
  case Family::Position:
  case Family::Task:
    return true;
  default:
    return false;
  }
}

StringAttr ValueImporter::string(std::string_view text) const {
  return StringAttr::get(&context, text);
}

FloatAttr ValueImporter::real(double value) const {
  return FloatAttr::get(Float64Type::get(&context), value);
}

Location ValueImporter::location(SourceRange where) const {
  LineColumn begin = sources.locate(where.file, where.begin);
  LineColumn end = sources.locate(where.file, where.end);
  return FileLineColRange::get(string(sources.path(where.file)), begin.line, begin.column, end.line,
                               end.column);
}

recipe::OriginAttr ValueImporter::origin(const CheckedValue &value) const {
  if (value.origin.kind == OriginKind::Default)
    return recipe::OriginAttr::get(&context, recipe::OriginKind::byDefault, string(""), 0, 0,
                                   string(""));
  if (value.origin.kind == OriginKind::Set)
    return recipe::OriginAttr::get(&context, recipe::OriginKind::set, string(""), 0, 0,
                                   string(value.origin.param));
  LineColumn place = sources.locate(value.where.file, value.where.begin);
  return recipe::OriginAttr::get(&context, recipe::OriginKind::at,
                                 string(sources.path(value.where.file)), place.line, place.column,
                                 string(value.origin.param));
}

const CheckedValue *ValueImporter::promptOf(const CheckedValue &value) const {
  if (value.kind != ValueKind::Reference)
    return nullptr;
  const CheckedDefinition &definition = recipe.definitions[value.definition];
  return definition.kind == ast::Kind::Prompt ? &definition.value : nullptr;
}

bool ValueImporter::isOperand(const CheckedValue &value) const {
  return (value.kind == ValueKind::Reference && !promptOf(value)) ||
         value.kind == ValueKind::Blend ||
         (value.kind == ValueKind::Call && isOperation(*value.construct));
}

/// What is inside a default is a default too, although the table's text has places of its own.
recipe::OriginAttr ValueImporter::originInside(const CheckedValue &value,
                                               recipe::OriginAttr outer) const {
  return outer.getKind() == recipe::OriginKind::byDefault ? outer : origin(value);
}

mlir::Attribute ValueImporter::list(const CheckedValue &value, recipe::OriginAttr origin) const {
  SmallVector<mlir::Attribute> items;
  for (const CheckedValue &item : value.items) {
    mlir::Attribute made = attribute(item, originInside(item, origin));
    if (!made)
      return {};
    items.push_back(made);
  }
  return recipe::ListAttr::get(&context, ArrayAttr::get(&context, items), origin);
}

mlir::Attribute ValueImporter::option(const CheckedValue &value, recipe::OriginAttr origin) const {
  if (isOperation(*value.construct))
    return {};
  NamedAttrList values;
  for (const CheckedArgument &argument : value.arguments)
    values.set(dialectKey(argument.name),
               attribute(argument.value, originInside(argument.value, origin)));
  return recipe::OptionAttr::get(&context, string(value.construct->name),
                                 values.getDictionary(&context), origin);
}

mlir::Attribute ValueImporter::attribute(const CheckedValue &value) const {
  return attribute(value, origin(value));
}

mlir::Attribute ValueImporter::attribute(const CheckedValue &value,
                                         recipe::OriginAttr origin) const {
  // The two enumerations are one list; a test compares their spellings.
  auto measure = static_cast<recipe::Measure>(value.measure);
  switch (value.kind) {
  case ValueKind::None:
    return recipe::NoneAttr::get(&context, origin);
  case ValueKind::Boolean:
    return recipe::FlagAttr::get(&context, value.boolean, origin);
  case ValueKind::Number:
    return recipe::NumberAttr::get(&context, real(value.number), measure, origin);
  case ValueKind::Range:
    return recipe::RangeAttr::get(&context, real(value.number), real(value.high), measure, origin);
  case ValueKind::Text:
    return recipe::TextValueAttr::get(&context, string(value.text), origin);
  case ValueKind::Prompt:
    return recipe::PromptAttr::get(&context, string(value.text), origin);
  case ValueKind::Word:
    return recipe::WordAttr::get(&context, string(value.text), origin);
  case ValueKind::List:
    return list(value, origin);
  case ValueKind::Call:
    return option(value, origin);
  case ValueKind::Reference:
    if (const CheckedValue *prompt = promptOf(value))
      return attribute(*prompt);
    return {};
  case ValueKind::Blend:
  case ValueKind::Expression:
  case ValueKind::Mistaken: // told when it was checked; such a recipe is not imported
    return {};
  }
  llvm_unreachable("every kind of value is listed");
}

} // namespace roux
