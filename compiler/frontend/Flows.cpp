//===- Flows.cpp - values made of other values ----------------------------===//
//
// Data through a pipe, several units of a policy, a sum of models.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/OtherWords.h"

namespace roux {

using namespace type;

static CheckedValue mistaken(SourceRange where) {
  CheckedValue value;
  value.kind = ValueKind::Mistaken;
  value.where = where;
  return value;
}

CheckedValue Checker::checkPipe(const ast::Pipe &pipe, const Slot &slot) {
  CheckedValue from = check(pipe.from, slot);
  const auto *call = ast::as<ast::Call>(pipe.into);
  const auto *name = ast::as<ast::Name>(pipe.into);
  if (!call && !name)
    return mistaken(pipe.range);
  std::string callee(call ? call->callee : name->name);
  SourceRange where = call ? call->calleeRange : name->range;
  const Construct *construct = findConstruct(Family::Record, callee);
  if (!construct || construct->parameters[0].name != "data") {
    std::vector<std::string_view> known;
    for (const Construct *row : constructs())
      if (row->family == Family::Record)
        known.push_back(row->name);
    bool isSource = findConstruct(Family::Source, callee);
    std::string hint = writtenHere(callee, "data");
    if (hint.empty())
      hint = didYouMean(callee, known);
    if (hint.empty())
      hint = nearlyWrittenHere(callee, "data");
    for (size_t i = 0; i < known.size() && (i > 0 || hint.empty()); ++i)
      hint += (i == 0 ? "; operations are " : ", ") + std::string(known[i]);
    diagnostics.error(Code::WrongValue, where,
                      isSource ? "'" + callee + "' reads files, so nothing flows into it"
                               : "expected an operation on data, found '" + callee + "'" +
                                     (construct ? ", which takes data by name" : hint));
    return mistaken(pipe.range);
  }
  if (name && !construct->bare) {
    diagnostics.error(Code::WrongValue, where,
                      "'" + callee + "' takes arguments, as in " + std::string(construct->example));
    return mistaken(pipe.range);
  }
  return checkCall(*construct, where, pipe.range,
                   call ? call->arguments : std::span<const ast::Argument>(), &from);
}

CheckedValue Checker::checkMultiple(const ast::Binary &binary, const Slot &slot) {
  if (ast::as<ast::Call>(binary.lhs) && ast::as<ast::Number>(binary.rhs)) {
    diagnostics.error(Code::WrongValue, binary.range,
                      "how many units make a step stands in front: 8 * pack(…)");
    return mistaken(binary.range);
  }
  CheckedValue policy = check(binary.rhs, slot);
  static constexpr Parameter count = {
      .name = "units", .types = Number, .text = "units in a step", .bound = Bound::Count};
  CheckedValue times = checkNumber(binary.lhs, {count, "a policy"});
  if (policy.kind != ValueKind::Call || times.kind != ValueKind::Number)
    return mistaken(binary.range);
  bool isMultiple = binary.op == ast::BinaryOp::Multiply;
  for (CheckedArgument &argument : policy.arguments)
    if (const Parameter *parameter = policy.construct->find(argument.name);
        isMultiple && parameter && parameter->multiplier) {
      argument.value = std::move(times);
      argument.nameRange = binary.lhs->range;
      policy.where = binary.range;
      return policy;
    }
  diagnostics.error(Code::Together, binary.range,
                    isMultiple
                        ? "only pack and sorted can be multiplied; " +
                              std::string(policy.construct->name) + " says itself what a step holds"
                        : "a policy can only be multiplied");
  return mistaken(binary.range);
}

// No sum that is named has more than the most, so this ends soon.
uint64_t Checker::termsOf(const CheckedValue &model) const {
  if (model.kind == ValueKind::Reference)
    return termsOf(checked[model.definition].value);
  if (const CheckedValue *base = model.kind == ValueKind::Call ? model.find("base") : nullptr)
    return termsOf(*base);
  uint64_t terms = 0;
  for (const CheckedValue &item : model.items)
    terms += termsOf(item);
  return model.kind == ValueKind::Blend ? terms : 1;
}

CheckedValue Checker::checkBlend(const ast::Expr *expr, const Slot &slot) {
  CheckedValue blend;
  blend.kind = ValueKind::Blend;
  blend.where = expr->range;
  if (!addModels(expr, 1, blend, slot))
    return mistaken(expr->range);
  constexpr uint64_t most = 1000;
  uint64_t terms = termsOf(blend);
  if (terms <= most)
    return blend;
  diagnostics.error(Code::TooMuch, expr->range,
                    "a sum of " + std::to_string(terms) +
                        " models, with those of the sums that it names; expected at "
                        "most " +
                        std::to_string(most));
  return mistaken(expr->range);
}

bool Checker::addModels(const ast::Expr *expr, double factor, CheckedValue &blend,
                        const Slot &slot) {
  if (const auto *group = ast::as<ast::Group>(expr); group && group->unit == ast::Unit::None)
    return addModels(group->inner, factor, blend, slot);
  if (const auto *unary = ast::as<ast::Unary>(expr))
    return addModels(unary->operand, -factor, blend, slot);
  const auto *binary = ast::as<ast::Binary>(expr);
  if (binary && (binary->op == ast::BinaryOp::Add || binary->op == ast::BinaryOp::Subtract)) {
    double sign = binary->op == ast::BinaryOp::Add ? 1 : -1;
    return addModels(binary->lhs, factor, blend, slot) &&
           addModels(binary->rhs, sign * factor, blend, slot);
  }
  if (binary && binary->op == ast::BinaryOp::Multiply) {
    static constexpr Parameter coefficient = {.name = "coefficient", .types = Number};
    CheckedValue number = checkNumber(binary->lhs, {coefficient, "a sum of models"});
    return number.kind == ValueKind::Number &&
           addModels(binary->rhs, factor * number.number, blend, slot);
  }
  if (binary) {
    diagnostics.error(Code::WrongValue, binary->opRange,
                      "models are added, subtracted and multiplied by a number on their left");
    return false;
  }
  CheckedValue model = check(expr, slot);
  model.number = factor;
  bool isModel = model.kind != ValueKind::Mistaken;
  blend.items.push_back(std::move(model));
  return isModel;
}

} // namespace roux
