//===- FillRecord.h - the values of a layout's keys, put in their place ---===//
//
// The half of Layout.h that knows what each key means once the layout is known.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Layout.h"

namespace roux::data {

/// Fills messages, document or ids of `draft.record`, whose layout is decided. Throws RecordProblem
/// for values that contradict each other or would be lost.
void fillRecord(RecordDraft &draft);

/// The messages under `key`, a list of them or one alone, which are taken out of the draft; none if
/// there is no such key. Throws RecordProblem.
std::vector<Message> takeMessages(RecordDraft &draft, std::string_view key);

/// Puts a `system` beside the messages in front of `messages`. Throws RecordProblem.
void addSystem(const Record &record, std::vector<Message> &messages);

/// ShareGPT's names for who speaks as a chat template knows them; others as they are.
std::string_view roleOf(std::string_view from);

/// True of null, "", [], {} and false: a key that is there without saying anything.
bool isEmpty(const Field &field);

} // namespace roux::data
