//===- RowScope.cpp - what a recipe's expressions see of a plan -----------===//
//
// One row type for all scopes: a row inside another is a copy that knows one thing
// more, so reading outward never needs a chain.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/RowScope.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace roux::data {

RowScope::RowScope(const PlanInput &input, const PlacedSequence &placed, SeedTree draws)
    : input(&input), placed(&placed), draws(draws) {}

RowScope::RowScope(const PlanInput &input, const Plan &plan, const PlanStep &step, SeedTree draws)
    : input(&input), plan(&plan), step(&step), draws(draws) {}

RowScope RowScope::at(const PlannedPack &inner) const {
  RowScope row = *this;
  row.pack = &inner;
  return row;
}

RowScope RowScope::at(uint32_t index) const {
  RowScope row = *this;
  row.placed = &step->sequences[index];
  row.sequenceIndex = index;
  row.tokens.reset();
  // The last pack that begins at or before the sequence.
  if (!pack)
    row.pack = &*std::prev(std::upper_bound(
        step->packs.begin(), step->packs.end(), step->counts.firstSequence + index,
        [](uint64_t at, const PlannedPack &each) { return at < each.firstSequence; }));
  return row;
}

RowScope RowScope::atToken(uint32_t t, std::span<const uint32_t> at) const {
  RowScope row = *this;
  if (!row.tokens)
    row.tokens.emplace(view(), *placed, plan ? plan->rules().labels : Reach::Sequence);
  row.token = t;
  row.positions = at;
  return row;
}

void RowScope::refuse(const Expression::Node &node) const {
  throw PlanError(fmt::format("{}.{} is not known before training; an expression over the plan "
                              "reads only what the data say",
                              spelling(node.scope), spelling(node.attribute)));
}

SequenceView RowScope::view() const {
  if (!input->store)
    throw PlanError("an expression reads tokens, but there are only their lengths");
  return input->store->view(placed->sequence);
}

Value RowScope::read(const Expression::Node &node) const {
  if (node.operation == Operation::Passed || node.operation == Operation::Let ||
      node.operation == Operation::Model)
    return readSequence(node);
  switch (node.scope) {
  case Scope::Step:
    return readStep(node);
  case Scope::Pack:
    return readPack(node);
  case Scope::Sequence:
    return readSequence(node);
  case Scope::Turn:
  case Scope::Span:
    return readRange(node);
  case Scope::Token:
    return readToken(node);
  case Scope::Chosen:
  case Scope::Rejected:
    return readAnswer(node);
  default:
    refuse(node);
  }
}

Value RowScope::readStep(const Expression::Node &node) const {
  if (!step)
    refuse(node);
  switch (node.attribute) {
  case Attribute::Index:
    return static_cast<double>(step->index);
  case Attribute::Progress:
    return static_cast<double>(step->index) / static_cast<double>(plan->steps());
  case Attribute::Tokens:
    return static_cast<double>(step->counts.tokens);
  case Attribute::Targets:
    return static_cast<double>(step->counts.targets);
  case Attribute::Sequences:
    return static_cast<double>(step->counts.sequences);
  case Attribute::Packs:
    return static_cast<double>(step->counts.packs);
  default:
    refuse(node);
  }
}

Value RowScope::readPack(const Expression::Node &node) const {
  if (!pack)
    refuse(node);
  switch (node.attribute) {
  case Attribute::Tokens:
    return static_cast<double>(pack->tokens);
  case Attribute::Targets:
    return static_cast<double>(pack->targets);
  case Attribute::Sequences:
    return static_cast<double>(pack->sequences);
  default:
    refuse(node);
  }
}

Value RowScope::readAttribute(const char *prefix, const Expression::Node &node) const {
  if (!input->store)
    refuse(node);
  const std::vector<StoreSchema::Attribute> &attributes = input->store->schema().attributes;
  for (uint32_t a = 0; a < attributes.size(); ++a) {
    if (attributes[a].name != prefix + node.text)
      continue;
    if (attributes[a].isText)
      return std::string(input->store->text(a, placed->sequence));
    return input->store->number(a, placed->sequence);
  }
  throw PlanError(fmt::format("the tokens do not carry '{}{}'", prefix, node.text));
}

Value RowScope::readSequence(const Expression::Node &node) const {
  if (!placed)
    refuse(node);
  const SequenceEntry &entry = input->sequences[placed->sequence];
  const std::string &source = input->sources[entry.source];
  if (node.operation == Operation::Passed)
    return node.text == source ? Value(1.0) : readAttribute("in:", node);
  if (node.operation != Operation::Read)
    throw PlanError(fmt::format("'{}' needs a model, which a plan has not", node.text));
  switch (node.attribute) {
  case Attribute::Index:
    if (!step)
      refuse(node);
    return static_cast<double>(sequenceIndex);
  case Attribute::Record:
    return static_cast<double>(entry.record);
  case Attribute::Tokens:
    return static_cast<double>(placed->tokens());
  case Attribute::Targets:
    return static_cast<double>(placed->targets);
  case Attribute::Turns:
    return static_cast<double>(entry.turns);
  case Attribute::Spans:
    return static_cast<double>(entry.spans);
  case Attribute::Source:
    return source;
  case Attribute::Field:
    return readAttribute("", node);
  case Attribute::Score:
    return readAttribute("score:", node);
  default:
    refuse(node);
  }
}

const TokenRange *RowScope::range(Scope kind) const {
  if (const TokenRange *entered = kind == Scope::Turn ? turn : span)
    return entered;
  if (!token)
    return nullptr;
  uint32_t at = tokens->stored(*token);
  const SequenceView &all = tokens->stored();
  std::span<const TokenRange> ranges = kind == Scope::Turn ? all.turns : all.spans;
  auto found = findRange(ranges, at);
  return found != ranges.end() && at >= found->begin ? &*found : nullptr;
}

uint32_t RowScope::scoreNamed(std::string_view name) const {
  const std::vector<std::string> &scores = input->store->schema().tokenScores;
  auto found = std::find(scores.begin(), scores.end(), name);
  if (found == scores.end())
    throw PlanError(fmt::format("the tokens do not carry the score '{}'", name));
  return static_cast<uint32_t>(found - scores.begin());
}

/// Of a token in no turn or span, everything is 0 and the role is empty.
Value RowScope::readRange(const Expression::Node &node) const {
  const TokenRange *in = range(node.scope);
  SequenceView all = view();
  switch (node.attribute) {
  case Attribute::Index:
    return in ? static_cast<double>(
                    in - (node.scope == Scope::Turn ? all.turns.data() : all.spans.data()))
              : 0.0;
  case Attribute::Tokens:
    return in ? static_cast<double>(in->size()) : 0.0;
  case Attribute::Role: {
    bool has = in && in->begin < all.roles.size() && node.scope == Scope::Turn;
    return has ? input->store->roles().at(all.roles[in->begin]) : std::string();
  }
  case Attribute::Score: // every token of a span has the span's
    return in ? static_cast<double>(
                    all.tokenScores[scoreNamed(node.text) * all.ids.size() + in->begin])
              : std::numeric_limits<double>::quiet_NaN();
  default:
    throw PlanError(fmt::format("{}.{} does not outlive tokenization; use it in `data`",
                                spelling(node.scope), spelling(node.attribute)));
  }
}

/// Of a pair, whose spans are its answers.
Value RowScope::readAnswer(const Expression::Node &node) const {
  if (!placed)
    refuse(node);
  SequenceView all = view();
  size_t which = node.scope == Scope::Chosen ? 0 : 1;
  if (all.spans.size() != 2)
    throw PlanError(fmt::format("{} is no pair of answers", input->name(placed->sequence)));
  switch (node.attribute) {
  case Attribute::Tokens:
    return static_cast<double>(all.spans[which].size());
  case Attribute::Targets:
    return static_cast<double>(all.labels.count(all.spans[which]));
  case Attribute::Characters: {
    Expression::Node named = node;
    named.text = spelling(node.scope);
    return readAttribute("characters:", named);
  }
  case Attribute::Reference:
    if (!input->reference)
      refuse(node);
    return (*input->reference)[placed->sequence][which];
  default:
    refuse(node);
  }
}

Value RowScope::readToken(const Expression::Node &node) const {
  if (!token)
    refuse(node);
  switch (node.attribute) {
  case Attribute::Index:
    return static_cast<double>(*token);
  case Attribute::Id:
    return static_cast<double>(tokens->id(*token));
  case Attribute::Position:
    // The last token may have none, as it is no input; it would stand behind the one before.
    return *token < positions.size() ? static_cast<double>(positions[*token])
                                     : static_cast<double>(positions.back()) + 1;
  case Attribute::Role:
    return input->store->roles().at(tokens->role(*token));
  case Attribute::Score:
    return static_cast<double>(tokens->score(scoreNamed(node.text), *token));
  default:
    refuse(node);
  }
}

void RowScope::forEach(Scope inner, Scope outer, bool all, const Visit &visit) const {
  if (inner == Scope::Pack) {
    for (const PlannedPack &each : step->packs)
      if (all || each.targets > 0)
        visit(at(each));
    return;
  }
  bool wide = outer == Scope::Step || outer == Scope::Pack;
  if (!wide) {
    if (inner == Scope::Token)
      forEachToken(outer, all, visit);
    else
      forEachRange(inner, all, visit);
    return;
  }
  uint64_t first = outer == Scope::Pack ? pack->firstSequence - step->counts.firstSequence : 0;
  uint64_t count = outer == Scope::Pack ? pack->count : step->counts.count;
  for (uint64_t i = first; i < first + count; ++i) {
    if (!all && step->sequences[i].targets == 0)
      continue;
    RowScope row = at(static_cast<uint32_t>(i));
    if (inner == Scope::Sequence)
      visit(row);
    else
      row.forEach(inner, Scope::Sequence, all, visit);
  }
}

void RowScope::forEachToken(Scope outer, bool all, const Visit &visit) const {
  std::vector<uint32_t> made;
  std::span<const uint32_t> at = positions;
  if (plan && at.empty()) {
    made = makePositions(plan->rules().position, view(), *placed,
                         plan->positionDraws(*step, *input->store, *placed));
    at = made;
  }
  const TokenRange *within = outer == Scope::Sequence ? nullptr : range(outer);
  if (outer != Scope::Sequence && !within)
    return;
  RowScope row = atToken(0, at);
  for (uint32_t t = 0; t < row.tokens->size(); ++t) {
    uint32_t stored = row.tokens->stored(t);
    if (within && (stored < within->begin || stored >= within->end))
      continue;
    row.token = t;
    if (all || row.tokens->label(t) != noLabel)
      visit(row);
  }
}

void RowScope::forEachRange(Scope kind, bool, const Visit &visit) const {
  SequenceView whole = view();
  for (const TokenRange &each : kind == Scope::Turn ? whole.turns : whole.spans) {
    if (each.begin >= placed->end || each.end <= placed->begin)
      continue;
    RowScope row = *this;
    row.tokens.emplace(whole, *placed, plan ? plan->rules().labels : Reach::Sequence);
    (kind == Scope::Turn ? row.turn : row.span) = &each;
    visit(row);
  }
}

double RowScope::draw(Scope scope, uint32_t number) const {
  if (!step)
    return draws.uniform(number);
  if (scope == Scope::Step || scope == Scope::Constant || !pack)
    return (draws / "step" / step->index).uniform(number);
  if (scope == Scope::Pack || !placed)
    return (draws / "pack" / step->index / pack->firstSequence).uniform(number);
  const SequenceEntry &entry = input->sequences[placed->sequence];
  SeedTree row =
      draws / input->sources[entry.source] / entry.record / entry.piece() / placed->begin;
  return scope == Scope::Token && token ? (row / *token).uniform(number) : row.uniform(number);
}

} // namespace roux::data
