//===- EvalItems.h - the records of a task as items to ask ----------------===//
//
// `task(data, prompt: …)`: a record's fields fill the prompt's holes, its `answers` are
// what is expected.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/TrainingData.h"
#include "runtime/eval/scoring/LongBenchFolder.h"

namespace roux {

/// The items of the call `task`. Of `model` only what the data are read by is used; it may be
/// empty. Throws RecordError naming the record that has no answers or not what a hole names.
eval::AskedSet askedSetOf(const SourceManager &sources, const CheckedRecipe &recipe,
                          DataBuilder &builder, const CheckedValue &task, const ModelFacts &model);

} // namespace roux
