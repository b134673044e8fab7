//===- AskQueue.cpp - many short questions in one launch ------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/score/AskQueue.h"

#include <fmt/format.h>
#include <limits>

namespace roux::score {

/// Inputs of a launch: enough to keep every thread busy, and little beside a model.
static constexpr uint64_t streamTokens = 8192;

AskQueue::AskQueue(std::vector<train::ModelProgram *> models, std::optional<uint32_t> overlap)
    : models(std::move(models)), overlap(overlap), segments(this->models.size()) {}

void AskQueue::push(const data::TokenizedRecord &record, const Ask &ask, Answer &answer) {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  answer.nll.assign(ask.of.size(), none);
  answer.logsumexp.assign(ask.of.size(), none);
  if (ask.of.size() < 2)
    return;
  auto context = static_cast<uint64_t>(models[ask.model]->config().context);
  Segment whole{&record, ask.given, ask.of, ask.of.begin + 1, ask.of.begin, &answer};
  if (whole.inputs() > context && (ask.given.size() > 0 || !overlap))
    throw AskError(fmt::format("{} tokens are longer than the model's context of {}{}",
                               whole.inputs() + 1, context,
                               ask.given.size() > 0 ? ""
                                                    : "; 'windows:' of the score reads them in "
                                                      "pieces"));
  if (whole.inputs() > context && *overlap >= context)
    throw AskError(fmt::format("windows that share {} tokens do not move in a context of {}",
                               *overlap, context));
  for (Segment window = whole;; window.of.begin = window.first - *overlap) {
    if (window.inputs() > context)
      window.of.end = static_cast<uint32_t>(window.of.begin + context + 1);
    segments[ask.model].push_back(window);
    tokens += window.inputs();
    window.first = window.of.end;
    if (window.of.end == ask.of.end)
      return;
    window.of.end = ask.of.end;
  }
}

void AskQueue::launch(train::ModelProgram &model, std::span<const Segment> asked) {
  std::vector<int32_t> inputs, labels, positions;
  train::StreamColumns columns;
  columns.segments.push_back(0);
  for (const Segment &segment : asked) {
    std::vector<int32_t> ids, targets;
    for (uint32_t t = segment.given.begin; t < segment.given.end; ++t) {
      ids.push_back(segment.record->ids[t]);
      targets.push_back(data::noLabel);
    }
    for (uint32_t t = segment.of.begin; t < segment.of.end; ++t) {
      ids.push_back(segment.record->ids[t]);
      targets.push_back(t >= segment.first ? segment.record->labels[t] : data::noLabel);
    }
    inputs.insert(inputs.end(), ids.begin(), ids.end() - 1);
    labels.insert(labels.end(), targets.begin() + 1, targets.end());
    for (size_t i = 0; i + 1 < ids.size(); ++i)
      positions.push_back(static_cast<int32_t>(i));
    columns.segments.push_back(static_cast<int32_t>(inputs.size()));
  }
  columns.tokens = inputs, columns.labels = labels, columns.positions = positions;
  train::ModelProgram::LabelScores found = model.scores(columns);
  for (size_t s = 0; s < asked.size(); ++s) {
    const Segment &segment = asked[s];
    // The input before token t of the segment predicts it.
    size_t row = static_cast<size_t>(columns.segments[s]) + segment.given.size() - 1;
    for (uint32_t t = segment.of.begin; t < segment.of.end; ++t, ++row)
      if (t >= segment.first && segment.record->labels[t] != data::noLabel) {
        segment.answer->nll[t - segment.begin] = static_cast<float>(found.nll[row]);
        segment.answer->logsumexp[t - segment.begin] = static_cast<float>(found.logsumexp[row]);
      }
  }
}

void AskQueue::flush() {
  for (size_t model = 0; model < models.size(); ++model) {
    std::span<const Segment> left(segments[model]);
    while (!left.empty()) {
      size_t count = 0;
      for (uint64_t inputs = 0; count < left.size(); ++count)
        if (inputs += left[count].inputs(); count > 0 && inputs > streamTokens)
          break;
      launch(*models[model], left.first(count));
      left = left.subspan(count);
    }
    segments[model].clear();
  }
  tokens = 0;
}

} // namespace roux::score
