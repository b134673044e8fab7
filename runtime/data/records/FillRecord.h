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

/// True of null, "", [], {} and false: a key that is there without saying anything.
bool isEmpty(const Field &field);

} // namespace roux::data
