//===- Tokenizer.h - text to token ids and back ---------------------------===//
//
// The one interface behind which every published tokenizer format stands, so
// that records, plans and tools never ask where a vocabulary came from. All
// members are const and may be called from any number of threads at once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

using TokenId = std::uint32_t;

/// A tokenizer file that cannot be used, or a text or id a tokenizer cannot take. The message names
/// the file and key, or the byte of the text.
class TokenizerError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Bytes [begin, end) of the text given to encode().
struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool operator==(const ByteRange &) const = default;
};

/// Ids with the bytes each came from; what a tokenizer adds itself has an empty range.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<ByteRange> offsets;
};

/// A token that files beside the tokenizer add to it or restate.
struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;
  bool normalized = false; ///< looked for in the normalised text
  bool singleWord = false; ///< only between characters that are not word characters
  bool stripLeft = false;  ///< takes the white space before it
  bool stripRight = false; ///< takes the white space after it
};

struct EncodeOptions {
  /// Adds what the tokenizer puts around a whole sequence (BOS, EOS, …).
  bool surround = false;
  /// A special token spelled out in the text becomes that token, as in Hugging Face; false takes it
  /// as ordinary text.
  bool matchSpecial = true;
};

class Tokenizer {
public:
  virtual ~Tokenizer() = default;

  /// Appends the ids of `text`. Throws TokenizerError for text that is not UTF-8 (naming the byte),
  /// longer than 4 GiB, or holding a character the vocabulary cannot express.
  virtual void encode(std::string_view text, std::vector<TokenId> &ids,
                      EncodeOptions options = {}) const = 0;
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// encode() with the bytes of `text` behind every id; slower.
  virtual Encoding encodeWithOffsets(std::string_view text, EncodeOptions options = {}) const = 0;

  /// The text of `ids`; `keepSpecial` false leaves special tokens out. The bytes are returned as
  /// they are: ids that stop inside a character give text that stops inside it (SentencePiece
  /// models put U+FFFD there). Throws TokenizerError for an id outside the vocabulary.
  virtual std::string decode(std::span<const TokenId> ids, bool keepSpecial = true) const = 0;

  /// One more than the largest id; ids below it may be unused.
  virtual TokenId vocabularySize() const = 0;

  /// The token as the vocabulary spells it ("Ġthe", "▁the", "<0x0A>"); empty for an unused id.
  /// Throws TokenizerError for an id outside the vocabulary.
  virtual std::string_view spelling(TokenId id) const = 0;

  /// The id of a token spelled as in the vocabulary.
  virtual std::optional<TokenId> find(std::string_view spelling) const = 0;

  /// True of control tokens, which decode() may leave out.
  virtual bool isSpecial(TokenId id) const = 0;

  /// The tokens that begin and end a sequence, where the tokenizer names them.
  std::optional<TokenId> bos() const { return bosId; }
  std::optional<TokenId> eos() const { return eosId; }

  /// True of a token that ends an answer: eos(), and what a generation_config.json beside the
  /// tokenizer names, whether or not decode() leaves it out.
  bool endsAnswers(TokenId id) const {
    return eosId == id || std::find(endIds.begin(), endIds.end(), id) != endIds.end();
  }
  const std::vector<TokenId> &answerEnds() const { return endIds; }

  /// Spellings by their role in tokenizer_config.json: "bos_token" -> "<s>", "pad_token" -> …
  const std::map<std::string, std::string> &namedTokens() const { return tokensByRole; }

  /// Chat templates by name, as text; the unnamed one is "default". Empty where there are none.
  const std::map<std::string, std::string> &chatTemplates() const { return templates; }

  /// Changes whenever the files the tokenizer was read from, or its pattern, change; for cache
  /// keys.
  std::uint64_t contentHash() const { return hash; }

  /// Keys of the files beside it that nothing reads and no table knows: "FILE: nothing reads …".
  const std::vector<std::string> &notes() const { return unread; }

  /// For readers: takes a token that a file beside the tokenizer states. Throws TokenizerError,
  /// naming the token, where it cannot have that id.
  virtual void addToken(const AddedToken &token);
  /// Of no words: none.
  void addNote(std::string note) {
    if (!note.empty())
      unread.push_back(std::move(note));
  }
  /// For readers: names the tokens that begin and end a sequence.
  void setEnds(std::optional<TokenId> bos, std::optional<TokenId> eos) { bosId = bos, eosId = eos; }
  void setAnswerEnds(std::vector<TokenId> ids) { endIds = std::move(ids); }
  void setNamedTokens(std::map<std::string, std::string> tokens) {
    tokensByRole = std::move(tokens);
  }
  void setChatTemplates(std::map<std::string, std::string> all) { templates = std::move(all); }
  void setContentHash(std::uint64_t value) { hash = value; }

private:
  std::optional<TokenId> bosId;
  std::optional<TokenId> eosId;
  std::vector<TokenId> endIds;
  std::map<std::string, std::string> tokensByRole;
  std::map<std::string, std::string> templates;
  std::vector<std::string> unread;
  std::uint64_t hash = 0;
};

/// Reads a tokenizer: a Hugging Face `tokenizer.json` (or `.json.gz`), a SentencePiece `.model`,
/// tiktoken ranks (`.tiktoken`, which need `pattern`: see README.md), a llama2.c `.bin`, or the
/// folder of a Hugging Face model. A `tokenizer_config.json` beside the file gives roles and
/// templates. Throws TokenizerError naming file and key; a feature that is not supported is an
/// error as well.
std::shared_ptr<const Tokenizer> loadTokenizer(const std::filesystem::path &path,
                                               std::string_view pattern = {});

} // namespace roux::data
