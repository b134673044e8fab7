//===- Scopes.cpp - the rows of scopes, attributes and places -------------===//
//
// A place may need no more than exists when it is evaluated: targets are not
// known while they are being chosen, losses not while a batch is planned.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Scopes.h"

#include <algorithm>
#include <cassert>

namespace roux {
namespace {

constexpr ScopeSet spanLike = scopesOf(Scope::Turn, Scope::Span, Scope::Later, Scope::Earlier);
constexpr ScopeSet inSequence = scopesOf(Scope::Token, Scope::Turn, Scope::Span);
constexpr ScopeSet upToSequence = inSequence | bit(Scope::Sequence);
constexpr ScopeSet upToStep = upToSequence | scopesOf(Scope::Pack, Scope::Step);
constexpr ScopeSet answers = scopesOf(Scope::Chosen, Scope::Rejected);
constexpr ScopeSet scoring = upToSequence | scopesOf(Scope::Later, Scope::Earlier, Scope::Pairs);

constexpr ScopeRow scopeRows[] = {
    {"token", Scope::Token, "the token being predicted"},
    {"turn", Scope::Turn, "a turn of a chat"},
    {"span", Scope::Span, "a piece marked by spans()"},
    {"sequence", Scope::Sequence, "what is laid down whole in a step"},
    {"pack", Scope::Pack, "sequences laid end to end; one sequence where nothing is packed"},
    {"bucket", Scope::Bucket, "the sequences of one length"},
    {"step", Scope::Step, "one optimizer step: every micro-batch, every rank"},
    {"later", Scope::Later, "the second span of a pair"},
    {"earlier", Scope::Earlier, "the first span of a pair"},
    {"pairs", Scope::Pairs, "the pairs of a sequence"},
    {"chosen", Scope::Chosen, "the answer of a pair that is preferred"},
    {"rejected", Scope::Rejected, "the other answer of the pair"},
};

constexpr AttributeRow attributeRows[] = {
    {"index", Attribute::Index,
     scopesOf(Scope::Token, Scope::Sequence, Scope::Bucket, Scope::Step) | spanLike, Sort::Number,
     Needs::Data, "from 0: in the sequence, the data, the buckets, the training"},
    {"id", Attribute::Id, bit(Scope::Token), Sort::Number, Needs::Data, "its id in the vocabulary"},
    {"position", Attribute::Position, bit(Scope::Token), Sort::Number, Needs::Batch,
     "the index given to rotary or learned positions"},
    {"role", Attribute::Role, scopesOf(Scope::Token, Scope::Turn), Sort::Text, Needs::Data,
     "who speaks: `system`, `user`, `assistant`, `tool`", true},
    {"nll", Attribute::Nll, bit(Scope::Token), Sort::Number, Needs::Model,
     "negative log-likelihood of the label, in nats"},
    {"logsumexp", Attribute::LogSumExp, bit(Scope::Token), Sort::Number, Needs::Model,
     "logarithm of the sum of the exponentials of the logits"},
    {"tokens", Attribute::Tokens,
     scopesOf(Scope::Sequence, Scope::Pack, Scope::Bucket, Scope::Step) | spanLike | answers,
     Sort::Number, Needs::Data, "how many; of an answer, with its prompt", false, true},
    {"targets", Attribute::Targets, scopesOf(Scope::Sequence, Scope::Pack, Scope::Step) | answers,
     Sort::Number, Needs::Targets, "how many tokens are predicted"},
    {"text", Attribute::Text, spanLike, Sort::Text, Needs::Data, "its text"},
    {"record", Attribute::Record, bit(Scope::Sequence), Sort::Number, Needs::Data,
     "place in its file of the record it comes from, from 0"},
    {"turns", Attribute::Turns, bit(Scope::Sequence), Sort::Number, Needs::Data,
     "turns of the chat; 0 for a document", true},
    {"spans", Attribute::Spans, bit(Scope::Sequence), Sort::Number, Needs::Data,
     "spans that are marked"},
    {"source", Attribute::Source, bit(Scope::Sequence), Sort::Text, Needs::Data,
     "the definition that read the file; `source in d`: the record passed through d", true},
    {"field", Attribute::Field, bit(Scope::Sequence), Sort::Either, Needs::Data,
     "`field(\"name\")`: a field of the record", true},
    {"sequences", Attribute::Sequences, scopesOf(Scope::Pack, Scope::Bucket, Scope::Step),
     Sort::Number, Needs::Targets, "with targets; in a bucket: left to draw"},
    {"length", Attribute::Length, bit(Scope::Bucket), Sort::Number, Needs::Data,
     "of each of its sequences, in tokens"},
    {"progress", Attribute::Progress, bit(Scope::Step), Sort::Number, Needs::Data,
     "share of the training that is done, 0..1"},
    {"packs", Attribute::Packs, bit(Scope::Step), Sort::Number, Needs::Targets, "with targets"},
    {"logp", Attribute::LogP, answers, Sort::Number, Needs::Model,
     "logarithm of the probability of the answer's targets together"},
    {"reference", Attribute::Reference, answers, Sort::Number, Needs::Model,
     "the same from the model that the train's `reference:` names"},
    {"characters", Attribute::Characters, answers, Sort::Number, Needs::Data,
     "of the answer's text"},
};

constexpr PlaceRow placeRows[] = {
    {Place::Constant, "a value", 0, 0, Sort::Number, Needs::Data, "it is a constant", false},
    {Place::Where, "where", bit(Scope::Sequence), inSequence, Sort::Truth, Needs::Model, "", true},
    {Place::KeepSpans, "keep_spans", scopesOf(Scope::Span, Scope::Sequence),
     scopesOf(Scope::Token, Scope::Turn), Sort::Truth, Needs::Model, "", true},
    {Place::By, "by", bit(Scope::Sequence), inSequence, Sort::Number, Needs::Model, "", true},
    {Place::JoinBy, "by", bit(Scope::Sequence), 0, Sort::Either, Needs::Data,
     "records are joined before they are tokenized", false},
    {Place::Target, "target", upToSequence, 0, Sort::Truth, Needs::Data,
     "targets are chosen before anything is batched or any model runs", true},
    {Place::Loss, "loss", bit(Scope::Token) | answers, 0, Sort::Number, Needs::Model, "", false},
    {Place::Weight, "weight", upToStep, 0, Sort::Number, Needs::Model, "", true},
    {Place::Position, "position", upToSequence, 0, Sort::Number, Needs::Targets,
     "positions are planned before any model runs", true},
    {Place::Prefix, "prefix", bit(Scope::Sequence), inSequence, Sort::Number, Needs::Targets,
     "positions are planned before any model runs", true},
    {Place::Odds, "odds", bit(Scope::Bucket), 0, Sort::Number, Needs::Targets,
     "batches are planned before any model runs", false},
    {Place::Quota, "quota", bit(Scope::Bucket), 0, Sort::Number, Needs::Targets,
     "batches are planned before any model runs", false},
    {Place::Score, "score", scoring, 0, Sort::Number, Needs::Model, "", true},
};

constexpr WordRow roles[] = {
    {.name = "system", .text = "instructions before the conversation"},
    {.name = "user", .text = "the person"},
    {.name = "assistant", .text = "the model"},
    {.name = "tool", .text = "the answer of a tool"},
};

template <typename Row>
const Row *findRow(std::span<const Row> rows, std::string_view name) {
  auto at = std::ranges::find(rows, name, &Row::name);
  return at == rows.end() ? nullptr : &*at;
}

} // namespace

std::span<const AttributeRow> attributes() {
  return attributeRows;
}
std::span<const PlaceRow> places() {
  return placeRows;
}
std::span<const ScopeRow> scopes() {
  return scopeRows;
}
std::span<const WordRow> roleWords() {
  return roles;
}
const AttributeRow *findAttribute(std::string_view name) {
  return findRow(attributes(), name);
}
const ScopeRow *findScope(std::string_view name) {
  return findRow(scopes(), name);
}
const FormulaRow *findFormula(std::string_view name) {
  return findRow(formulas(), name);
}

const PlaceRow &placeOf(Place place) {
  const PlaceRow &row = placeRows[static_cast<size_t>(place)];
  assert(row.place == place && "the rows of places stand in the order of the enum");
  return row;
}

std::string_view spelling(Sort sort) {
  constexpr std::string_view names[] = {"a truth", "a number", "a text", "a field", "many values"};
  return names[static_cast<size_t>(sort)];
}

/// How wide a scope is; scopes of one width do not lie in one another.
static int width(Scope scope) {
  switch (scope) {
  case Scope::Constant:
    return 0;
  case Scope::Token:
    return 1;
  case Scope::Turn:
  case Scope::Span:
    return 2;
  case Scope::Later:
  case Scope::Earlier:
  case Scope::Pairs:
  case Scope::Chosen:
  case Scope::Rejected:
    return 3;
  case Scope::Sequence:
    return 4;
  case Scope::Pack:
  case Scope::Bucket:
    return 5;
  case Scope::Step:
    return 6;
  }
  return 0;
}

bool liesIn(Scope inner, Scope outer) {
  return width(inner) < width(outer);
}

Scope narrowest(ScopeSet set) {
  Scope found = Scope::Constant;
  for (const ScopeRow &row : scopeRows)
    if ((set & bit(row.scope)) && (found == Scope::Constant || liesIn(row.scope, found)))
      found = row.scope;
  return found;
}

std::string listScopes(ScopeSet set) {
  std::string text;
  size_t left = static_cast<size_t>(__builtin_popcount(set));
  for (const ScopeRow &row : scopeRows) {
    if (!(set & bit(row.scope)))
      continue;
    --left;
    text += text.empty() ? "" : left == 0 ? " and " : ", ";
    text += row.name;
  }
  return text;
}

} // namespace roux
