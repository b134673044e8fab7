//===- FormulaCalls.cpp - functions, reductions and draws -----------------===//
//
// f(e over S) visits the narrowest rows that e reads, inside S. What that is
// follows from e alone, so it is worked out here once and written into the tree.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/FormulaChecker.h"
#include "compiler/frontend/OtherWords.h"
#include "runtime/RegularExpression.h"

#include <algorithm>
#include <stdexcept>

namespace roux {

static const ast::Binary *asOver(const ast::Call &call) {
  if (call.arguments.empty() || !call.arguments[0].value)
    return nullptr;
  const auto *binary = ast::as<ast::Binary>(call.arguments[0].value);
  return binary && binary->op == ast::BinaryOp::Over ? binary : nullptr;
}

bool FormulaChecker::hasArguments(const ast::Call &call, const FormulaRow &row) {
  size_t count = 0;
  for (const ast::Argument &argument : call.arguments) {
    if (!argument.value)
      return false;
    if (argument.key.empty()) {
      ++count;
      continue;
    }
    bool isKnown = (row.kind == FormulaKind::Draw && argument.key == "per") ||
                   (row.name == "perplexity" && argument.key == "given");
    if (!isKnown) {
      error(argument.keyRange, std::string(row.name) + " has no argument '" +
                                   std::string(argument.key) + "'; it is written " +
                                   std::string(row.signature));
      return false;
    }
  }
  if (count >= row.least && count <= row.most)
    return true;
  error(call.range, std::string(row.name) + " is written " + std::string(row.signature) +
                        "; found " + std::to_string(count) +
                        (count == 1 ? " argument" : " arguments"));
  return false;
}

FormulaChecker::Result FormulaChecker::buildCall(const ast::Call &call) {
  if (call.callee == "field")
    return buildField(call);
  if (call.object)
    return error(call.range, "only field(…) is called on a scope, as in sequence.field(\"name\")");
  const FormulaRow *row = findFormula(call.callee);
  if (!row) {
    std::vector<std::string_view> known;
    for (const FormulaRow &other : formulas())
      known.push_back(other.name);
    std::string found = "'" + std::string(call.callee) + "'";
    std::string hint = writtenHere(call.callee, "function");
    const Construct *construct = findConstruct(call.callee);
    return error(call.calleeRange,
                 construct ? found + " is " + std::string(spelling(construct->family)) +
                                 ", which an expression cannot call"
                           : "no function is called " + found +
                                 (hint.empty() ? didYouMean(call.callee, known) : hint),
                 Code::UnknownName);
  }
  checker.noteState(row->state, std::string(row->name) + "()", call.calleeRange);
  if (!hasArguments(call, *row))
    return std::nullopt;
  if (row->operation == Operation::Matches)
    return buildMatches(call, *row);
  switch (row->kind) {
  case FormulaKind::Reduction:
    return buildReduction(call, *row);
  case FormulaKind::Draw:
    return buildDraw(call, *row);
  case FormulaKind::Model:
    return buildModel(call, *row);
  case FormulaKind::Function: {
    // Only these have one value for many rows.
    bool reduces = row->operation == Operation::Min || row->operation == Operation::Max;
    return reduces && asOver(call) ? buildReduction(call, *row) : buildFunction(call, *row);
  }
  }
  return std::nullopt;
}

FormulaChecker::Result FormulaChecker::buildField(const ast::Call &call) {
  const auto *scope = call.object ? ast::as<ast::Name>(call.object) : nullptr;
  if (call.object && (!scope || scope->name != "sequence"))
    return error(call.range, "only a sequence has fields: sequence.field(\"name\")");
  const auto *text =
      call.arguments.size() == 1 && call.arguments[0].key.empty() && call.arguments[0].value
          ? ast::as<ast::Text>(call.arguments[0].value)
          : nullptr;
  if (!text)
    return error(call.range, "a field is named by one text: field(\"name\")");
  return readAttribute(*findAttribute("field"), Scope::Sequence, call.range, text->value);
}

FormulaChecker::Result FormulaChecker::buildFunction(const ast::Call &call, const FormulaRow &row) {
  std::vector<Part> operands;
  bool isWhole = true;
  for (const ast::Argument &argument : call.arguments) {
    Result part =
        want(row.takes, build(argument.value), argument.value->range, std::string(row.name));
    isWhole &= part.has_value();
    if (part)
      operands.push_back(*part);
  }
  if (!isWhole)
    return std::nullopt;
  bool takesTwo = row.operation == Operation::Min || row.operation == Operation::Max;
  if (takesTwo && operands.size() < 2)
    return error(call.range, std::string(row.name) + " needs two values, or one over a scope: " +
                                 std::string(row.name) + "(e over step)");
  return add(row.operation, call.range, std::move(operands), row.gives);
}

FormulaChecker::Result FormulaChecker::buildMatches(const ast::Call &call, const FormulaRow &row) {
  const auto *pattern = ast::as<ast::Text>(call.arguments[1].value);
  if (!pattern)
    return error(call.arguments[1].value->range, "expected a regular expression in quotes, found " +
                                                     nounFor(call.arguments[1].value));
  try {
    RegularExpression compiled{std::string(pattern->value)};
  } catch (const std::invalid_argument &problem) {
    return error(pattern->range, std::string("not a regular expression: ") + problem.what());
  }
  return buildFunction(call, row);
}

/// The operation of min and max over rows, else the row's own.
static Operation overRows(const FormulaRow &row) {
  if (row.operation == Operation::Min)
    return Operation::Minimum;
  return row.operation == Operation::Max ? Operation::Maximum : row.operation;
}

FormulaChecker::Result FormulaChecker::buildReduction(const ast::Call &call,
                                                      const FormulaRow &row) {
  const ast::Binary *over = asOver(call);
  const auto *bare = ast::as<ast::Name>(call.arguments[0].value);
  if (!over && row.operation == Operation::Count && bare)
    return buildCountOfRows(*bare);
  if (!over && row.operation == Operation::Entropy)
    return buildEntropyOfValues(call);
  if (!over)
    return error(call.range, std::string(row.name) +
                                 " needs the rows it visits: " + std::string(row.signature));
  const ScopeRow *scope = scopeArgument(over->rhs, "right of 'over'");
  if (!scope)
    return std::nullopt;
  // Pairs belong to a sequence; the earlier spans of a pair to its later one.
  Scope outer = scope->scope == Scope::Pairs     ? Scope::Sequence
                : scope->scope == Scope::Earlier ? Scope::Later
                                                 : scope->scope;
  bool isPairs = outer != scope->scope;
  Result body = buildInside(*over, outer, isPairs, row);
  if (!body || !isVisible(outer, scope->name, over->rhs->range))
    return std::nullopt;
  Scope inner = isPairs ? scope->scope : narrowest(body->reads);
  if (!isReducible(*over, *body, inner, *scope))
    return std::nullopt;
  std::vector<Part> operands = {*body};
  if (row.operation == Operation::Quantile) {
    Result share = buildShare(call.arguments[1].value);
    if (!share)
      return std::nullopt;
    operands.push_back(*share);
  }
  Part part = add(overRows(row), call.range, std::move(operands), row.gives);
  Expression::Node &node = expression.nodes.back();
  node.scope = outer;
  node.inner = inner;
  node.countsAll = body->onlyCounts;
  // What the body reads outside the rows it visits is read here still.
  part.reads = bit(outer);
  for (const ScopeRow &other : scopes())
    if (!liesIn(other.scope, outer) && !(isPairs && other.scope == scope->scope))
      part.reads |= body->reads & bit(other.scope);
  return part;
}

FormulaChecker::Result FormulaChecker::buildInside(const ast::Binary &over, Scope outer,
                                                   bool isPairs, const FormulaRow &row) {
  ScopeSet before = visible;
  for (const ScopeRow &inner : scopes())
    if (liesIn(inner.scope, outer) || (isPairs && inner.scope != Scope::Pairs))
      visible |= (place.scopes | place.inside) & bit(inner.scope);
  Sort sort = row.takes == Sort::Truth ? Sort::Truth : Sort::Number;
  Result body = want(sort, build(over.lhs), over.lhs->range, std::string(row.name));
  visible = before;
  return body;
}

bool FormulaChecker::isReducible(const ast::Binary &over, const Part &body, Scope inner,
                                 const ScopeRow &scope) {
  std::string name(scope.name);
  bool isPairs = inner == scope.scope && (inner == Scope::Pairs || inner == Scope::Earlier);
  bool isWide = scope.scope == Scope::Pack || scope.scope == Scope::Step;
  if (inner == Scope::Constant)
    error(over.lhs->range, "this is the same for every row; a reduction needs an attribute of the "
                           "rows it visits");
  else if (!isPairs && !liesIn(inner, scope.scope))
    error(over.lhs->range, "this has one value for each " + std::string(spelling(inner)) +
                               ", so there is nothing to reduce over " + name);
  else if (body.usesModel && isWide)
    error(over.range, "a reduction over " + name +
                          " may use only what is known from the data: with token.nll in it, the "
                          "first gradient would wait for every loss of the step");
  else
    return true;
  return false;
}

FormulaChecker::Result FormulaChecker::buildShare(const ast::Expr *expr) {
  const auto *share = ast::as<ast::Number>(expr);
  if (!share || share->suffix != ast::Suffix::Percent || share->scaled > 1)
    return error(expr->range,
                 "quantile takes a percentage up to 100%, as in quantile(e over step, 50%)");
  Part part = add(Operation::Number, share->range, {}, Sort::Number);
  expression.nodes.back().number = share->scaled;
  return part;
}

FormulaChecker::Result FormulaChecker::buildCountOfRows(const ast::Name &name) {
  const ScopeRow *scope = scopeArgument(&name, "in count(…)");
  if (!scope)
    return std::nullopt;
  Scope inner = scope->scope, outer = Scope::Sequence;
  if (inner == Scope::Earlier)
    outer = Scope::Later;
  else if (inner == Scope::Sequence || inner == Scope::Pack)
    outer = Scope::Step;
  bool isCountable = inner != Scope::Step && inner != Scope::Bucket && inner != Scope::Later;
  if (!isCountable)
    return error(name.range, "rows of '" + std::string(name.name) + "' cannot be counted");
  if (!isVisible(outer, "count(" + std::string(name.name) + ")", name.range))
    return std::nullopt;
  Part part = add(Operation::Count, name.range, {}, Sort::Number);
  expression.nodes.back().scope = outer;
  expression.nodes.back().inner = inner;
  part.reads = bit(outer);
  return part;
}

FormulaChecker::Result FormulaChecker::buildEntropyOfValues(const ast::Call &call) {
  Result values = build(call.arguments[0].value);
  if (!values)
    return std::nullopt;
  if (values->sort != Sort::Values)
    return error(call.arguments[0].value->range,
                 "entropy takes shares: entropy(softmax(e over S)) or entropy(p over S)");
  return add(Operation::Entropy, call.range, {*values}, Sort::Number);
}

const ScopeRow *FormulaChecker::scopeArgument(const ast::Expr *expr, std::string_view what) {
  const auto *name = ast::as<ast::Name>(expr);
  const ScopeRow *scope = name ? findScope(name->name) : nullptr;
  if (scope)
    return scope;
  if (name)
    unknownScope(name->name, name->range);
  else
    error(expr->range, "expected a scope " + std::string(what) + ", found " + nounFor(expr));
  return nullptr;
}

FormulaChecker::Result FormulaChecker::buildDraw(const ast::Call &call, const FormulaRow &row) {
  if (!place.draws)
    return error(call.range, "'" + std::string(place.name) +
                                 "' cannot draw at random: it is the "
                                 "same formula for every token");
  Scope scope = Scope::Sequence;
  std::vector<Part> operands;
  bool isWhole = true;
  for (const ast::Argument &argument : call.arguments) {
    if (argument.key == "per") {
      const ScopeRow *named = scopeArgument(argument.value, "after 'per:'");
      isWhole &= named != nullptr;
      scope = named ? named->scope : scope;
      continue;
    }
    const auto *range = ast::as<ast::Range>(argument.value);
    bool isUniform = row.operation == Operation::Uniform;
    if (isUniform != (range != nullptr))
      return error(argument.value->range, std::string(row.name) + " is written " +
                                              std::string(row.signature) + "; found " +
                                              nounFor(argument.value));
    std::vector<const ast::Expr *> values = {argument.value};
    if (isUniform)
      values = {range->low, range->high};
    for (const ast::Expr *value : values) {
      Result part = want(Sort::Number, build(value), value->range, std::string(row.name));
      isWhole &= part.has_value();
      if (part)
        operands.push_back(*part);
    }
  }
  if (!isWhole || !isVisible(scope, row.name, call.range))
    return std::nullopt;
  Part part = add(row.operation, call.range, std::move(operands), Sort::Number);
  expression.nodes.back().scope = scope;
  part.reads |= bit(scope);
  part.onlyCounts = false;
  return part;
}

} // namespace roux
