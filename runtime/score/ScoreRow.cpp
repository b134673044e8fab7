//===- ScoreRow.cpp - what a score's expressions see ----------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/score/ScoreRow.h"

#include "runtime/Maths.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace roux::score {

using data::TokenRange;

ScoreRow ScoreRow::atToken(uint32_t index) const {
  ScoreRow row = *this;
  row.token = index;
  return row;
}

ScoreRow ScoreRow::atRange(Scope scope, uint32_t index) const {
  ScoreRow row = *this;
  (scope == Scope::Turn ? row.turn : row.span) = index;
  return row;
}

ScoreRow ScoreRow::atPair(const Pair &pair) const {
  ScoreRow row = *this;
  row.later = pair.later, row.earlier = pair.earlier;
  return row;
}

/// Of a token in no turn or span: nothing.
TokenRange ScoreRow::rangeOf(Scope scope) const {
  const data::TokenizedRecord &tokens = record.tokens;
  uint32_t index = scope == Scope::Turn      ? turn
                   : scope == Scope::Later   ? later
                   : scope == Scope::Earlier ? earlier
                                             : span;
  if (scope == Scope::Sequence)
    return {0, tokens.size()};
  if (index != none)
    return scope == Scope::Turn ? tokens.turns[index].tokens : tokens.spans[index];
  if (token != none)
    for (TokenRange range : record.rangesOf(scope))
      if (token >= range.begin && token < range.end)
        return range;
  return {};
}

Value ScoreRow::read(const Expression::Node &node) const {
  if (node.operation == Operation::Let)
    return readLet(node);
  if (node.operation == Operation::Model)
    return readModel(node);
  if (node.operation != Operation::Read || node.scope == Scope::Sequence)
    return sequence.read(node);
  return node.scope == Scope::Token ? readToken(node) : readRange(node);
}

Value ScoreRow::readLet(const Expression::Node &node) const {
  auto let = std::ranges::find(record.spec.lets, node.text, &Let::name);
  // A pair, a span or a token: no row is two of them.
  uint32_t inner = token != none ? token : span != none ? span : turn;
  auto [known, isNew] = memory.try_emplace({let->name, later, earlier, inner}, 0.0);
  if (isNew)
    known->second = evaluateNumber(let->value, *this);
  return known->second;
}

double ScoreRow::perplexity(const Expression::Node &node) const {
  Ask ask{record.modelOf(""), {}, rangeOf(node.scope)};
  if (node.inner != Scope::Constant)
    ask.given = rangeOf(node.inner);
  auto found = record.answers.find(ask);
  if (found == record.answers.end())
    return std::numeric_limits<double>::quiet_NaN();
  double total = 0, count = 0;
  for (float nll : found->second.nll)
    if (!std::isnan(nll)) {
      total += static_cast<double>(nll);
      ++count;
    }
  return maths::exp(total / count);
}

double ScoreRow::readModel(const Expression::Node &node) const {
  if (node.text == "perplexity")
    return perplexity(node);
  size_t blank = node.text.find(' ');
  Ask ask{record.modelOf(node.text.substr(blank + 1)), {}, {0, record.tokens.size()}};
  const Answer &answer = record.answers.at(ask);
  double nll = static_cast<double>(answer.nll[token]);
  return node.text.starts_with("logit ") ? static_cast<double>(answer.logsumexp[token]) - nll
                                         : -nll;
}

Value ScoreRow::readRange(const Expression::Node &node) const {
  TokenRange range = rangeOf(node.scope);
  const data::TokenizedRecord &tokens = record.tokens;
  switch (node.attribute) {
  case Attribute::Index: {
    std::vector<TokenRange> all =
        node.scope == Scope::Turn ? record.rangesOf(Scope::Turn) : tokens.spans;
    return static_cast<double>(std::ranges::find(all, range) - all.begin());
  }
  case Attribute::Tokens:
    return static_cast<double>(range.size());
  case Attribute::Text:
    return std::string(tokens.textOf(range));
  case Attribute::Role:
    return range.size() ? tokens.roleNames[tokens.roles[range.begin]] : std::string();
  default:
    return sequence.read(node);
  }
}

Value ScoreRow::readToken(const Expression::Node &node) const {
  const data::TokenizedRecord &tokens = record.tokens;
  switch (node.attribute) {
  case Attribute::Index:
  case Attribute::Position:
    return static_cast<double>(token);
  case Attribute::Id:
    return static_cast<double>(tokens.ids[token]);
  case Attribute::Role:
    return tokens.roleNames[tokens.roles[token]];
  default:
    return sequence.read(node);
  }
}

void ScoreRow::forEach(Scope inner, Scope outer, bool all,
                       const std::function<void(const Environment &)> &visit) const {
  if (inner == Scope::Sequence)
    return visit(*this);
  if (inner == Scope::Pairs) {
    for (const Pair &pair : record.pairs)
      visit(atPair(pair));
  } else if (inner == Scope::Earlier) {
    for (size_t i = record.firstPair[later]; i < record.firstPair[later + 1]; ++i)
      visit(atPair(record.pairs[i]));
  } else if (inner == Scope::Token) {
    TokenRange range = rangeOf(outer);
    for (uint32_t t = range.begin; t < range.end; ++t)
      if (all || (t > 0 && record.tokens.labels[t] != data::noLabel))
        visit(atToken(t));
  } else {
    size_t count = inner == Scope::Turn ? record.tokens.turns.size() : record.tokens.spans.size();
    for (uint32_t i = 0; i < count; ++i)
      visit(atRange(inner, i));
  }
}

double ScoreRow::draw(Scope scope, uint32_t draw) const {
  data::SeedTree draws = record.draws / "draw";
  if (scope == Scope::Token)
    draws = draws / "token" / token;
  else if (scope == Scope::Turn)
    draws = draws / "turn" / turn;
  else if (scope != Scope::Sequence && scope != Scope::Constant)
    draws = draws / spelling(scope) / span / later / earlier;
  return draws.uniform(draw);
}

} // namespace roux::score
