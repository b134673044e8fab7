//===- EvalAsk.h - items put to a model, answers kept ---------------------===//
//
// `longbench(…)` and `task(…)`: the same prompts for a model that is here and for one
// behind an endpoint. Answers are kept in LongBench's own form before they are
// scored, so that what was asked once is scored as often as one likes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/Models.h"
#include "compiler/tools/EvalPredictions.h"
#include "runtime/endpoint/Endpoint.h"
#include "runtime/eval/Generate.h"
#include "runtime/eval/HeldOutLoss.h"
#include "runtime/eval/scoring/LongBenchChat.h"
#include "runtime/eval/scoring/LongBenchFolder.h"

namespace roux {

/// How the items of one data set are asked.
struct AskRules {
  uint64_t length = 0; ///< longest prompt, before the template; 0: no limit
  std::vector<std::string> stops = {};
  bool endsAtLine = false; ///< a line end ends an answer, but is not its first token
  bool asUser = false;     ///< by the model's template, where it has one
  bool perByte = false;    ///< a choice's likelihood is held against its length
};

/// A `longbench(…)`, `longbench_chat(…)` or `task(…)`, read and ready.
struct AskTask {
  const CheckedArgument *task;
  std::vector<ScoredSet> sets;
  std::vector<eval::AskedSet> asked;                    ///< as many
  std::vector<AskRules> rules;                          ///< as many
  std::shared_ptr<const eval::LongBenchChat> chat = {}; ///< where a judge gives the marks
  const CheckedValue *judge = nullptr;                  ///< that judge
};

/// What asking did to the prompts of one set.
struct AskNotes {
  uint64_t items = 0, cut = 0, noRoom = 0, refused = 0;
  std::string firstRefusal = {};
};

/// Who answers.
class Asker {
public:
  virtual ~Asker() = default;
  /// One answer an item, in order.
  virtual std::vector<std::string> answers(const eval::AskedSet &set, const AskRules &rules,
                                           AskNotes &notes) = 0;
  /// Changes with what it answers.
  virtual std::string identity() const = 0;
};

/// `model`, `nll` and `facts`, which has a tokenizer, must outlive it.
std::unique_ptr<Asker> localAsker(eval::LanguageModel &model, eval::NllProgram &nll,
                                  const ModelFacts &facts, std::string identity);
/// `name` is the model's.
std::unique_ptr<Asker> endpointAsker(endpoint::Endpoint &endpoint, std::string name);

/// The answers of a task's sets, a file each in `folder`, and what became of the prompts.
struct KeptPredictions {
  std::filesystem::path folder;
  std::string truncation;
};

/// Asks what is not answered in `folder` yet and keeps it there. `identity` is the task's: it
/// changes with its items and prompts.
KeptPredictions askAll(const AskTask &task, const std::string &identity, Asker &asker,
                       const std::filesystem::path &folder);

/// The answers in the file of the first set.
std::vector<std::string> keptAnswersOf(const AskTask &task, const KeptPredictions &kept);

/// The endpoint of the call `value`, its answers kept below `output`. Throws RefusedRecipe where
/// its key is not set.
std::unique_ptr<endpoint::Endpoint> openEndpoint(const SourceManager &sources,
                                                 const CheckedValue &value,
                                                 const std::filesystem::path &output);

} // namespace roux
