//===- Layout.h - which layout a record has, told from its keys -----------===//
//
// Data sets name the same things differently. A record is brought into messages,
// a document or ids here; a key that would be lost in doing so is refused.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"

#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// Completes a record whose members have been read: decides the layout (unless `wanted` does) and
/// fills messages, document or ids from the fields. Throws RecordProblem, naming the keys found,
/// when the record has no layout of `kind`, or a key that is read stands in `duplicates`.
void applyLayout(SourceKind kind, Layout wanted, const std::vector<std::string> &duplicates,
                 Record &record);

/// The text of `content: [{"type": "text", "text": …}, …]`. Throws RecordProblem for a part that is
/// not text: nothing here can train on an image.
std::string_view joinParts(std::string_view json, Record &record);

} // namespace roux::data
