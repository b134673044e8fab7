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
  ValueImporter(mlir::MLIRContext &context, const SourceManager &sources,
                const CheckedRecipe &recipe)
      : context(context), sources(sources), recipe(recipe) {}

  mlir::MLIRContext *getContext() const { return &context; }
  /// True for what flows, and so becomes an operand: data, models, tokenizers, policies.
  bool isOperand(const CheckedValue &value) const;
  /// `value` as an attribute; null if it is an operation, an expression or another definition.
  mlir::Attribute attribute(const CheckedValue &value) const;
  mlir::Location location(SourceRange where) const;
  recipe::OriginAttr origin(const CheckedValue &value) const;

private:
  /// `value` as an attribute that comes from `origin`.
  mlir::Attribute attribute(const CheckedValue &value, recipe::OriginAttr origin) const;
  mlir::Attribute list(const CheckedValue &value, recipe::OriginAttr origin) const;
  mlir::Attribute option(const CheckedValue &value, recipe::OriginAttr origin) const;
  recipe::OriginAttr originInside(const CheckedValue &value, recipe::OriginAttr outer) const;
  mlir::FloatAttr real(double value) const;
  mlir::StringAttr string(std::string_view text) const;

  /// The prompt that `value` names, or nullptr.
  const CheckedValue *promptOf(const CheckedValue &value) const;

  mlir::MLIRContext &context;
  const SourceManager &sources;
  const CheckedRecipe &recipe;
};

/// `key` as the dialect spells it: words that C++ has taken end in '_'.
llvm::StringRef dialectKey(std::string_view key);

/// True for constructs that are operations of the dialect; the others are options of one.
bool isOperation(const Construct &construct);

} // namespace roux
