//===- PairRecord.h - a prompt with a chosen and a rejected answer --------===//
//
// Preferences are published in a few shapes: texts beside a prompt, answers beside
// messages, or two whole conversations that begin alike. All become two conversations.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Layout.h"

namespace roux::data {

/// True of the keys that say what a pair is.
bool isPairKey(std::string_view key);

/// Fills `messages` and `rejected` of `draft.record`; only what follows what they have in common is
/// trained. Throws RecordProblem for a record that is no pair: an answer that is missing, two that
/// are the same, or no prompt.
void fillPair(RecordDraft &draft);

} // namespace roux::data
