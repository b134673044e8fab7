//===- VisitTexts.cpp - the texts of a pipeline's rows --------------------===//
//
// Training a tokenizer reads what records say before anything can be tokenized.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include <cassert>
#include <fmt/format.h>

namespace roux::data {

void PipelineRunner::visitTexts(const std::function<void(std::string_view)> &visit) const {
  assert(stepsHaveRun && "without runSteps() there are no rows");
  Workspace workspace = makeWorkspace();
  for (const Row &row : steps.back().rows) {
    if (!isWhole(row))
      throw DataError(fmt::format("{}: '{}' works on tokens; texts have none yet", nameOf(row),
                                  spelling(pipeline.steps[row.step].operation)));
    const Record &each = record(row, workspace);
    for (const Message &message : each.messages)
      visit(message.content);
    if (!each.document.empty())
      visit(each.document);
  }
}

} // namespace roux::data
