//===- EvalTasks.h - the measurements of an eval, ready to be made --------===//
//
// Everything an eval needs besides its model: data tokenized, haystacks read, what
// cannot be refused at its line. Done before any training, because a typo in a
// length should not cost a night.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/TrainingData.h"
#include "compiler/tools/EvalAsk.h"
#include "runtime/eval/Recall.h"

#include <string>
#include <variant>
#include <vector>

namespace roux {

struct LossTask {
  std::filesystem::path store;
  const CheckedDefinition *pairsOf = nullptr; ///< of pairs: the train whose loss is measured
};

struct NeedleTask {
  std::string haystack; ///< as much of it as the longest test needs
  eval::NeedleOptions options;
  std::string prompt, system;          ///< the author's own; empty: document, then question
  const CheckedValue *judge = nullptr; ///< the model that marks the answers; null: exact
};

struct RecallTask {
  std::string haystack; ///< as much of it as the longest test needs
  eval::RecallOptions options;
};

struct SamplesTask {
  std::vector<std::string> prompts;
  bool asUser = false; ///< a prompt is what a user says, and not the beginning of a text
  eval::GenerateOptions generation;
};

struct EvalTask {
  std::string name; ///< the author's
  std::variant<LossTask, NeedleTask, RecallTask, SamplesTask, AskTask> what;
  std::string identity; ///< changes with the data that it is measured on
};

struct EvalTasks {
  ModelFacts model;
  const CheckedValue *endpoint =
      nullptr;                 ///< the model, where it is elsewhere; `model` is empty then
  std::vector<EvalTask> tasks; ///< as written
};

/// Which of an eval's tasks.
enum class WhichTasks : uint8_t { All, Losses };

/// Throws RefusedRecipe for a task that this build does not run or that cannot be: a test longer
/// than the model's context or than the haystack, data without targets, sequences beyond the
/// context.
EvalTasks tasksOf(const SourceManager &sources, const CheckedRecipe &recipe,
                  const CheckedDefinition &eval, DataBuilder &data,
                  WhichTasks which = WhichTasks::All);

/// How the model of `facts`, which must have a tokenizer and outlive this, is asked.
eval::NeedleText textOf(const ModelFacts &facts);
/// The same with the prompts of `task`.
eval::NeedleText needleTextOf(const ModelFacts &facts, const NeedleTask &task);

/// The ids before an answer: `prompt` as a user's words where `asUser`, else as it stands; before
/// it `system`, unless that is empty. Throws RecordError where there is no template.
std::vector<int32_t> promptOf(const ModelFacts &facts, const std::string &prompt, bool asUser,
                              const std::string &system = {});

/// The ids after which an answer is over, and no part of it.
std::vector<int32_t> answerEndsOf(const ModelFacts &facts);

} // namespace roux
