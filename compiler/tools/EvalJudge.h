//===- EvalJudge.h - answers marked by a model ----------------------------===//
//
// A judge says a number from 1 to 10 in [[ ]]. What it says is in the journal, so a
// judge is paid for an answer once. An answer that it gave no mark is counted, and is
// no part of the mean.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/Answerer.h"
#include "runtime/eval/EvalResult.h"
#include "runtime/eval/scoring/LongBenchChat.h"

#include <optional>

namespace roux {

/// The marks of what `questions` ask about, none where the judge gave none. Throws
/// std::runtime_error, with what it said, where it gave no mark at all.
std::vector<std::optional<double>> marksOf(Answerer &judge, const std::string &name,
                                           std::vector<endpoint::Question> questions);

/// Marks the answers of `cells` with a tenth of what the judge says, NaN for none.
void markNeedles(Answerer &judge, const std::string &name, const eval::NeedleOptions &options,
                 std::vector<eval::NeedleCell> &cells);

/// Marks LongBench-Chat's `answers`, one a case.
eval::ScoredResult markChat(Answerer &judge, const std::string &name,
                            const eval::LongBenchChat &chat, std::span<const std::string> answers,
                            std::string truncation);

} // namespace roux
