//===- FormulaChecker.h - from a scoped expression to its runtime tree ----===//
//
// One checker for `where`, `target`, `weight` and the rest; the row of the
// place says which rows exist and what may be known. Operators, names and
// functions stand in one file each.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"

namespace roux {

class FormulaChecker {
public:
  FormulaChecker(Checker &checker, const PlaceRow &place)
      : checker(checker), diagnostics(checker.diagnostics), place(place), visible(place.scopes) {}

  /// The tree, or nothing when there are mistakes, which are reported.
  std::optional<Expression> check(const ast::Expr *expr);
  /// Scopes that the expression reads outside reductions.
  ScopeSet reads() const { return rootReads; }

private:
  /// What is known of a part that was checked.
  struct Part {
    uint32_t node = 0;
    Sort sort = Sort::Number;
    ScopeSet reads = 0; ///< outside reductions
    bool usesModel = false;
    bool onlyCounts = true; ///< reads nothing but `tokens`
    bool isRole = false;    ///< comparing it takes a role's word
    bool isSource = false;  ///< comparing it takes a definition's name
  };
  using Result = std::optional<Part>;

  // FormulaOperators.cpp
  Result build(const ast::Expr *expr);
  Result buildNumber(const ast::Number &number);
  Result buildUnary(const ast::Unary &unary);
  Result buildBinary(const ast::Binary &binary);
  Result buildEquality(const ast::Binary &binary);
  Result buildIn(const ast::Binary &binary);
  Result buildBetween(const ast::Binary &binary, const Part &left, const ast::Range &range);
  /// `source in d`.
  Result buildPassed(const ast::Binary &binary, const ast::Name &name);
  Result buildAmong(const ast::Binary &binary, const Part &left);
  Result buildIf(const ast::If &choice);
  /// The other side of a comparison with a role or a source: a word there, not a definition.
  Result buildBeside(const Part &other, const ast::Expr *expr);
  Result buildSourceName(const ast::Name &name);

  // FormulaNames.cpp
  Result buildName(const ast::Name &name);
  Result buildMember(const ast::Member &member);
  Result buildParam(const CheckedDefinition &param, const ast::Name &name);
  Result buildLet(std::string_view name, SourceRange where);
  Result readAttribute(const AttributeRow &row, Scope scope, SourceRange where,
                       std::string_view field = {});
  Result readScore(std::string_view name, Scope scope, SourceRange where);
  Result unknownName(const ast::Name &name);
  Result unknownScope(std::string_view name, SourceRange where);
  bool isVisible(Scope scope, std::string_view what, SourceRange where);
  std::string describe(Scope scope) const;

  // FormulaCalls.cpp
  Result buildCall(const ast::Call &call);
  Result buildField(const ast::Call &call);
  Result buildFunction(const ast::Call &call, const FormulaRow &row);
  Result buildMatches(const ast::Call &call, const FormulaRow &row);
  Result buildReduction(const ast::Call &call, const FormulaRow &row);
  /// The reduced expression, which may also read the rows inside `outer`.
  Result buildInside(const ast::Binary &over, Scope outer, bool isPairs, const FormulaRow &row);
  bool isReducible(const ast::Binary &over, const Part &body, Scope inner, const ScopeRow &scope);
  Result buildShare(const ast::Expr *expr);
  Result buildCountOfRows(const ast::Name &name);
  Result buildEntropyOfValues(const ast::Call &call);
  Result buildDraw(const ast::Call &call, const FormulaRow &row);
  Result buildModel(const ast::Call &call, const FormulaRow &row);
  Result buildPerplexity(const ast::Call &call);
  std::optional<std::string> modelNamed(const ast::Expr *expr);
  const ScopeRow *scopeArgument(const ast::Expr *expr, std::string_view what);
  bool hasArguments(const ast::Call &call, const FormulaRow &row);

  // FormulaConstants.cpp
  bool hasUsableConstants();

  Part add(Operation operation, SourceRange where, std::vector<Part> operands, Sort sort);
  Result error(SourceRange where, std::string message, Code code = Code::Formula);
  /// The part if it is of that sort, else a message.
  Result want(Sort sort, Result part, SourceRange where, const std::string &what);

  Checker &checker;
  Diagnostics &diagnostics;
  const PlaceRow &place;
  ScopeSet visible; ///< scopes with a current row here
  ScopeSet rootReads = 0;
  Expression expression;
};

} // namespace roux
