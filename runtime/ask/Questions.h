//===- Questions.h - what one record is asked -----------------------------===//
//
// Prompt and chunk are drawn from the record's place in the tree of seeds, so a record
// is asked the same in every run and beside any other records.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/data/pipeline/AskRule.h"
#include "runtime/data/records/Record.h"
#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::ask {

/// A question about one record, and what was drawn for it.
struct RecordQuestion {
  std::string field;
  std::string promptName; ///< of several prompts the one that was drawn; else empty
  std::string prompt;     ///< filled
};

struct RecordQuestions {
  uint64_t key = 0;               ///< Row::key
  std::string name;               ///< "FILE:LINE"
  data::ByteRange chunk = {0, 0}; ///< of the document
  std::string chunkText;          ///< empty where the prompts see all of it
  std::vector<RecordQuestion> questions;
};

/// The questions of `rule` about `record`; `{document}` is the chunk, where one is drawn. `draws`
/// is the record's place. Throws RecordError without a place for what the record has not, and for a
/// chunk of something that is no text.
RecordQuestions questionsOf(const data::AskRule &rule, const data::Record &record,
                            data::SeedTree draws, const data::Tokenizer *tokenizer);

} // namespace roux::ask
