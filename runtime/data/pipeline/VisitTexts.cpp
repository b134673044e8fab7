//===- VisitTexts.cpp - the texts of a pipeline's rows --------------------===//
//
// Training a tokenizer reads what records say before anything can be tokenized,
// one text at a time: a corpus is larger than memory.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"

#include <cassert>
#include <fmt/format.h>

namespace roux::data {

/// The record of row `number`; null where it cannot be read and its source skips.
const Record *PipelineRunner::recordToVisit(uint64_t number, Workspace &workspace) {
  Row row = steps.back()[number];
  if (!isWhole(row))
    throw DataError(fmt::format("{}: '{}' works on tokens; texts have none yet", nameOf(row),
                                spelling(pipeline.steps[row.step].operation)));
  try {
    return &record(row, workspace);
  } catch (...) {
    countProblem(row, skippedProblem(row));
    return nullptr;
  }
}

void PipelineRunner::visitRecords(
    const std::function<void(const Record &, const Row &, const std::string &)> &visit) {
  assert(stepsHaveRun && "without runSteps() there are no rows");
  Workspace workspace = makeWorkspace();
  for (uint64_t row = 0; row < size(); ++row)
    if (const Record *read = recordToVisit(row, workspace))
      visit(*read, rows()[row], nameOf(rows()[row]));
  checkUnchanged();
}

std::function<bool(std::string &)> PipelineRunner::texts() {
  assert(stepsHaveRun && "without runSteps() there are no rows");
  struct Place {
    Workspace workspace;
    uint64_t row = 0;
    std::vector<std::string> texts = {}; ///< of the row before
    size_t text = 0;
  };
  auto at = std::make_shared<Place>(Place{makeWorkspace()});
  return [this, at](std::string &text) {
    while (at->text == at->texts.size()) {
      if (at->row == size()) {
        checkUnchanged();
        return false;
      }
      at->texts.clear();
      at->text = 0;
      const Record *read = recordToVisit(at->row++, at->workspace);
      if (!read)
        continue;
      for (const std::vector<Message> *messages : {&read->messages, &read->rejected})
        for (const Message &message : *messages)
          at->texts.emplace_back(message.content);
      if (!read->document.empty())
        at->texts.emplace_back(read->document);
    }
    text = std::move(at->texts[at->text++]);
    return true;
  };
}

} // namespace roux::data
