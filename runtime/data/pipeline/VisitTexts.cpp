//===- VisitTexts.cpp - the texts of a pipeline's rows --------------------===//
//
// Training a tokenizer reads what records say before anything can be tokenized.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include <cassert>
#include <fmt/format.h>

namespace roux::data {

void PipelineRunner::visitRecords(
    const std::function<void(const Record &, const std::string &)> &visit) {
  assert(stepsHaveRun && "without runSteps() there are no rows");
  Workspace workspace = makeWorkspace();
  for (const Row &row : steps.back().rows) {
    if (!isWhole(row))
      throw DataError(fmt::format("{}: '{}' works on tokens; texts have none yet", nameOf(row),
                                  spelling(pipeline.steps[row.step].operation)));
    const Record *read = nullptr;
    try {
      read = &record(row, workspace);
    } catch (...) {
      std::string problem = problemOf(row);
      if (!skips(row))
        throw RecordError(problem);
      ledger.add(Fate::Malformed,
                 fmt::format("{}: on_error: skip", sources[sourceOf(row)]->spec().name), 1, 0, 0,
                 problem);
      continue;
    }
    visit(*read, nameOf(row));
  }
}

void PipelineRunner::visitTexts(const std::function<void(std::string_view)> &visit) {
  visitRecords([&](const Record &each, const std::string &) {
    for (const Message &message : each.messages)
      visit(message.content);
    if (!each.document.empty())
      visit(each.document);
  });
}

} // namespace roux::data
