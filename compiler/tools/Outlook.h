//===- Outlook.h - what a run would do, and why ----------------------------===//
//
// `roux run --dry-run`: before a night of training begins, one wants to know which of
// it was there, and for what reason the rest is not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/EvalBuild.h"

#include <functional>

namespace roux {

/// What a run would do with `definition`, in a line, as far as it can be told before what it reads
/// is there. Only data are made; no model is asked. Throws what a run would be refused with.
std::string outlookOf(const CheckedDefinition &definition, TrainBuilder &trains,
                      EvalBuilder &evals);

} // namespace roux
