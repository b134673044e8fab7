//===- Likelihood.cpp - how likely a text is behind another ---------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Likelihood.h"

#include "runtime/data/pipeline/TokenizedRecord.h"

#include <cmath>
#include <stdexcept>

namespace roux::eval {

/// Row t reads token t and predicts the next; only those of `after` have a label.
static void append(const Continuation &each, data::MicroBatch &batch) {
  if (batch.segmentOffsets.empty())
    batch.segmentOffsets.push_back(0);
  std::vector<int32_t> ids = each.before;
  ids.insert(ids.end(), each.after.begin(), each.after.end());
  for (size_t t = 0; t + 1 < ids.size(); ++t) {
    batch.tokens.push_back(ids[t]);
    batch.labels.push_back(t + 1 < each.before.size() ? data::noLabel : ids[t + 1]);
    batch.positions.push_back(static_cast<int32_t>(t));
  }
  batch.segmentOffsets.push_back(static_cast<int64_t>(batch.size()));
}

static void measure(NllProgram &program, data::MicroBatch &batch, std::vector<double> &found) {
  if (batch.size() == 0)
    return;
  std::vector<double> nll(batch.size());
  program.nll(batch, nll);
  for (size_t segment = 0; segment + 1 < batch.segmentOffsets.size(); ++segment) {
    double sum = 0;
    for (auto row = static_cast<size_t>(batch.segmentOffsets[segment]);
         row < static_cast<size_t>(batch.segmentOffsets[segment + 1]); ++row)
      if (batch.labels[row] != data::noLabel)
        sum -= nll[row];
    if (std::isnan(sum))
      throw std::runtime_error("the likelihood of a choice is no number: the model is damaged");
    found.push_back(sum);
  }
  batch = {};
}

std::vector<double> likelihoods(NllProgram &program, std::span<const Continuation> continuations,
                                uint64_t streamTokens) {
  std::vector<double> found;
  data::MicroBatch batch;
  for (const Continuation &each : continuations) {
    if (batch.size() + each.size() > streamTokens)
      measure(program, batch, found);
    append(each, batch);
  }
  measure(program, batch, found);
  return found;
}

} // namespace roux::eval
