//===- ASTPrinter.cpp - a recipe's tree as text ---------------------------===//
//
// Prints what the parser understood, so that precedence and line rules can be
// seen instead of guessed.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/ASTPrinter.h"
#include "compiler/frontend/Diagnostic.h"

#include <fmt/format.h>

namespace roux {

using namespace ast;

namespace {
class Printer {
public:
  explicit Printer(const SourceManager *sources) : sources(sources) {}

  void file(const File &file);
  std::string out;

private:
  void line(SourceRange where, std::string text);
  void definition(const Definition &definition);
  void block(const Block &block);
  void expr(const Expr *expr, std::string_view label = "");
  void children(const Expr *expr);
  void call(const Call *call);

  const SourceManager *sources;
  int indent = 0;
};
} // namespace

static std::string withUnit(std::string text, Unit unit) {
  if (unit != Unit::None)
    text.append(" ").append(spelling(unit));
  return text;
}

/// What the node's own line says, its children apart.
static std::string headline(const Expr *expr) {
  switch (expr->kind) {
  case ExprKind::Error:
    return "error";
  case ExprKind::Number: {
    auto *number = as<Number>(expr);
    return withUnit(fmt::format("number {}{}", number->value, spelling(number->suffix)),
                    number->unit);
  }
  case ExprKind::Text: {
    auto *text = as<Text>(expr);
    return fmt::format("text {}{}", jsonString(text->value), text->triple ? " triple" : "");
  }
  case ExprKind::Boolean:
    return as<Boolean>(expr)->value ? "true" : "false";
  case ExprKind::None:
    return "none";
  case ExprKind::Name:
    return fmt::format("name {}", as<Name>(expr)->name);
  case ExprKind::List:
    return "list";
  case ExprKind::Call:
    return fmt::format("call {}", as<Call>(expr)->callee);
  case ExprKind::Member:
    return fmt::format("member {}", as<Member>(expr)->name);
  case ExprKind::Unary:
    return as<Unary>(expr)->op == UnaryOp::Not ? "not" : "negate";
  case ExprKind::Binary:
    return fmt::format("binary {}", spelling(as<Binary>(expr)->op));
  case ExprKind::Range:
    return withUnit("range", as<Range>(expr)->unit);
  case ExprKind::If:
    return "if";
  case ExprKind::Pipe:
    return "pipe";
  case ExprKind::Override:
    return "override";
  case ExprKind::Group:
    return withUnit("group", as<Group>(expr)->unit);
  }
  return "";
}

void Printer::line(SourceRange where, std::string text) {
  out.append(static_cast<size_t>(indent) * 2, ' ').append(text);
  if (sources) {
    LineColumn begin = sources->locate(where.file, where.begin);
    LineColumn end = sources->locate(where.file, where.end);
    out += fmt::format(" @{}:{}-{}:{}", begin.line, begin.column, end.line, end.column);
  }
  out += '\n';
}

void Printer::call(const Call *call) {
  if (call->object)
    expr(call->object, "object: ");
  for (const Argument &argument : call->arguments)
    expr(argument.value, argument.key.empty() ? "" : std::string(argument.key) + ": ");
}

void Printer::children(const Expr *parent) {
  if (auto *list = as<List>(parent))
    for (const Expr *item : list->items)
      expr(item);
  else if (auto *made = as<Call>(parent))
    call(made);
  else if (auto *member = as<Member>(parent))
    expr(member->object);
  else if (auto *unary = as<Unary>(parent))
    expr(unary->operand);
  else if (auto *binary = as<Binary>(parent))
    expr(binary->lhs), expr(binary->rhs);
  else if (auto *range = as<Range>(parent))
    expr(range->low), expr(range->high);
  else if (auto *branch = as<If>(parent))
    expr(branch->condition), expr(branch->then, "then: "), expr(branch->otherwise, "else: ");
  else if (auto *pipe = as<Pipe>(parent))
    expr(pipe->from), expr(pipe->into);
  else if (auto *override = as<Override>(parent))
    expr(override->base), block(override->block);
  else if (auto *group = as<Group>(parent))
    expr(group->inner);
}

void Printer::expr(const Expr *expr, std::string_view label) {
  line(expr->range, std::string(label) + headline(expr));
  ++indent;
  children(expr);
  --indent;
}

void Printer::block(const Block &block) {
  line(block.range, "block");
  ++indent;
  for (const Entry &entry : block.entries)
    expr(entry.value, fmt::format("{}{}: ", entry.kind == EntryKind::Let ? "let " : "", entry.key));
  --indent;
}

void Printer::definition(const Definition &definition) {
  std::string name = definition.name.empty() ? "" : fmt::format(" {}", definition.name);
  line(definition.range, std::string(spelling(definition.kind)) + name);
  ++indent;
  if (definition.value)
    expr(definition.value);
  if (definition.block)
    block(*definition.block);
  --indent;
}

void Printer::file(const File &file) {
  for (const Use &use : file.uses)
    line(use.range, "use " + jsonString(use.path));
  for (const Seed &seed : file.seeds)
    expr(seed.value, "seed: ");
  for (const Definition &made : file.definitions)
    definition(made);
}

std::string printAST(const File &file, const SourceManager *sources) {
  Printer printer(sources);
  printer.file(file);
  return std::move(printer.out);
}

} // namespace roux
