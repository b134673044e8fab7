//===- PipelineTokenizer.cpp - added tokens, words, merges ----------------===//
//
// One walk over the text serves both encodings: a sink takes tokens and words,
// and either merges words through the cache or asks for their bytes as well.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/PipelineTokenizer.h"

#include "runtime/data/tokenizer/CharacterClass.h"
#include "runtime/data/tokenizer/Utf8.h"

#include <fmt/format.h>

namespace roux::data {

/// Borrows a Scratch for one call, so that each thread finds the words it cached before.
class PipelineTokenizer::Lease {
public:
  explicit Lease(const PipelineTokenizer &owner) : owner(owner) {
    std::lock_guard lock(owner.idleMutex);
    if (owner.idle.empty()) {
      scratch = std::make_unique<Scratch>();
      return;
    }
    scratch = std::move(owner.idle.back());
    owner.idle.pop_back();
  }
  ~Lease() {
    std::lock_guard lock(owner.idleMutex);
    owner.idle.push_back(std::move(scratch));
  }
  Lease(const Lease &) = delete;
  Lease &operator=(const Lease &) = delete;

  Scratch &operator*() { return *scratch; }

private:
  const PipelineTokenizer &owner;
  std::unique_ptr<Scratch> scratch;
};

namespace {

/// Ids only, through the word cache.
struct IdSink {
  const BytePair &model;
  BytePairScratch &scratch;
  std::vector<TokenId> &ids;

  void token(TokenId id, ByteRange) { ids.push_back(id); }
  void word(const WorkingText &text, ByteRange range) {
    model.encode(text.text().substr(range.begin, range.end - range.begin), scratch, ids);
  }
};

/// Ids and the bytes behind them.
struct OffsetSink {
  const BytePair &model;
  BytePairScratch &scratch;
  std::vector<Symbol> &symbols;
  Encoding &encoding;

  void token(TokenId id, ByteRange range) {
    encoding.ids.push_back(id);
    encoding.offsets.push_back(range);
  }

  void word(const WorkingText &text, ByteRange range) {
    std::string_view word = text.text().substr(range.begin, range.end - range.begin);
    symbols.clear();
    try {
      model.encode(word, scratch, symbols);
    } catch (const UnspeakableCharacter &character) {
      std::uint32_t at = range.begin + character.at;
      Character found = characterAt(text.text(), at);
      throw TokenizerError(fmt::format("character U+{:04X} at byte {} has no token in this "
                                       "vocabulary, and there is no token for unknown ones",
                                       std::uint32_t(found.codepoint),
                                       text.origin({at, at + 1}).begin));
    }
    std::uint32_t begin = range.begin;
    for (Symbol symbol : symbols) {
      token(symbol.id, text.origin({begin, begin + symbol.length}));
      begin += symbol.length;
    }
  }
};

} // namespace

template <typename Sink>
void PipelineTokenizer::runWords(WorkingText &text, Sink &sink) const {
  for (const std::unique_ptr<PreTokenizer> &step : parts.words.steps)
    step->apply(text);
  for (ByteRange piece : text.pieces)
    if (piece.begin != piece.end)
      sink.word(text, piece);
}

template <typename Sink>
void PipelineTokenizer::run(std::string_view text, EncodeOptions options, bool track,
                            Scratch &scratch, Sink &sink) const {
  if (options.surround)
    for (TokenId id : parts.surround.before)
      sink.token(id, {});

  scratch.spans.clear();
  parts.added.split(text, options.matchSpecial, scratch.spans);
  for (const AddedSpan &span : scratch.spans) {
    if (span.token) {
      sink.token(span.token->id, span.range);
      continue;
    }
    std::uint32_t begin = span.range.begin;
    scratch.text.reset(text.substr(begin, span.range.end - begin), begin, track);
    normalize(parts.normalizers, scratch.text);
    if (parts.addedNormalized.empty()) {
      runWords(scratch.text, sink);
      continue;
    }
    scratch.spansWithin.clear();
    parts.addedNormalized.split(scratch.text.text(), options.matchSpecial, scratch.spansWithin);
    for (const AddedSpan &inner : scratch.spansWithin) {
      if (inner.token) {
        sink.token(inner.token->id, scratch.text.origin(inner.range));
        continue;
      }
      scratch.within.resetWithin(scratch.text, inner.range);
      runWords(scratch.within, sink);
    }
  }

  std::uint32_t end = text.size();
  if (options.surround)
    for (TokenId id : parts.surround.after)
      sink.token(id, {end, end});
}

void PipelineTokenizer::encode(std::string_view text, std::vector<TokenId> &ids,
                               EncodeOptions options) const {
  checkUtf8(text);
  std::size_t before = ids.size();
  Lease scratch(*this);
  IdSink sink{parts.model, (*scratch).words, ids};
  try {
    run(text, options, /*track=*/false, *scratch, sink);
  } catch (const UnspeakableCharacter &) {
    ids.resize(before);
    encodeWithOffsets(text, options); // throws with the place
  } catch (...) {
    ids.resize(before);
    throw;
  }
}

Encoding PipelineTokenizer::encodeWithOffsets(std::string_view text, EncodeOptions options) const {
  checkUtf8(text);
  Lease scratch(*this);
  Encoding encoding;
  OffsetSink sink{parts.model, (*scratch).words, (*scratch).symbols, encoding};
  run(text, options, /*track=*/true, *scratch, sink);
  return encoding;
}

std::string PipelineTokenizer::decode(std::span<const TokenId> ids, bool keepSpecial) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (TokenId id : ids) {
    std::string_view token = spelling(id);
    if (keepSpecial || !isSpecial(id))
      tokens.emplace_back(token);
  }
  return decodeTokens(parts.decoder, std::move(tokens));
}

std::string_view PipelineTokenizer::spelling(TokenId id) const {
  checkId(id, parts.vocabulary.size());
  return parts.vocabulary.spelling(id);
}

} // namespace roux::data
