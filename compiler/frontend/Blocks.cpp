//===- Blocks.cpp - the keys of a definition ------------------------------===//
//
// A block is a call whose arguments all have names: each key is a parameter of
// the kind's row. A score's lets and an eval's measurements stand beside them.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"
#include "compiler/frontend/Words.h"

#include <algorithm>

namespace roux {

using namespace type;

size_t Checker::unparsedIn(uint32_t file, uint32_t begin, uint32_t end) const {
  return static_cast<size_t>(std::ranges::count_if(unparsed, [&](SourceRange place) {
    return place.file == file && place.begin >= begin && place.begin <= end;
  }));
}

void Checker::checkForm(const ast::Definition &written) {
  if (unparsedIn(written.range.file, written.range.begin, written.range.end))
    return;
  bool takesValue = written.kind < ast::Kind::Score;
  bool takesBlock = written.kind >= ast::Kind::Score || written.kind == ast::Kind::Model;
  std::string kind(ast::spelling(written.kind));
  if (written.value && !takesValue)
    diagnostics.error(Code::Form, written.value->range,
                      "a " + kind + " is made by its block alone; found a value");
  if (written.block && !takesBlock && written.value)
    diagnostics.error(Code::Form, written.block->range, nounFor(written.kind) + " has no block");
  if (takesValue && !written.value && written.block)
    diagnostics.error(Code::Form, written.nameRange,
                      "a " + kind + " needs a value: " + kind + " " + std::string(written.name) +
                          " = …");
}

void Checker::checkBlock(const ast::Definition &written, CheckedDefinition &result) {
  if (!written.block)
    return;
  const Construct &construct = constructOf(written.kind);
  if (written.kind == ast::Kind::Score)
    for (const ast::Entry &entry : written.block->entries)
      if (entry.kind == ast::EntryKind::Let &&
          !formulas.lets.emplace(entry.key, FormulaScope::Let{.written = &entry}).second)
        diagnostics.error(Code::DefinedTwice, entry.keyRange,
                          "'" + std::string(entry.key) + "' is defined twice");
  formulas.isScore = written.kind == ast::Kind::Score;
  size_t unknownKeys = checkEntries(*written.block, construct, result.keys, &result);
  SourceRange block = written.block->range;
  unknownKeys += unparsedIn(block.file, block.begin, block.end);
  SourceRange where = written.kind == ast::Kind::Run ? written.kindRange : written.nameRange;
  fillDefaults(construct, where, result.keys, unknownKeys);
  if (formulas.isScore)
    checkScore(written, result);
  if (written.kind == ast::Kind::Eval && result.tasks.empty() && unknownKeys == 0 &&
      result["model"].kind != ValueKind::Mistaken)
    diagnostics.error(Code::MissingKey, where,
                      "an eval measures something, as in unseen: loss(held)");
  checkTogether(result);
}

/// Whether `value` is a call, or the name of what is to be called.
static bool isCalled(const ast::Expr *value, const Parameter &parameter) {
  const auto *name = ast::as<ast::Name>(value);
  return value->kind == ast::ExprKind::Call ||
         (name && findConstruct(parameter.family, name->name));
}

size_t Checker::checkEntries(const ast::Block &block, const Construct &construct,
                             std::vector<CheckedArgument> &keys, CheckedDefinition *definition) {
  size_t unknownKeys = 0;
  std::map<std::string_view, SourceRange> seen;
  // What a formula may name depends on `data`, so the data come first.
  std::vector<const ast::Entry *> entries;
  for (bool isData : {true, false})
    for (const ast::Entry &entry : block.entries)
      if (entry.kind == ast::EntryKind::Key && (entry.key == "data") == isData)
        entries.push_back(&entry);
  for (const ast::Entry *entry : entries) {
    auto [first, isNew] = seen.emplace(entry->key, entry->keyRange);
    if (!isNew) {
      diagnostics
          .error(Code::WrittenTwice, entry->keyRange,
                 "'" + std::string(entry->key) + "' is written twice")
          .note(first->second, "first written here");
      continue;
    }
    if (!entry->value)
      continue;
    const Parameter *parameter = construct.find(entry->key);
    // Entries lie one after the other, also where they are looked at in another order.
    bool isLast = entry == &block.entries.back();
    uint32_t end = isLast ? block.range.end : entry[1].keyRange.begin;
    if (parameter && unparsedIn(entry->keyRange.file, entry->keyRange.begin, end)) {
      keys.push_back({std::string(entry->key), entry->keyRange, {}});
      keys.back().value.kind = ValueKind::Mistaken;
      continue;
    }
    CheckedArgument checkedEntry = {std::string(entry->key), entry->keyRange, {}, !parameter};
    if (parameter) {
      noteState(parameter->state, std::string(parameter->name), entry->keyRange);
      checkedEntry.value = check(entry->value, {*parameter, construct.name});
      if (entry->key == "data")
        fieldsOf(checkedEntry.value);
      keys.push_back(std::move(checkedEntry));
    } else if (construct.named && definition && isCalled(entry->value, *construct.named)) {
      checkedEntry.value = check(entry->value, {*construct.named, construct.name});
      definition->tasks.push_back(std::move(checkedEntry));
    } else {
      ++unknownKeys;
      reportUnknownKey(entry->key, entry->keyRange, construct);
    }
  }
  return unknownKeys;
}

CheckedValue Checker::checkOverride(CheckedValue base, const ast::Block &block, SourceRange where) {
  CheckedValue result;
  result.kind = ValueKind::Call;
  result.construct = &modelOverride();
  result.where = where;
  if (base.kind == ValueKind::Mistaken)
    result.kind = ValueKind::Mistaken;
  result.arguments.push_back({"base", {}, std::move(base)});
  std::vector<CheckedArgument> keys;
  checkEntries(block, modelOverride(), keys, nullptr);
  std::ranges::move(keys, std::back_inserter(result.arguments));
  return result;
}

void Checker::settleScope(const CheckedValue &value, CheckedDefinition &score) {
  score.scores = value.expression.scope();
  if (score.scores == Scope::Constant)
    score.scores = Scope::Sequence; // only reductions, or nothing of a row
  bool isRow = score.scores == Scope::Token || score.scores == Scope::Span ||
               score.scores == Scope::Turn || score.scores == Scope::Sequence;
  if (!isRow)
    diagnostics.error(Code::Formula, value.where,
                      "a score belongs to a token, a span, a turn or a sequence; reduce "
                      "what pairs have, as in sum(… over pairs)");
  bool hasSpans = !score["spans"].isNone(), hasPairs = !score["pairs"].isNone();
  std::vector<const Expression *> read{&value.expression};
  for (const CheckedArgument &let : score.lets)
    read.push_back(&let.value.expression);
  for (const Expression *expression : read)
    for (const Expression::Node &node : expression->nodes) {
      bool ofPair = node.scope == Scope::Later || node.scope == Scope::Earlier ||
                    node.inner == Scope::Pairs || node.inner == Scope::Earlier;
      if (ofPair && !hasPairs)
        return void(
            diagnostics.error(Code::Formula, value.where, "this is of pairs; write 'pairs:'"));
      bool isAsk = node.operation == Operation::Model && node.inner != Scope::Constant;
      if (isAsk && (!ofPair || node.inner == node.scope ||
                    (node.inner != Scope::Later && node.inner != Scope::Earlier)))
        return void(diagnostics.error(Code::Formula, value.where,
                                      "what is given is the other span of a pair: "
                                      "perplexity(later, given: earlier)"));
      if (node.scope == Scope::Span && node.operation == Operation::Model && !hasSpans)
        return void(
            diagnostics.error(Code::Formula, value.where, "this is of spans; write 'spans:'"));
    }
}

void Checker::checkScore(const ast::Definition &written, CheckedDefinition &result) {
  for (const auto &[name, let] : formulas.lets)
    if (let.progress == FormulaScope::Let::Progress::Waiting && reservedAs(name).empty())
      diagnostics.error(Code::Unused, let.written->keyRange,
                        "nothing uses '" + std::string(name) + "'");
  for (std::string_view name : formulas.order) {
    FormulaScope::Let &let = formulas.lets.at(name);
    CheckedArgument kept{std::string(name), let.written->keyRange, {}, true};
    kept.value.kind = ValueKind::Expression;
    kept.value.where = let.written->value->range;
    if (let.expression)
      kept.value.expression = std::move(*let.expression);
    result.lets.push_back(std::move(kept));
  }
  if (const CheckedValue *value = result.find("value"); value && !value->expression.empty())
    settleScope(*value, result);
}

} // namespace roux
