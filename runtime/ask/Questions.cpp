//===- Questions.cpp - what one record is asked ---------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/ask/Questions.h"

#include "runtime/data/pipeline/FillPrompt.h"
#include "runtime/data/pipeline/TextPieces.h"
#include "runtime/data/records/RecordError.h"

#include <fmt/format.h>

namespace roux::ask {

using namespace data;

/// A piece of `tokens` tokens; every place of the document may be its first.
static ByteRange drawChunk(const Tokenizer &tokenizer, std::string_view document, uint64_t tokens,
                           SeedTree draws) {
  Encoding encoding = tokenizer.encodeWithOffsets(document);
  uint64_t all = encoding.ids.size();
  if (all <= tokens)
    return {0, static_cast<uint32_t>(document.size())};
  uint64_t begin = draws.below(all - tokens + 1);
  return bytesOf(encoding, document, begin, begin + tokens);
}

RecordQuestions questionsOf(const AskRule &rule, const Record &record, SeedTree draws,
                            const Tokenizer *tokenizer) {
  RecordQuestions asked;
  if (rule.chunk > 0) {
    if (record.layout != Layout::Text)
      throw RecordError("'chunk' is a piece of a document, and the record is none");
    asked.chunk = drawChunk(*tokenizer, record.document, rule.chunk, draws / "chunk");
    asked.chunkText =
        record.document.substr(asked.chunk.begin, asked.chunk.end - asked.chunk.begin);
  }
  for (const AskedField &field : rule.fields) {
    // Said before anything is paid for.
    if (record.find(field.name))
      throw RecordError(fmt::format("the record has a field '{}' already", field.name));
    size_t drawn = (draws / "choice" / field.name).below(field.prompts.size());
    const NamedPrompt &prompt = field.prompts[drawn];
    std::string filled = filledPrompt(prompt.text, [&](std::string_view hole) {
      return rule.chunk > 0 && hole == "document" ? asked.chunkText : valueOfHole(record, hole);
    });
    asked.questions.push_back(
        {field.name, field.prompts.size() > 1 ? prompt.name : "", std::move(filled)});
  }
  return asked;
}

} // namespace roux::ask
