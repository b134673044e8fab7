//===- TrainBytePair.cpp - `tokenizer t = bpe(data, vocab: …)` ------------===//
//
// SentencePiece takes sentences: texts are handed over line by line, because it
// skips, in silence, what is longer than its limit. Lines over that limit are cut
// where a space lets the merges lose nothing.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/TrainBytePair.h"

#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/Hash.h"
#include "runtime/data/tokenizer/Utf8.h"

#include <fmt/format.h>
#include <sentencepiece_trainer.h>
#include <unordered_map>

namespace roux::data {

/// The trainer skips longer sentences.
static constexpr std::size_t longestLine = 1 << 16;

namespace {

/// Lines of the texts, none empty and none too long.
class Lines final : public sentencepiece::SentenceIterator {
public:
  explicit Lines(const TextSource &texts) : texts(texts) { Next(); }

  bool done() const override { return finished; }
  const std::string &value() const override { return line; }
  sentencepiece::util::Status status() const override { return {}; }
  bool any() const { return seen; }
  /// What a text source threw; the trainer must not be crossed by it.
  std::exception_ptr failure() const { return thrown; }

  void Next() override {
    try {
      do
        readLine();
      while (!finished && line.empty());
    } catch (...) {
      thrown = std::current_exception();
      finished = true;
    }
    seen |= !finished;
  }

private:
  void readLine() {
    if (at >= text.size()) {
      at = 0;
      if (!texts(text)) {
        finished = true;
        return;
      }
      checkUtf8(text);
    }
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::size_t next = end + 1;
    if (end - at > longestLine)
      end = next = cutOf(at);
    line = text.substr(at, end - at);
    at = next;
  }

  /// A place to cut a long line that begins at `begin`: before a space, else between characters.
  std::size_t cutOf(std::size_t begin) const {
    std::size_t limit = begin + longestLine;
    std::size_t space = text.rfind(' ', limit);
    if (space != text.npos && space > begin)
      return space;
    while ((std::uint8_t(text[limit]) & 0xC0) == 0x80)
      --limit;
    return limit;
  }

  const TextSource &texts;
  std::string text, line;
  std::size_t at = 0;
  bool finished = false;
  bool seen = false;
  std::exception_ptr thrown;
};

} // namespace

/// The library puts its own source line and condition, in brackets, before what it has to say.
static std::string_view reasonOf(std::string_view message) {
  std::size_t end = message.rfind("] ");
  return end == message.npos ? message : message.substr(end + 2);
}

std::string trainBytePair(const TextSource &texts, TokenId vocabularySize) {
  if (vocabularySize < smallestTrainedVocabulary || vocabularySize > largestId)
    throw TokenizerError(fmt::format("vocab: found {}, expected {} to {}", vocabularySize,
                                     smallestTrainedVocabulary, largestId));
  Lines lines(texts);
  if (lines.failure())
    std::rethrow_exception(lines.failure());
  if (!lines.any())
    throw TokenizerError("there is no text to train a tokenizer on");
  const std::unordered_map<std::string, std::string> settings = {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(vocabularySize)},
      {"character_coverage", "1.0"},
      {"byte_fallback", "true"},
      {"split_digits", "true"},
      {"allow_whitespace_only_pieces", "true"},
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"max_sentence_length", std::to_string(longestLine + 1)},
      {"num_threads", "1"},
      {"minloglevel", "3"},
  };
  std::string model;
  auto status = sentencepiece::SentencePieceTrainer::Train(settings, &lines, &model);
  if (lines.failure())
    std::rethrow_exception(lines.failure());
  if (!status.ok())
    throw TokenizerError(fmt::format("a tokenizer of {} tokens cannot be trained: {}",
                                     vocabularySize, reasonOf(status.message())));
  return model;
}

std::shared_ptr<const Tokenizer> tokenizerOfModel(std::string_view model, std::string_view name) {
  std::unique_ptr<Tokenizer> tokenizer = readSentencePiece(model, name);
  tokenizer->setContentHash(hashOf(model));
  return tokenizer;
}

} // namespace roux::data
