//===- Nouns.cpp - what things are called to the author -------------------===//
//
// Tables from what the checker knows to the words of the language reference.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Nouns.h"

namespace roux {

using namespace type;

Measure measureOf(ast::Unit unit) {
  constexpr Measure measures[] = {Measure::Plain,   Measure::Tokens, Measure::Sequences,
                                  Measure::Records, Measure::Steps,  Measure::Epochs,
                                  Measure::Minutes, Measure::Hours};
  return measures[static_cast<size_t>(unit)];
}

std::string nounFor(Measure measure) {
  return std::string(spelling(measure));
}

std::string nounFor(ast::Kind kind) {
  constexpr std::string_view names[] = {"a param", "a prompt", "a tokenizer", "a model",    "data",
                                        "a score", "a model",  "an eval",     "a run block"};
  return std::string(names[static_cast<size_t>(kind)]);
}

static bool hasBytes(ast::Suffix suffix) {
  return suffix >= ast::Suffix::KiB;
}

static std::string nounForNumber(const ast::Number &number) {
  if (number.unit != ast::Unit::None)
    return std::string(ast::spelling(number.unit));
  if (number.suffix == ast::Suffix::Percent)
    return "a percentage";
  return hasBytes(number.suffix) ? "bytes" : "a plain number";
}

std::string nounFor(const ast::Expr *expr) {
  using ast::ExprKind;
  switch (expr->kind) {
  case ExprKind::Number:
    return nounForNumber(*ast::as<ast::Number>(expr));
  case ExprKind::Text:
    return "a text";
  case ExprKind::Boolean:
    return ast::as<ast::Boolean>(expr)->value ? "true" : "false";
  case ExprKind::None:
    return "none";
  case ExprKind::Name:
    return "'" + std::string(ast::as<ast::Name>(expr)->name) + "'";
  case ExprKind::List:
    return "a list";
  case ExprKind::Range:
    return "a range";
  case ExprKind::Call:
    return "a call of '" + std::string(ast::as<ast::Call>(expr)->callee) + "'";
  case ExprKind::Pipe:
    return "a pipe of data";
  case ExprKind::Override:
    return "a value with a block";
  case ExprKind::Group:
    return nounFor(ast::as<ast::Group>(expr)->inner);
  case ExprKind::Error:
  case ExprKind::Member:
  case ExprKind::Unary:
  case ExprKind::Binary:
  case ExprKind::If:
    return "an expression";
  }
  return "an expression";
}

std::string nounFor(const CheckedValue &value) {
  switch (value.kind) {
  case ValueKind::None:
    return "none";
  case ValueKind::Boolean:
    return value.boolean ? "true" : "false";
  case ValueKind::Number:
    return nounFor(value.measure);
  case ValueKind::Range:
    return "a range";
  case ValueKind::Text:
    return "a text";
  case ValueKind::Prompt:
    return "a prompt";
  case ValueKind::Word:
    return "'" + value.text + "'";
  case ValueKind::List:
    return "a list";
  case ValueKind::Call:
    return std::string(spelling(value.construct->family));
  case ValueKind::Reference:
    return "'" + value.text + "'";
  case ValueKind::Blend:
    return "a model";
  case ValueKind::Expression:
  case ValueKind::Mistaken:
    return "an expression";
  }
  return "a value";
}

std::string shownName(std::string_view construct) {
  return construct == modelOverride().name ? "a model" : std::string(construct);
}

std::string oneOf(std::vector<std::string> names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

static void addMeasures(const Parameter &parameter, std::vector<std::string> &names) {
  for (uint32_t i = 0; i <= static_cast<uint32_t>(Measure::Hours); ++i)
    if (auto measure = static_cast<Measure>(i); parameter.measures & bit(measure))
      names.push_back(nounFor(measure));
}

/// The calls of a small family by name, else what they are.
static void addCalls(Family family, std::vector<std::string> &names) {
  constexpr size_t most = 5;
  std::vector<std::string> calls;
  for (const Construct *construct : constructs())
    if (construct->family == family)
      calls.push_back(std::string(construct->name) + (construct->bare ? "" : "(…)"));
  if (calls.size() > most)
    calls = {std::string(spelling(family))};
  names.insert(names.end(), calls.begin(), calls.end());
}

std::string expected(const Parameter &parameter) {
  struct Row {
    uint32_t type;
    std::string_view noun;
  };
  static constexpr Row rows[] = {
      {Boolean, "true or false"},
      {Range, "a range a..b"},
      {Text, "a text"},
      {Path, "a path in quotes"},
      {Pattern, "a path in quotes"},
      {Prompt, "a prompt"},
      {Model, "a model"},
      {Data, "data"},
      {Tokenizer, "a tokenizer"},
      {Field, "a field"},
      {Measurement, "the name of a measurement"},
      {Formula, "an expression"},
  };
  if (parameter.measures == ~0u)
    return "a number, a text, true, false, a range or a list";
  std::vector<std::string> names;
  if (parameter.types & Word)
    for (const WordRow &word : parameter.words)
      names.emplace_back(word.name);
  if (parameter.types & Number)
    addMeasures(parameter, names);
  for (const Row &row : rows)
    if (parameter.types & row.type)
      names.emplace_back(row.noun);
  if (parameter.types & Call)
    addCalls(parameter.family, names);
  if (parameter.types & None)
    names.emplace_back("none");
  return (parameter.types & List ? "a list of " : "") + oneOf(std::move(names));
}

std::string nameOf(const Parameter &parameter, std::string_view owner) {
  if (owner.empty())
    return "the value";
  return "'" + std::string(parameter.name) + "' of " + shownName(owner);
}

} // namespace roux
