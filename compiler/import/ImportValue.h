//===- ImportValue.h - from checked values to attributes ------------------===//
//
// Numbers, words, texts, lists and options: everything of a recipe that is no
// operation, with its origin.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "dialects/Recipe/Recipe.h"

namespace roux {

class ValueImporter {
public:
  ValueImporter(mlir::MLIRContext &context, const SourceManager &sources)
      : context(context), sources(sources) {}

  /// `value` as an attribute; null if it is an operation, an expression or another definition.
  mlir::Attribute attribute(const CheckedValue &value) const;
  mlir::Location location(SourceRange where) const;
  recipe::OriginAttr origin(const CheckedValue &value) const;

private:
  mlir::Attribute list(const CheckedValue &value) const;
  mlir::Attribute option(const CheckedValue &value) const;
  mlir::FloatAttr real(double value) const;
  mlir::StringAttr string(std::string_view text) const;

  mlir::MLIRContext &context;
  const SourceManager &sources;
};

/// `key` as the dialect spells it: words that C++ has taken end in '_'.
llvm::StringRef dialectKey(std::string_view key);

/// True for constructs that are operations of the dialect; the others are options of one.
bool isOperation(const Construct &construct);

} // namespace roux
