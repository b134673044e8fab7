//===- Layout.h - which layout a record has, told from its keys -----------===//
//
// Data sets name the same things differently. A record is brought into messages,
// a document or ids here; what would be lost in doing so is refused, and so is a
// record that could be read in two ways.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/records/Record.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// A list of numbers of a `tokens` record.
struct NumberList {
  std::string_view name; ///< what it is
  bool isIds = false;    ///< never negative
  std::string_view key{};
  bool given = false;
  std::vector<int32_t> values{};

  void clear() { key = {}, given = false, values.clear(); }
};

/// A record whose members have been read, before it is known what they are.
struct RecordDraft {
  Record &record;
  std::string_view json{}; ///< all of it
  /// The lists of messages, by key.
  std::vector<std::pair<std::string_view, std::vector<Message>>> lists{};
  std::array<NumberList, 8> numbers{{{"ids", true},
                                     {"input_ids", true},
                                     {"tokens", true},
                                     {"labels"},
                                     {"attention_mask"},
                                     {"loss_mask"},
                                     {"position_ids"},
                                     {"segment_ids"}}};
  /// Keys read twice; JSON allows it, but then what the record says is anybody's guess.
  std::vector<std::string> duplicates{};

  void clear();
};

/// The list that `key` names, or null.
NumberList *findNumbers(RecordDraft &draft, std::string_view key);

/// Decides the layout (unless `wanted` does) and fills messages, document or ids. Throws
/// RecordProblem, naming keys, when the record has no layout of `kind` or more than one, or a key
/// that would be lost and may not.
void applyLayout(SourceKind kind, Layout wanted, RecordDraft &draft);

/// The text of `content: [{"type": "text", "text": …}, …]`. Throws RecordProblem for a part that is
/// not text: nothing here can train on an image.
std::string_view joinParts(std::string_view json, Record &record);

} // namespace roux::data
