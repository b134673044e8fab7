//===- ModelColumns.cpp - what a launch reads beside the tensors ----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/ModelColumns.h"

#include "runtime/AttentionForm.h"
#include "runtime/LaunchLists.h"

#include <numeric>

namespace roux::train {

/// Tokens, labels and positions, each with the rows of every value that occurs.
static void bindTokens(Launch &launch, const StreamColumns &columns) {
  Extents &extents = launch.bindings.extents;
  const std::pair<const char *, std::span<const int32_t>> indexed[] = {
      {"token", columns.tokens}, {"label", columns.labels}, {"position", columns.positions}};
  for (const auto &[name, values] : indexed) {
    std::string prefix = name;
    TokenGroups found = groupTokens(values);
    launch.bind<int32_t>(name, values);
    launch.bind<int32_t>(prefix + ".ids", found.ids);
    launch.bind<int32_t>(prefix + ".starts", found.starts);
    launch.bind<int32_t>(prefix + ".members", found.members);
    extents[prefix + ".distinct"] = static_cast<int64_t>(found.ids.size());
    extents[prefix + ".starts"] = static_cast<int64_t>(found.starts.size());
  }
}

/// The rows that have targets, and of pairs where each answer is.
static void bindTargets(Launch &launch, const StreamColumns &columns) {
  Extents &extents = launch.bindings.extents;
  TargetRows targets = targetRows(columns.labels);
  launch.bind<int32_t>(targetName, targets.rows);
  launch.bind<int32_t>(targetPlaceName, targets.places);
  extents[targetCountName] = static_cast<int64_t>(targets.rows.size());
  if (columns.arePairs) {
    AnswerRows answers = answerRows(columns.segments, columns.labels);
    launch.bind<int32_t>(answerName, answers.answers);
    launch.bind<int32_t>(answerBeginName, answers.begins);
    launch.bind<int32_t>(answerEndName, answers.ends);
    extents[pairCountName] = static_cast<int64_t>(answers.begins.size() / 2);
  }
}

static void bindAttention(Launch &launch, const StreamColumns &columns,
                          const model::ModelConfig &shape, const TargetDescription &target) {
  Extents &extents = launch.bindings.extents;
  std::vector<AttentionWork> queries =
      attentionWork(columns.segments, static_cast<int32_t>(shape.heads),
                    static_cast<int32_t>(target.attentionRows));
  launch.bind<AttentionWork>(queryWorkName, queries);
  extents[queryWorkName] = static_cast<int64_t>(queries.size());
  GradientLists gradient = gradientLists(
      columns.segments, static_cast<int32_t>(shape.keyValueHeads),
      static_cast<int32_t>(target.attentionPart), static_cast<int32_t>(target.attentionItems));
  launch.bind<GradientWork>(gradientWorkName, gradient.work);
  launch.bind<QuerySums>(querySumsName, gradient.sums);
  extents[gradientWorkName] = static_cast<int64_t>(gradient.work.size());
  extents[querySumsName] = static_cast<int64_t>(gradient.sums.size());
  extents[partialRowsName] = gradient.partialRows;
  extents[workspaceName] = workspaceSteps(extents["tokens"]);
}

void bindColumns(Launch &launch, const StreamColumns &columns, const model::ModelConfig &shape,
                 const TargetDescription &target) {
  Extents &extents = launch.bindings.extents;
  extents["tokens"] = static_cast<int64_t>(columns.tokens.size());
  bindTokens(launch, columns);
  launch.bind<int32_t>(lengthName, sequenceLengths(columns.segments, columns.labels));
  bindTargets(launch, columns);
  bindAttention(launch, columns, shape, target);
  launch.bindings.segments = columns.segments;
  if (!columns.noise.empty()) {
    std::vector<float> numbers(shape.layers);
    std::iota(numbers.begin(), numbers.end(), 0.0f);
    launch.bind(noiseName, columns.noise);
    launch.bind<float>(layerNumbersName, numbers);
  }
  for (const WeightValues &input : columns.inputs) {
    if (input.perToken)
      launch.bind<double>(weightPrefix + input.name, input.values);
    else
      launch.bindings.scalars[weightPrefix + input.name] = input.values.at(0);
  }
}

void bindCached(Launch &launch, const CachedColumns &columns, const model::ModelConfig &shape,
                const TargetDescription &target, int64_t block) {
  std::vector<int32_t> positions, slots, last, lengths;
  for (size_t s = 0; s < columns.begins.size(); ++s) {
    for (int32_t at = columns.segments[s]; at < columns.segments[s + 1]; ++at) {
      positions.push_back(columns.lengths[s] + at - columns.segments[s]);
      slots.push_back(columns.begins[s] + positions.back());
      lengths.push_back(columns.spans[s]);
    }
    last.push_back(columns.segments[s + 1] - 1);
  }
  bool grouped = block == 1 && target.attentionGroups();
  std::vector<AttentionWork> items =
      cachedWork(columns.segments, columns.begins, columns.lengths,
                 static_cast<int32_t>(grouped ? shape.keyValueHeads : shape.heads),
                 static_cast<int32_t>(block));
  launch.bind("token", columns.tokens);
  launch.bind<int32_t>("position", positions);
  launch.bind<int32_t>("slot", slots);
  launch.bind<int32_t>(lengthName, lengths);
  launch.bind<int32_t>("last", last);
  launch.bind<AttentionWork>(cachedWorkName, items);
  Extents &extents = launch.bindings.extents;
  extents["tokens"] = static_cast<int64_t>(columns.tokens.size());
  extents["sequences"] = static_cast<int64_t>(last.size());
  extents[cachedWorkName] = static_cast<int64_t>(items.size());
}

} // namespace roux::train
