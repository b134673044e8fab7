//===- RunTable.h - what a run made, a model a row ------------------------===//
//
// The last thing `roux run` prints and the first table of its report: what the
// training cost beside what came of it, so that ways to train can be compared.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/view/DataSummary.h"
#include "runtime/eval/EvalResult.h"
#include "runtime/report/Report.h"
#include "runtime/train/MetricsFile.h"

#include <map>

namespace roux {

class RunTable {
public:
  explicit RunTable(std::string heading = "model") : heading(std::move(heading)) {}

  /// Steps, tokens, what a step holds, speed and loss of a train. The last loss is the mean over
  /// the last tenth of the steps: one step's depends on what it happened to hold. `devices`: as
  /// many as would compute a step side by side, for what they would wait for one another.
  void add(const std::string &train, const std::vector<train::StepMetrics> &metrics,
           const data::DataSummary &summary, const data::Plan &plan, uint64_t devices);
  /// What steps of each length cost, of a train whose steps hold one length each: a row a length.
  void addLengths(const std::string &train, const std::vector<train::StepMetrics> &metrics,
                  const data::Plan &plan);
  /// What an eval found: mean losses, by source too where there are several, and needles found.
  void add(const std::string &model, const eval::EvalResult &result);
  /// A result under the name `column`, in the row of `model`; both are made when they are new.
  void add(const std::string &model, const std::string &column, const std::string &value);

  /// Cells for which there is no value are empty.
  report::Table table() const;
  /// The same in columns of equal width, a line a row.
  std::string text() const;
  bool isEmpty() const { return names.empty(); }

private:
  std::string heading; ///< of the rows' names
  std::vector<std::string> columns, names;
  std::map<std::string, std::map<std::string, std::string>> rows;
};

} // namespace roux
