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
  /// What the eval found.
  void add(const CheckedDefinition &eval, const eval::EvalResult &result);
  /// What was made, for the terminal.
  std::string tableText() const { return table.text(); }
  /// Writes the page below `folder` and returns where. Throws FileError.
  std::filesystem::path write(const std::filesystem::path &folder);

private:
  void addCurves(const CheckedDefinition &train, const std::vector<train::StepMetrics> &metrics);
  void addLedger(const CheckedDefinition &train, const data::Ledger &ledger);

  const SourceManager &sources;
  report::Report page;
  RunTable table;
};

} // namespace roux
