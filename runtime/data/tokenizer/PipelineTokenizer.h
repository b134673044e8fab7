//===- PipelineTokenizer.h - added tokens, words, merges ------------------===//
//
// The tokenizer behind Hugging Face files, tiktoken ranks and llama2.c: cut out
// added tokens, normalise, cut into words, merge each word, surround. Readers
// fill in the parts; nothing here knows a file format.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/AddedTokens.h"
#include "runtime/data/tokenizer/BytePair.h"
#include "runtime/data/tokenizer/Decoder.h"
#include "runtime/data/tokenizer/Normalizer.h"
#include "runtime/data/tokenizer/PostProcessor.h"
#include "runtime/data/tokenizer/PreTokenizer.h"
#include "runtime/data/tokenizer/Vocabulary.h"

#include <mutex>

namespace roux::data {

struct Pipeline {
  Vocabulary vocabulary;
  std::vector<bool> special;   ///< by id; ids beyond its end are not
  AddedTokens added;           ///< looked for in the text as given
  AddedTokens addedNormalized; ///< looked for after the normalizers
  Normalizers normalizers;
  PreTokenizers words;
  BytePair model;
  Surround surround;
  Decoder decoder;

  void markSpecial(TokenId id) {
    special.resize(std::max<std::size_t>(special.size(), id + 1));
    special[id] = true;
  }
};

class PipelineTokenizer final : public Tokenizer {
public:
  explicit PipelineTokenizer(Pipeline parts) : parts(std::move(parts)) {}

  using Tokenizer::encode;
  void encode(std::string_view text, std::vector<TokenId> &ids,
              EncodeOptions options) const override;
  Encoding encodeWithOffsets(std::string_view text, EncodeOptions options) const override;
  std::string decode(std::span<const TokenId> ids, bool keepSpecial) const override;
  TokenId vocabularySize() const override { return parts.vocabulary.size(); }
  std::string_view spelling(TokenId id) const override;
  std::optional<TokenId> find(std::string_view spelling) const override {
    return parts.vocabulary.find(spelling);
  }
  bool isSpecial(TokenId id) const override {
    return id < parts.special.size() && parts.special[id];
  }

private:
  /// What one call needs; kept from call to call.
  struct Scratch {
    WorkingText text, within;
    std::vector<AddedSpan> spans, spansWithin;
    std::vector<Symbol> symbols;
    BytePairScratch words;
  };
  class Lease;

  template <typename Sink>
  void run(std::string_view text, EncodeOptions options, bool track, Scratch &scratch,
           Sink &sink) const;
  template <typename Sink>
  void runWords(WorkingText &text, Sink &sink) const;

  Pipeline parts;
  mutable std::mutex idleMutex;
  mutable std::vector<std::unique_ptr<Scratch>> idle;
};

} // namespace roux::data
