//===- FormulaModels.cpp - perplexity(), logprob() and logit() ------------===//
//
// The functions of a score that ask a model. They exist nowhere else: a weight
// reads what the training step computes anyway, a score runs its models first.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/FormulaChecker.h"

namespace roux {

FormulaChecker::Result FormulaChecker::buildModel(const ast::Call &call, const FormulaRow &row) {
  if (place.place != Place::Score)
    return error(call.calleeRange, std::string(row.name) +
                                       " asks a model, which only a score does; read the score "
                                       "here, as in sequence.name");
  if (row.name == "perplexity")
    return buildPerplexity(call);
  const auto *token = ast::as<ast::Name>(call.arguments[1].value);
  if (!token || token->name != "token")
    return error(call.arguments[1].value->range, "it is written " + std::string(row.signature) +
                                                     "; found " + nounFor(call.arguments[1].value));
  std::optional<std::string> model = modelNamed(call.arguments[0].value);
  if (!model || !isVisible(Scope::Token, row.name, call.range))
    return std::nullopt;
  Part part = add(Operation::Model, call.range, {}, Sort::Number);
  expression.nodes.back().text = std::string(row.name) + " " + *model;
  expression.nodes.back().scope = Scope::Token;
  part.reads = bit(Scope::Token);
  part.usesModel = true;
  part.onlyCounts = false;
  return part;
}

std::optional<std::string> FormulaChecker::modelNamed(const ast::Expr *expr) {
  const auto *name = ast::as<ast::Name>(expr);
  const CheckedDefinition *model = name ? checker.read(name->name, name->range) : nullptr;
  if (model && model->name.empty())
    return std::nullopt;
  if (model && (model->kind == ast::Kind::Model || model->kind == ast::Kind::Train))
    return model->name;
  std::string hint =
      name ? didYouMean(name->name, checker.namesOf({ast::Kind::Model, ast::Kind::Train})) : "";
  error(expr->range, "expected the name of a model, found " + nounFor(expr) + hint);
  return std::nullopt;
}

FormulaChecker::Result FormulaChecker::buildPerplexity(const ast::Call &call) {
  Scope of = Scope::Constant, given = Scope::Constant;
  for (const ast::Argument &argument : call.arguments) {
    if (argument.value->kind == ast::ExprKind::Pipe)
      return error(argument.value->range,
                   "'|' passes data on and means nothing in an expression; a condition is written "
                   "perplexity(x, given: y)");
    const ScopeRow *scope = scopeArgument(argument.value, "in perplexity(…)");
    if (!scope)
      return std::nullopt;
    bool isText = scope->scope != Scope::Token && scope->scope != Scope::Pairs;
    if (!isText)
      return error(argument.value->range, "perplexity is of a span, a turn or a sequence, found " +
                                              nounFor(argument.value));
    if (!isVisible(scope->scope, scope->name, argument.value->range))
      return std::nullopt;
    (argument.key.empty() ? of : given) = scope->scope;
  }
  Part part = add(Operation::Model, call.range, {}, Sort::Number);
  Expression::Node &node = expression.nodes.back();
  node.text = "perplexity";
  node.scope = of;
  node.inner = given;
  part.reads = bit(of) | (given == Scope::Constant ? 0 : bit(given));
  part.usesModel = true;
  part.onlyCounts = false;
  return part;
}

} // namespace roux
