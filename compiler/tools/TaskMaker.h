//===- TaskMaker.h - a recipe's measurements, each from its line ----------===//
//
// One function a kind of task: it reads data and files, and refuses at its line what
// cannot be measured. They stand in EvalTasks, EvalNeedle and EvalQuestions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/EvalTasks.h"

namespace roux {

/// What every task is made from.
struct TaskMaker {
  const SourceManager &sources;
  const CheckedRecipe &recipe;
  const CheckedDefinition &eval;
  DataBuilder &data;
  const ModelFacts &model;
  bool isElsewhere; ///< the model is an endpoint, and has no facts

  EvalTask loss(const CheckedArgument &task) const;
  EvalTask samples(const CheckedArgument &task) const;
  // EvalNeedle.cpp
  EvalTask needle(const CheckedArgument &task) const;
  EvalTask recall(const CheckedArgument &task) const;
  // EvalQuestions.cpp
  EvalTask longbench(const CheckedArgument &task) const;
  EvalTask longbenchChat(const CheckedArgument &task) const;
  EvalTask task(const CheckedArgument &task) const;

  /// The target that an eval counts: its own, or the one of the train that its model names.
  const Expression &target() const;
  /// Adds the numbers of a value that is one, a list or spread(…).
  void addNumbers(const CheckedValue &value, std::vector<double> &numbers) const;
  /// The values of `lengths:`, each once, rising.
  std::vector<uint64_t> lengthsOf(const CheckedValue &call) const;
  eval::NeedleOptions needleOptions(const CheckedValue &call) const;
  /// Texts of `value`, one after the other, until there are `tokens` tokens or no more.
  std::string haystack(const CheckedValue &value, uint64_t tokens) const;
  /// Changes with what turns a question into ids.
  std::string asked() const;
  /// Longest prompt of `call`, whose answers have up to `answer` tokens; 0: no limit. Without
  /// `length:` the first of `published` that the context has room for.
  uint64_t promptLength(const CheckedValue &call, uint64_t answer,
                        std::span<const uint64_t> published) const;
  /// `ask`, whose identity is what is asked and how.
  EvalTask asking(AskTask ask) const;
  /// Who gives marks for the call `task`; null where none does.
  const CheckedValue *judgeOf(const CheckedValue &call) const;
};

} // namespace roux
