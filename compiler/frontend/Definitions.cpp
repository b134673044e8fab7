//===- Definitions.cpp - checking a definition when it is first read ------===//
//
// The order of the text means nothing, so a definition is checked when another
// names it. A definition that is read while it is being checked is a cycle.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"

#include <algorithm>

namespace roux {

using namespace type;

/// Calls `visit` for every word in `expr` that could be the name of a definition.
template <typename Visit>
static void forEachName(const ast::Expr *expr, const Visit &visit) {
  auto walk = [&](const ast::Expr *inner) {
    if (inner)
      forEachName(inner, visit);
  };
  auto walkArguments = [&](std::span<const ast::Argument> arguments) {
    for (const ast::Argument &argument : arguments) {
      visit(argument.key); // a share of mix(…)
      walk(argument.value);
    }
  };
  if (const auto *name = ast::as<ast::Name>(expr))
    visit(name->name);
  else if (const auto *list = ast::as<ast::List>(expr))
    std::ranges::for_each(list->items, walk);
  else if (const auto *call = ast::as<ast::Call>(expr))
    walk(call->object), walkArguments(call->arguments);
  else if (const auto *member = ast::as<ast::Member>(expr))
    walk(member->object), visit(member->name);
  else if (const auto *unary = ast::as<ast::Unary>(expr))
    walk(unary->operand);
  else if (const auto *binary = ast::as<ast::Binary>(expr))
    walk(binary->lhs), walk(binary->rhs);
  else if (const auto *range = ast::as<ast::Range>(expr))
    walk(range->low), walk(range->high);
  else if (const auto *choice = ast::as<ast::If>(expr))
    walk(choice->condition), walk(choice->then), walk(choice->otherwise);
  else if (const auto *pipe = ast::as<ast::Pipe>(expr))
    walk(pipe->from), walk(pipe->into);
  else if (const auto *group = ast::as<ast::Group>(expr))
    walk(group->inner);
  else if (const auto *override = ast::as<ast::Override>(expr)) {
    walk(override->base);
    for (const ast::Entry &entry : override->block.entries)
      walk(entry.value);
  }
}

std::vector<uint32_t> Checker::readingOrder() const {
  std::vector<uint32_t> order;
  std::vector<bool> seen(symbols.size());
  std::vector<std::pair<uint32_t, bool>> todo; // symbol, and whether what it reads is done
  for (uint32_t first = 0; first < symbols.size(); ++first) {
    todo.push_back({first, false});
    while (!todo.empty()) {
      auto [symbol, isDone] = todo.back();
      todo.pop_back();
      if (isDone) {
        order.push_back(symbol);
        continue;
      }
      if (seen[symbol])
        continue;
      seen[symbol] = true;
      todo.push_back({symbol, true});
      size_t below = todo.size();
      auto push = [&](std::string_view name) {
        if (auto at = names.find(name); at != names.end() && !seen[at->second])
          todo.push_back({at->second, false});
      };
      const ast::Definition &written = *symbols[symbol].written;
      if (written.value)
        forEachName(written.value, push);
      if (written.block)
        for (const ast::Entry &entry : written.block->entries)
          if (entry.value)
            forEachName(entry.value, push);
      std::reverse(todo.begin() + static_cast<ptrdiff_t>(below), todo.end());
    }
  }
  return order;
}

const CheckedDefinition *Checker::resolve(uint32_t symbol, SourceRange from) {
  switch (symbols[symbol].progress) {
  case Progress::Checked:
    return &checked[symbols[symbol].index];
  case Progress::Checking:
    reportCycle(symbol, from);
    return nullptr;
  case Progress::Waiting:
    break;
  }
  if (stack.size() >= deepestChain) {
    diagnostics.error(Code::TooMuch, from, "definitions read each other more than 200 deep");
    return nullptr;
  }
  symbols[symbol].progress = Progress::Checking;
  stack.push_back(symbol);
  CheckedDefinition result;
  std::vector<uint32_t> *outerReads = std::exchange(reads, &result.reads);
  FormulaScope outerFormulas = std::exchange(formulas, {});
  checkDefinition(symbols[symbol], result);
  reads = outerReads;
  formulas = std::move(outerFormulas);
  stack.pop_back();
  symbols[symbol].progress = Progress::Checked;
  symbols[symbol].index = static_cast<uint32_t>(checked.size());
  checked.push_back(std::move(result));
  return &checked.back();
}

void Checker::reportCycle(uint32_t symbol, SourceRange from) {
  auto first = std::ranges::find(stack, symbol);
  std::string path;
  for (auto at = first; at != stack.end(); ++at)
    path += std::string(symbols[*at].written->name) + " -> ";
  path += symbols[symbol].written->name;
  Diagnostic &error = diagnostics.error(Code::Cycle, from, "cyclic definition: " + path);
  for (auto at = first + 1; at != stack.end(); ++at)
    error.note(symbols[*at].written->nameRange,
               "'" + std::string(symbols[*at].written->name) + "' is defined here");
}

const CheckedDefinition *Checker::read(std::string_view name, SourceRange where) {
  auto at = names.find(name);
  if (at == names.end() || symbols[at->second].written->kind == ast::Kind::Run)
    return nullptr;
  symbols[at->second].isRead = true;
  const CheckedDefinition *found = resolve(at->second, where);
  if (found && !stack.empty()) {
    uint32_t &depth = symbols[stack.back()].depth;
    depth = std::max(depth, symbols[at->second].depth + 1);
    if (depth > deepestChain) { // values that follow the chain recurse along it
      diagnostics.error(Code::TooMuch, where, "definitions read each other more than 200 deep");
      found = nullptr;
      depth = 0;
    }
  }
  if (found && std::ranges::find(*reads, symbols[at->second].index) == reads->end())
    reads->push_back(symbols[at->second].index);
  if (found)
    return found;
  static const CheckedDefinition broken = [] {
    CheckedDefinition cycle;
    cycle.value.kind = ValueKind::Mistaken;
    return cycle;
  }();
  return &broken;
}

/// Words that stand alone after `=`, before any block.
static const Parameter &valueOf(ast::Kind kind) {
  static constexpr Parameter values[] = {
      {.name = "param"},
      {.name = "prompt", .types = Prompt},
      {.name = "tokenizer", .types = Tokenizer},
      {.name = "model", .types = Model},
      {.name = "data", .types = Data},
  };
  return values[static_cast<size_t>(kind)];
}

void Checker::checkDefinition(const Symbol &symbol, CheckedDefinition &result) {
  const ast::Definition &written = *symbol.written;
  result.kind = written.kind;
  result.name = written.name;
  result.where = written.kind == ast::Kind::Run ? written.kindRange : written.nameRange;
  result.inMainFile = result.where.file == mainFile;
  const Construct &construct = constructOf(written.kind);
  noteState(construct.state, std::string(construct.name), written.kindRange);
  checkForm(written);
  if (written.kind == ast::Kind::Param)
    return checkParam(symbol, result);
  if (written.kind >= ast::Kind::Score)
    return checkBlock(written, result);
  if (!written.value)
    return;
  const Parameter &value = valueOf(written.kind);
  result.value = check(written.value, {value, ""});
  if (written.kind == ast::Kind::Model && written.block)
    result.value = checkOverride(std::move(result.value), *written.block, written.range);
}

void Checker::checkParam(const Symbol &symbol, CheckedDefinition &result) {
  if (symbol.written->value)
    result.value = paramValue(symbol.written->value);
  result.value.origin = {OriginKind::Line, result.name};
  if (!symbol.set)
    return;
  CheckedValue set = paramValue(symbol.set->value);
  bool isMistaken = set.kind == ValueKind::Mistaken || result.value.kind == ValueKind::Mistaken;
  if (!isMistaken && (set.kind != result.value.kind || set.measure != result.value.measure))
    diagnostics
        .error(Code::Setting, symbol.set->value->range,
               "--set " + result.name + " gives " + nounFor(set) + ", but the recipe has " +
                   nounFor(result.value))
        .note(symbol.written->value->range, "the recipe's value is here");
  result.value = std::move(set);
  result.value.where = symbol.written->value ? symbol.written->value->range : result.where;
  result.value.origin = {OriginKind::Set, result.name};
}

CheckedValue Checker::paramValue(const ast::Expr *expr) {
  static constexpr Parameter any = {
      .name = "param", .types = Boolean | Number | Range | Text | List, .measures = ~0u};
  return check(expr, {any, ""});
}

std::vector<std::string_view> Checker::namesOf(std::initializer_list<ast::Kind> kinds) const {
  // Suggestions nobody will see, or among more names than anybody could have meant.
  constexpr size_t most = 1000;
  if (symbols.size() > most || diagnostics.errorCount() > Diagnostics::limit)
    return {};
  std::vector<std::string_view> found;
  for (const Symbol &symbol : symbols)
    if (std::ranges::find(kinds, symbol.written->kind) != kinds.end())
      found.push_back(symbol.written->name);
  return found;
}

void Checker::reportUnread() {
  if (!unparsed.empty())
    return; // it may be used there
  for (const Symbol &symbol : symbols) {
    const ast::Definition &written = *symbol.written;
    bool mustBeRead = written.kind <= ast::Kind::Tokenizer &&
                      std::ranges::none_of(diagnostics.all(), [&](const Diagnostic &other) {
                        return other.where.file == written.range.file &&
                               other.where.begin >= written.range.begin &&
                               other.where.begin < written.range.end;
                      });
    if (mustBeRead && !symbol.isRead && written.nameRange.file == mainFile)
      diagnostics.error(Code::Unused, written.nameRange,
                        "nothing uses the " + std::string(ast::spelling(written.kind)) + " '" +
                            std::string(written.name) + "'");
  }
}

} // namespace roux
