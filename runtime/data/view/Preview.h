//===- Preview.h - a step as tokens one can read --------------------------===//
//
// The most asked question about a training is what the model really sees. A preview
// is one step as it will be laid out: every token with its target, weight, position
// and segment, from plan and store alone.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/StepWeights.h"
#include "runtime/data/view/TokenText.h"

#include <string>
#include <vector>

namespace roux::data {

struct PreviewToken {
  std::string text;      ///< visible()
  std::string labelText; ///< of the label, where it is not the token itself
  std::string role;
  int32_t id = 0;
  int32_t label = noLabel; ///< what the input before must predict
  uint32_t index = 0;      ///< in the sequence as laid down
  uint32_t position = 0;
  bool isInput = true;       ///< false: a last token that is only a label
  double weight = 0;         ///< of predicting it
  std::vector<float> scores; ///< by PreviewStep::tokenScores; not a number where it has none
};

/// A score of a sequence, or those of its tokens that have one.
struct PreviewScore {
  std::string name;
  double least, most;
  bool ofTokens;
};

struct PreviewSequence {
  std::string name;
  uint32_t pack = 0, segment = 0; ///< in the step
  uint32_t offset = 0;            ///< in its pack
  uint32_t tokens = 0, positions = 0, targets = 0;
  double weight = 0;                ///< its targets' together
  std::vector<PreviewScore> scores; ///< that the store carries
  std::vector<PreviewToken> shown;
  uint32_t hiddenAt = 0, hidden = 0; ///< tokens left out behind so many shown
};

struct PreviewStep {
  uint64_t step = 0, steps = 0, planHash = 0, packCapacity = 0;
  PlannedStep counts{};
  bool weighed = true; ///< false: a model has a say in the weights
  double heaviest = 0; ///< weight of a token
  std::vector<std::string> tokenScores;
  std::vector<PreviewSequence> sequences;
};

/// Shows of a sequence longer than `tokensPerSequence` (0: no limit) its beginning and its end.
PreviewStep previewStep(const Plan &plan, const TokenStore &store, const Expression &weight,
                        const Decode &decode, uint64_t step, uint32_t tokensPerSequence);

/// As in "surprise 0.1 to 2.5 a token".
std::string scoreText(const PreviewScore &score);

/// For a terminal, or, without `colour`, for a file: targets are then set in ⟦ ⟧.
std::string previewText(const PreviewStep &step, bool colour);

/// For programs: one JSON object.
std::string previewJson(const PreviewStep &step);

/// One page without references to anything else.
std::string previewHtml(const PreviewStep &step);

} // namespace roux::data
