//===- ReadScores.cpp - scores beside the data they are scores of ---------===//
//
// A score belongs to a record, and its tokens to the content that was scored: the
// definition that the score names. Whatever is cut out of it later keeps its own.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace roux::data {

static bool makesContent(DataOperation operation) {
  using enum DataOperation;
  for (DataOperation each :
       {Read, Join, Strip, Spans, KeepSpans, Cut, Split, Ask, Pick, AsChat, CutField})
    if (operation == each)
      return true;
  return false;
}

void PipelineRunner::findScoredSteps() {
  scoredHere.resize(steps.size());
  for (size_t score = 0; score < pipeline.scores.size(); ++score) {
    const ScoreTable &table = *pipeline.scores[score];
    if (table.scope == Scope::Sequence)
      continue;
    if (consumer.tokenizer && consumer.tokenizer->contentHash() != table.tokenizer)
      throw DataError(fmt::format("score '{}' is of another tokenizer's tokens; expected models of "
                                  "one tokenizer",
                                  table.name));
    std::vector<uint32_t> open;
    for (uint32_t step = 0; step < steps.size(); ++step)
      if (pipeline.steps[step].definition == table.definition)
        open.push_back(step);
    while (!open.empty()) {
      uint32_t step = open.back();
      open.pop_back();
      const DataStep &each = pipeline.steps[step];
      if (makesContent(each.operation)) {
        scoredHere[step].push_back(score);
        continue;
      }
      size_t inputs = each.operation == DataOperation::Without ? 1 : each.inputs.size();
      open.insert(open.end(), each.inputs.begin(), each.inputs.begin() + inputs);
    }
  }
}

size_t PipelineRunner::scoreNamed(std::string_view name) const {
  for (size_t score = 0; score < pipeline.scores.size(); ++score)
    if (pipeline.scores[score]->name == name)
      return score;
  throw DataError(fmt::format("score '{}' is not known while these data are prepared", name));
}

const RecordScore &PipelineRunner::scoreOf(size_t score, const Row &row) const {
  const ScoreTable &table = *pipeline.scores[score];
  // A piece or a copy has the score of what it is a piece or a copy of.
  for (Row at = row;; at = parentOf(at)) {
    if (const RecordScore *found = table.find(at.key))
      return *found;
    if (pipeline.steps[at.step].operation == DataOperation::Read ||
        pipeline.steps[at.step].operation == DataOperation::Join)
      break;
  }
  Row whole = wholeRow(row);
  if (pipeline.steps[whole.step].operation == DataOperation::Read) {
    const RecordSource &source = *sources[whole.step];
    uint64_t key = (SeedTree(0) / source.spec().name / source.ordinal(whole.parent)).bits();
    if (const RecordScore *found = table.find(key))
      return *found;
  }
  throw RecordError(fmt::format("{}: has no score '{}': it is not among the data that were scored",
                                nameOf(row), table.name));
}

void PipelineRunner::attachScores(const Row &row, TokenizedRecord &tokens) const {
  for (size_t score : scoredHere[row.step]) {
    const RecordScore *found = pipeline.scores[score]->find(row.key);
    if (!found) // of a record that a later step leaves out, or a copy
      try {
        found = &scoreOf(score, row);
      } catch (const RecordError &) {
        continue;
      }
    tokens.scores.resize(pipeline.scores.size());
    std::vector<float> &values = tokens.scores[score];
    values.assign(tokens.size(), std::numeric_limits<float>::quiet_NaN());
    if (!found->tokens.empty() && found->tokens.size() != tokens.size())
      throw RecordError(fmt::format("{}: has {} tokens, and score '{}' is of {}", nameOf(row),
                                    tokens.size(), pipeline.scores[score]->name,
                                    found->tokens.size()));
    std::copy(found->tokens.begin(), found->tokens.end(), values.begin());
    for (size_t span = 0; span < found->spans.size(); ++span)
      for (uint32_t t = found->spans[span].begin; t < found->spans[span].end && t < tokens.size();
           ++t)
        values[t] = static_cast<float>(found->numbers[span]);
  }
}

} // namespace roux::data
