//===- AnswerLikelihood.cpp - how likely a model finds the answers --------===//
//
// Answers are laid end to end until a stream is worth a launch, each a segment with its
// prompt before it.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/AnswerLikelihood.h"

#include "runtime/data/plan/RowScope.h"
#include "runtime/train/PairMetrics.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>

namespace roux::eval {

namespace {

/// Some answers on their way through the model together.
class AnswerStream {
public:
  AnswerStream(NllProgram &program, const data::TokenStore &store)
      : program(program), store(store), found(store.sequences().size()) {}

  size_t size() const { return batch.size(); }
  void append(uint32_t pair);
  /// Adds up what was appended and forgets it.
  void flush();
  data::PairReference finish() &&;

private:
  NllProgram &program;
  const data::TokenStore &store;
  data::PairReference found;
  data::MicroBatch batch;
  std::vector<double *> sums; ///< where each row's log-probability belongs
  std::vector<double> nll;
};

} // namespace

void AnswerStream::append(uint32_t pair) {
  data::SequenceView view = store.view(pair);
  if (view.spans.size() != 2)
    throw std::runtime_error(fmt::format("{} is no pair of answers", store.name(pair)));
  if (batch.segmentOffsets.empty())
    batch.segmentOffsets.push_back(0);
  for (size_t which = 0; which < 2; ++which) {
    data::TokenRange answer = view.spans[which];
    // Row t predicts token t + 1; the last one of an answer nothing.
    for (uint32_t t = answer.begin; t < answer.end; ++t) {
      batch.tokens.push_back(view.ids[t]);
      batch.labels.push_back(t + 1 < answer.end ? view.labels[t + 1] : data::noLabel);
      batch.positions.push_back(static_cast<int32_t>(t - answer.begin));
      sums.push_back(&found[pair][which]);
    }
    batch.segmentOffsets.push_back(static_cast<int64_t>(batch.size()));
  }
}

void AnswerStream::flush() {
  if (batch.size() == 0)
    return;
  nll.assign(batch.size(), 0);
  program.nll(batch, nll);
  for (size_t row = 0; row < batch.size(); ++row)
    if (batch.labels[row] != data::noLabel)
      *sums[row] -= nll[row];
  batch = {};
  sums.clear();
}

data::PairReference AnswerStream::finish() && {
  flush();
  for (uint32_t pair = 0; pair < found.size(); ++pair)
    for (double logp : found[pair])
      if (!std::isfinite(logp))
        throw std::runtime_error(
            fmt::format("the log-probability of an answer of {} is {}", store.name(pair), logp));
  return std::move(found);
}

static bool hasLonger(const data::SequenceView &pair, uint64_t context) {
  return std::ranges::any_of(pair.spans,
                             [&](data::TokenRange answer) { return answer.size() > context; });
}

data::PairReference answerLikelihoods(NllProgram &program, const data::TokenStore &store,
                                      uint64_t context, uint64_t streamTokens) {
  AnswerStream stream(program, store);
  for (uint32_t pair = 0; pair < store.sequences().size(); ++pair) {
    if (hasLonger(store.view(pair), context))
      continue;
    if (stream.size() + store.sequences()[pair].tokens > streamTokens)
      stream.flush();
    stream.append(pair);
  }
  return std::move(stream).finish();
}

namespace {

/// A pair as its loss sees it: what the plan knows, and what the model says.
class PairRow final : public Environment {
public:
  PairRow(const data::RowScope &plan, const std::array<double, 2> &logp) : plan(plan), logp(logp) {}

  Value read(const Expression::Node &node) const override {
    if (node.attribute == Attribute::LogP)
      return logp[node.scope == Scope::Chosen ? 0 : 1];
    return plan.read(node);
  }
  void forEach(Scope inner, Scope outer, bool all,
               const std::function<void(const Environment &)> &visit) const override {
    plan.forEach(inner, outer, all, visit);
  }
  double draw(Scope scope, uint32_t draw) const override { return plan.draw(scope, draw); }

private:
  const data::RowScope &plan;
  const std::array<double, 2> &logp;
};

} // namespace

HeldOutResult heldOutPairs(NllProgram &program, const data::TokenStore &store,
                           const Expression &loss, const data::PairReference *reference) {
  data::PairReference answers = answerLikelihoods(program, store, UINT64_MAX);
  data::PlanInput input(store);
  input.reference = reference;
  LossGroups losses;
  Preference preference;
  for (uint32_t pair = 0; pair < answers.size(); ++pair) {
    data::PlacedSequence placed{};
    placed.sequence = pair;
    placed.end = placed.positions = store.sequences()[pair].tokens;
    data::RowScope plan(input, placed, data::SeedTree(0));
    const std::string &source = store.sources()[store.sequences()[pair].source];
    losses.add(0, source, evaluateNumber(loss, PairRow(plan, answers[pair])));
    data::SequenceView view = store.view(pair);
    double targets[2];
    for (size_t which = 0; which < 2; ++which)
      targets[which] = view.labels.count(view.spans[which]);
    double margin = train::marginOf(answers[pair],
                                    reference ? std::span<const double>((*reference)[pair])
                                              : std::span<const double>(),
                                    targets);
    preference.margin += margin;
    preference.accuracy += margin > 0;
  }
  double pairs = std::max<double>(1, static_cast<double>(answers.size()));
  preference.margin /= pairs;
  preference.accuracy /= pairs;
  HeldOutResult result = resultOf(losses);
  result.byPosition.clear();
  result.pairs = preference;
  return result;
}

} // namespace roux::eval
