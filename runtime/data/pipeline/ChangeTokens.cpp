//===- ChangeTokens.cpp - spans, cuts and what is kept of a sequence ------===//
//
// These work on a consumer's tokens: lengths mean nothing before a tokenizer has
// spoken.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/MarkSpans.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/pipeline/SequenceEnvironment.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

/// The first and last tokens that `cut` leaves of `size`.
static std::pair<TokenRange, TokenRange> cutRanges(uint32_t size, uint32_t keep, Side side) {
  if (side == Side::Right)
    return {{0, keep}, {}};
  if (side == Side::Left)
    return {{size - keep, size}, {}};
  uint32_t head = keep - keep / 2;
  return {{0, head}, {size - keep / 2, size}};
}

static void cutTokens(uint32_t keep, Side side, TokenizedRecord &tokens) {
  auto [head, tail] = cutRanges(tokens.size(), keep, side);
  TokenizedRecord left = tokens.part(head);
  left.append(tokens, tail);
  // What predicts the first token behind a cut is gone.
  if (tail.size() && side == Side::Middle)
    left.labels[head.size()] = noLabel;
  else if (!left.labels.empty() && side == Side::Left)
    left.labels[0] = noLabel;
  // As the plan's rules cut: what ends in a token that is only a label goes on doing so.
  left.lastIsInput = tokens.lastIsInput;
  tokens = std::move(left);
}

void PipelineRunner::keepSpans(const DataStep &step, const Row &row, TokenizedRecord &tokens,
                               Workspace &workspace) const {
  std::vector<TokenRange> dropped;
  {
    SequenceEnvironment sequence(*this, step, row, 0, workspace, &tokens);
    for (uint32_t span = 0; span < tokens.spans.size(); ++span)
      if (numberOf(step.expression,
                   InnerEnvironment(sequence, Scope::Span, span, tokens.spans[span]),
                   "keep_spans") == 0)
        dropped.push_back(tokens.spans[span]);
  }
  // Tokens of no span stay: a BOS, a template's own words.
  TokenizedRecord left;
  uint32_t begin = 0;
  for (TokenRange span : dropped) {
    left.append(tokens, {begin, span.begin});
    begin = span.end;
  }
  left.append(tokens, {begin, tokens.size()});
  left.lastIsInput = tokens.lastIsInput;
  tokens = std::move(left);
}

void PipelineRunner::changeTokens(const Row &row, TokenizedRecord &tokens,
                                  Workspace &workspace) const {
  const DataStep &step = pipeline.steps[row.step];
  if (step.operation == DataOperation::Spans)
    return markSpans(step.spans, drawsOf(step, row), tokens);
  if (step.operation == DataOperation::Cut && tokens.size() <= step.tokens)
    return;
  uint64_t before = tokens.size(), targets = 0;
  auto countTargets = [&] {
    TokenizedRecord copy = tokens;
    applyTarget(row, copy, workspace);
    return copy.countTargets();
  };
  if (workspace.losses)
    targets = countTargets();
  if (step.operation == DataOperation::KeepSpans)
    keepSpans(step, row, tokens, workspace);
  else
    cutTokens(step.tokens, step.side, tokens);
  if (workspace.losses && tokens.size() < before)
    workspace.losses->push_back({step.construct, before - tokens.size(),
                                 targets - std::min<uint64_t>(targets, countTargets())});
}

} // namespace roux::data
