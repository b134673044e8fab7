//===- DataFlow.h - a data definition as a pipeline -----------------------===//
//
// The runtime's pipelines are plain values that know nothing of recipes; this is
// the one place where constructs of the language become operations on records.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/data/pipeline/DataPipeline.h"

namespace roux {

/// An `ask(…)` and the step that it is.
struct AskSite {
  uint32_t step;
  const CheckedValue *call;
};

/// What happens to the records of `data`, a value that is or names data: every definition it reads,
/// once each, then its own operations. The steps of `ask` have no answers yet: they go to `asks`.
data::DataPipeline pipelineOf(const SourceManager &sources, const CheckedRecipe &recipe,
                              const CheckedValue &data, std::vector<AskSite> &asks);

} // namespace roux
