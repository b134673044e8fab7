//===- FormulaNames.cpp - what a scoped expression reads ------------------===//
//
// A name is an attribute of a row that exists here, a field, a let or a param;
// for anything else the message says where it would be right.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/FormulaChecker.h"
#include "compiler/frontend/OtherWords.h"

#include <algorithm>

namespace roux {

std::string FormulaChecker::describe(Scope scope) const {
  return "one for each " + std::string(spelling(scope));
}

bool FormulaChecker::isVisible(Scope scope, std::string_view what, SourceRange where) {
  if (visible & bit(scope))
    return true;
  std::string name(place.name), read(what), row(spelling(scope));
  bool isInside = (place.inside & bit(scope)) != 0;
  if (isInside)
    error(where,
          "'" + read + "' is " + describe(scope) + ", but '" + name + "' is decided for a " +
              std::string(spelling(narrowest(place.scopes))) +
              "; reduce it, as in any(… over sequence)",
          Code::NotKnownHere);
  else
    error(where,
          "there is no " + row + " where '" + name + "' is decided; it may read " +
              listScopes(visible),
          Code::NotKnownHere);
  return false;
}

FormulaChecker::Result FormulaChecker::readAttribute(const AttributeRow &row, Scope scope,
                                                     SourceRange where, std::string_view field) {
  std::string name = std::string(spelling(scope)) + "." + std::string(row.name);
  bool isOfAnswer = scope == Scope::Chosen || scope == Scope::Rejected;
  if (place.place == Place::Loss && row.needs != Needs::Model && !isOfAnswer)
    return error(where,
                 "'loss' reads token.nll and token.logsumexp, or of pairs chosen and rejected; '" +
                     name + "' belongs in 'weight'",
                 Code::NotKnownHere);
  if (!isVisible(scope, name, where))
    return std::nullopt;
  if (row.needs > place.needs)
    return error(where,
                 "'" + std::string(place.name) + "' cannot read " + name + ": " +
                     std::string(place.reason),
                 Code::NotKnownHere);
  Part part = add(Operation::Read, where, {}, row.sort);
  Expression::Node &node = expression.nodes.back();
  node.scope = scope;
  node.attribute = row.attribute;
  node.text = field;
  part.reads = bit(scope);
  part.usesModel = row.needs == Needs::Model;
  part.onlyCounts = row.counted;
  part.isRole = row.attribute == Attribute::Role;
  part.isSource = row.attribute == Attribute::Source;
  return part;
}

FormulaChecker::Result FormulaChecker::readScore(std::string_view name, Scope scope,
                                                 SourceRange where) {
  const CheckedDefinition *score = checker.read(name, where);
  if (score->name.empty() || score->scores == Scope::Constant)
    return std::nullopt; // a cycle or a mistake of its own
  if (score->scores != scope)
    return error(where, "the score '" + std::string(name) + "' is " + describe(score->scores) +
                            "; write " + std::string(spelling(score->scores)) + "." +
                            std::string(name));
  if (!isVisible(scope, std::string(spelling(scope)) + "." + std::string(name), where))
    return std::nullopt;
  Part part = add(Operation::Read, where, {}, Sort::Number);
  Expression::Node &node = expression.nodes.back();
  node.scope = scope;
  node.attribute = Attribute::Score;
  node.text = name;
  part.reads = bit(scope);
  part.onlyCounts = false;
  return part;
}

FormulaChecker::Result FormulaChecker::unknownScope(std::string_view name, SourceRange where) {
  constexpr std::string_view micro[] = {"micro", "micro_batch", "batch", "rank", "device"};
  if (std::ranges::find(micro, name) != std::end(micro))
    return error(where,
                 "there is no '" + std::string(name) +
                     "' to read: every count is over the whole step, so that micro-batches "
                     "and ranks cannot change the loss; write step",
                 Code::UnknownName);
  std::vector<std::string_view> known;
  for (const ScopeRow &row : scopes())
    known.push_back(row.name);
  return error(where,
               "'" + std::string(name) + "' is no scope; scopes here are " +
                   listScopes(visible | place.inside) + didYouMean(name, known),
               Code::UnknownName);
}

FormulaChecker::Result FormulaChecker::buildMember(const ast::Member &member) {
  const auto *object = ast::as<ast::Name>(member.object);
  if (!object)
    return error(member.range, "an attribute is read from a scope, as in sequence.targets");
  const ScopeRow *scope = findScope(object->name);
  if (!scope)
    return unknownScope(object->name, object->range);
  const AttributeRow *row = findAttribute(member.name);
  if (row && row->attribute == Attribute::Field)
    return error(member.range, "a field is named: field(\"name\")");
  if (row && (row->scopes & bit(scope->scope)))
    return readAttribute(*row, scope->scope, member.range);
  std::string quoted = "'" + std::string(member.name) + "'", others;
  if (row) {
    bool isOne = std::popcount(row->scopes) == 1;
    return error(member.nameRange,
                 std::string(scope->name) + " has no " + quoted + "; " + listScopes(row->scopes) +
                     (isOne ? " has it" : " have it"),
                 Code::UnknownName);
  }
  if (auto at = checker.names.find(member.name);
      at != checker.names.end() && checker.symbols[at->second].written->kind == ast::Kind::Score)
    return readScore(member.name, scope->scope, member.range);
  std::vector<std::string_view> known = checker.namesOf({ast::Kind::Score});
  for (const AttributeRow &other : attributes())
    if (other.scopes & bit(scope->scope))
      known.push_back(other.name);
  std::string hint = writtenHere(member.name, scope->name);
  if (hint.empty())
    hint = didYouMean(member.name, known);
  for (size_t i = 0; hint.empty() && i < known.size(); ++i)
    others += (i ? ", " : "; it has ") + std::string(known[i]);
  return error(member.nameRange, std::string(scope->name) + " has no " + quoted + hint + others,
               Code::UnknownName);
}

FormulaChecker::Result FormulaChecker::buildName(const ast::Name &name) {
  if (const AttributeRow *row = findAttribute(name.name);
      row && row->bare && row->attribute != Attribute::Field) {
    Scope scope = narrowest(row->scopes & visible);
    return readAttribute(*row, scope == Scope::Constant ? narrowest(row->scopes) : scope,
                         name.range);
  }
  if (checker.formulas.lets.contains(name.name))
    return buildLet(name.name, name.range);
  if (checker.formulas.fields.contains(name.name))
    return readAttribute(*findAttribute("field"), Scope::Sequence, name.range, name.name);
  if (findScope(name.name))
    return error(name.range, "'" + std::string(name.name) +
                                 "' is a scope; name what is read, as in " +
                                 std::string(name.name) + ".index");
  const CheckedDefinition *definition = checker.read(name.name, name.range);
  if (!definition)
    return unknownName(name);
  if (definition->name.empty())
    return std::nullopt;
  if (definition->kind == ast::Kind::Param)
    return buildParam(*definition, name);
  std::string quoted = "'" + definition->name + "'";
  if (definition->kind == ast::Kind::Score)
    return error(name.range, quoted + " is a score; read it from a row, as in " +
                                 std::string(spelling(definition->scores)) + "." +
                                 definition->name);
  return error(name.range,
               quoted + " is " + nounFor(definition->kind) + ", which an expression cannot read");
}

FormulaChecker::Result FormulaChecker::buildParam(const CheckedDefinition &param,
                                                  const ast::Name &name) {
  const CheckedValue &value = param.value;
  bool isPlain = value.kind == ValueKind::Number && value.measure == Measure::Plain;
  if (value.kind == ValueKind::Mistaken)
    return std::nullopt;
  if (!isPlain && value.kind != ValueKind::Boolean && value.kind != ValueKind::Text)
    return error(name.range, "an expression is made of plain numbers; '" + param.name + "' is " +
                                 nounFor(value));
  Part part = add(Operation::Number, name.range, {}, Sort::Number);
  Expression::Node &node = expression.nodes.back();
  if (value.kind == ValueKind::Text) {
    node.operation = Operation::String;
    node.text = value.text;
    part.sort = Sort::Text;
  } else {
    node.number = isPlain ? value.number : value.boolean;
    part.sort = isPlain ? Sort::Number : Sort::Truth;
  }
  return part;
}

FormulaChecker::Result FormulaChecker::buildLet(std::string_view name, SourceRange where) {
  using Progress = FormulaScope::Let::Progress;
  FormulaScope::Let &let = checker.formulas.lets.at(name);
  std::vector<std::string_view> &open = checker.formulas.open;
  if (let.progress == Progress::Checking) {
    std::string path;
    for (auto at = std::ranges::find(open, name); at != open.end(); ++at)
      path += std::string(*at) + " -> ";
    return error(where, "cyclic definition: " + path + std::string(name), Code::Cycle);
  }
  if (let.progress == Progress::Waiting) {
    let.progress = Progress::Checking;
    open.push_back(name);
    FormulaChecker inner(checker, place);
    let.expression = inner.check(let.written->value);
    let.reads = inner.reads();
    let.progress = Progress::Checked;
    open.pop_back();
    checker.formulas.order.push_back(name);
  }
  if (!let.expression)
    return std::nullopt;
  Part part = add(Operation::Let, where, {}, Sort::Number);
  expression.nodes.back().text = name;
  expression.nodes.back().scope = narrowest(let.reads);
  part.reads = let.reads;
  part.usesModel = true;
  part.onlyCounts = false;
  return part;
}

FormulaChecker::Result FormulaChecker::unknownName(const ast::Name &name) {
  std::vector<std::string_view> known = checker.namesOf({ast::Kind::Param});
  for (const AttributeRow &row : attributes())
    if (row.bare)
      known.push_back(row.name);
  for (const auto &[let, written] : checker.formulas.lets)
    known.push_back(let);
  std::string hint = writtenHere(name.name, "formula");
  if (hint.empty())
    hint = didYouMean(name.name, known);
  const AttributeRow *row = findAttribute(name.name);
  bool isSequences = row && (row->scopes & visible & bit(Scope::Sequence));
  if (isSequences && hint.empty())
    hint = "; write sequence." + std::string(name.name);
  if (row && hint.empty())
    hint = "; " + listScopes(row->scopes) + (std::popcount(row->scopes) == 1 ? " has" : " have") +
           " an attribute of that name";
  if (hint.empty() && visible & bit(Scope::Sequence))
    hint = "; a field of the record is written field(\"" + std::string(name.name) + "\")";
  return error(name.range, "nothing is called '" + std::string(name.name) + "' here" + hint,
               Code::UnknownName);
}

} // namespace roux
