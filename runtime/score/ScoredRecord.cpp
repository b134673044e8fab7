//===- ScoredRecord.cpp - one record, its spans, pairs and score ----------===//
//
// See the header. Indexes of spans are those of the spans that were kept.
//
//===----------------------------------------------------------------------===//
#include "runtime/score/ScoredRecord.h"

#include "runtime/data/pipeline/MarkSpans.h"
#include "runtime/score/ScoreRow.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <unordered_set>

namespace roux::score {

using data::TokenRange;

ScoredRecord::ScoredRecord(const ScoreSpec &spec, data::SeedTree draws, data::TokenizedRecord given)
    : spec(spec), draws(draws), tokens(std::move(given)) {
  if (spec.spans)
    data::markSpans(*spec.spans, draws / "spans", tokens);
  if (spec.pairs)
    drawPairs();
  collect(spec.value);
  for (const Let &let : spec.lets)
    collect(let.value);
}

/// Pair number `n` of all (later, earlier) in the order of the later one.
static Pair pairAt(uint64_t n) {
  auto later = static_cast<uint64_t>((1 + std::sqrt(1 + 8 * static_cast<double>(n))) / 2);
  while (later * (later - 1) / 2 > n)
    --later;
  while ((later + 1) * later / 2 <= n)
    ++later;
  return {static_cast<uint32_t>(later), static_cast<uint32_t>(n - later * (later - 1) / 2)};
}

void ScoredRecord::drawPairs() {
  uint64_t spans = tokens.spans.size(), all = spans * (spans - std::min<uint64_t>(spans, 1)) / 2;
  uint64_t wanted = spec.pairs->sample ? spec.pairs->sample : all;
  hasTooFewPairs = all < wanted && spec.pairs->fewerIsNone;
  wanted = hasTooFewPairs ? 0 : std::min(wanted, all);
  std::vector<uint64_t> numbers;
  if (wanted == all) {
    for (uint64_t n = 0; n < all; ++n)
      numbers.push_back(n);
  } else {
    // Without replacement (Floyd's method).
    std::unordered_set<uint64_t> taken;
    for (uint64_t i = 0; i < wanted; ++i) {
      uint64_t top = all - wanted + i, drawn = (draws / "pairs").below(top + 1, i);
      taken.insert(taken.contains(drawn) ? top : drawn);
    }
    numbers.assign(taken.begin(), taken.end());
    std::ranges::sort(numbers);
  }
  firstPair.assign(spans + 1, numbers.size());
  for (size_t i = numbers.size(); i-- > 0;) {
    pairs.insert(pairs.begin(), pairAt(numbers[i]));
    firstPair[pairs.front().later] = i;
  }
  for (size_t span = spans; span-- > 0;)
    firstPair[span] = std::min(firstPair[span], firstPair[span + 1]);
}

std::vector<TokenRange> ScoredRecord::rangesOf(Scope scope) const {
  if (scope == Scope::Sequence)
    return {{0, tokens.size()}};
  std::vector<TokenRange> ranges;
  if (scope == Scope::Span)
    ranges = tokens.spans;
  for (const data::Turn &turn : tokens.turns)
    if (scope == Scope::Turn)
      ranges.push_back(turn.tokens);
  for (const Pair &pair : pairs)
    if (scope == Scope::Later || scope == Scope::Earlier)
      ranges.push_back(tokens.spans[scope == Scope::Later ? pair.later : pair.earlier]);
  return ranges;
}

uint32_t ScoredRecord::modelOf(std::string_view name) const {
  return static_cast<uint32_t>(std::ranges::find(spec.models, name) - spec.models.begin());
}

void ScoredRecord::collect(const Expression &expression) {
  for (const Expression::Node &node : expression.nodes) {
    if (node.operation != Operation::Model)
      continue;
    if (node.text != "perplexity") {
      addAsk({modelOf(node.text.substr(node.text.find(' ') + 1)), {}, {0, tokens.size()}});
      continue;
    }
    uint32_t model = modelOf("");
    if (node.inner == Scope::Constant)
      for (TokenRange of : rangesOf(node.scope))
        addAsk({model, {}, of});
    else
      for (const Pair &pair : pairs) {
        TokenRange later = tokens.spans[pair.later], earlier = tokens.spans[pair.earlier];
        addAsk(node.scope == Scope::Later ? Ask{model, earlier, later}
                                          : Ask{model, later, earlier});
      }
  }
}

void ScoredRecord::ask(AskQueue &queue) {
  for (auto &[ask, answer] : answers)
    queue.push(tokens, ask, answer);
}

NewScore ScoredRecord::evaluate(const Environment &sequence) const {
  ScoreRow::Memory memory;
  ScoreRow whole(*this, sequence, memory);
  NewScore score;
  auto valueAt = [&](const ScoreRow &row, std::string_view what, uint64_t index) {
    double value =
        hasTooFewPairs ? std::numeric_limits<double>::quiet_NaN() : evaluateNumber(spec.value, row);
    if (!std::isnan(value))
      return value;
    if (!spec.nan)
      throw AskError(fmt::format(
          "its score '{}' is not a number{}{}; 'nan:' says what is one then", spec.name,
          what.empty() ? "" : fmt::format(" for {} {}", what, index),
          hasTooFewPairs ? fmt::format(": it has fewer pairs than {}", spec.pairs->sample) : ""));
    return *spec.nan;
  };
  switch (spec.scope) {
  case Scope::Token:
    score.tokens.assign(tokens.size(), std::numeric_limits<float>::quiet_NaN());
    for (uint32_t t = 1; t < tokens.size(); ++t)
      if (tokens.labels[t] != data::noLabel)
        score.tokens[t] = static_cast<float>(valueAt(whole.atToken(t), "token", t));
    break;
  case Scope::Span:
  case Scope::Turn:
    score.spans = rangesOf(spec.scope);
    for (uint32_t i = 0; i < score.spans.size(); ++i)
      score.numbers.push_back(valueAt(whole.atRange(spec.scope, i), spelling(spec.scope), i));
    break;
  default:
    score.numbers = {valueAt(whole, "", 0)};
  }
  return score;
}

} // namespace roux::score
