//===- RunReport.h - the page of a run -------------------------------------===//
//
// Everything a run knows about itself on one page: runs/RECIPE/report.html.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/EvalBuild.h"
#include "compiler/tools/RunTable.h"
#include "runtime/report/Report.h"

namespace roux {

class RunReport {
public:
  RunReport(const SourceManager &sources, const CheckedRecipe &recipe);

  /// The train's curves, plan and ledger.
  void add(const CheckedDefinition &train, const BuiltTrain &built);
  /// What the eval found: losses by position and source, heat maps, samples.
  void add(const CheckedDefinition &eval, const eval::EvalResult &result);
  /// How the score's values are spread.
  void add(const CheckedDefinition &score, const data::ScoreTable &table);
  /// What was made, for the terminal.
  std::string tableText() const {
    return table.text() + (costs.isEmpty() ? "" : "\n" + costs.text());
  }
  /// Writes the page below `folder` and returns where. Throws FileError.
  std::filesystem::path write(const std::filesystem::path &folder);

private:
  void addCurves(const CheckedDefinition &train, const std::vector<train::StepMetrics> &metrics,
                 const train::TrainingExtent &extent);
  /// When, where and by which command it was made.
  void addHow(const CheckedDefinition &train, const std::filesystem::path &folder);
  /// Memory and kernels of the train's step, timed where that was done in `folder`.
  void addStep(const CheckedDefinition &train, const TrainingData &data,
               const std::filesystem::path &folder);
  /// What a token costs, and what share of the machine's best was reached.
  void addSpeed(const CheckedDefinition &train, const BuiltTrain &built,
                const std::vector<train::StepMetrics> &metrics);
  /// `measured` is "task of model".
  void add(const std::string &measured, const eval::HeldOutResult &result);
  void add(const std::string &measured, const eval::NeedleResult &result);
  void add(const std::string &measured, const eval::SamplesResult &result);
  void add(const std::string &measured, const eval::ScoredResult &result);
  void addLedger(const CheckedDefinition &train, const data::Ledger &ledger);

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  report::Report page;
  RunTable table;
  RunTable costs{"length"}; ///< of trains whose steps hold one length each
};

} // namespace roux
