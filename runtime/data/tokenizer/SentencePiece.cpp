//===- SentencePiece.cpp - models of the SentencePiece library ------------===//
//
// The library is the definition of its format, so it does the encoding. What is
// added are the rules every Roux tokenizer shares: special tokens spelled in the
// text, errors for text that is not UTF-8, ids in range.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/AddedTokens.h"
#include "runtime/data/tokenizer/Formats.h"
#include "runtime/data/tokenizer/Utf8.h"

#include <fmt/format.h>
#include <map>
#include <sentencepiece_processor.h>
#include <set>

namespace roux::data {

namespace {

class SentencePieceTokenizer final : public Tokenizer {
public:
  SentencePieceTokenizer(std::string_view bytes, std::string_view file) {
    if (!processor.LoadFromSerializedProto({bytes.data(), bytes.size()}).ok())
      throw TokenizerError(fmt::format("{}: is not a SentencePiece model", file));
    for (int id = 0; id < processor.GetPieceSize(); ++id) {
      const std::string &piece = processor.IdToPiece(id);
      if (processor.IsControl(id) && !piece.empty())
        controls.add(piece, {.id = TokenId(id), .content = piece, .special = true});
    }
    auto idOrNone = [](int id) { return id < 0 ? std::nullopt : std::optional<TokenId>(id); };
    setEnds(idOrNone(processor.bos_id()), idOrNone(processor.eos_id()));
  }

  using Tokenizer::encode;

  void encode(std::string_view text, std::vector<TokenId> &ids,
              EncodeOptions options) const override {
    std::size_t before = ids.size();
    try {
      walk(
          text, options, [&](TokenId id, ByteRange) { ids.push_back(id); },
          [&](std::string_view part, std::uint32_t) {
            std::vector<int> found;
            check(processor.Encode({part.data(), part.size()}, &found), "text cannot be encoded");
            ids.insert(ids.end(), found.begin(), found.end());
          });
    } catch (...) {
      ids.resize(before);
      throw;
    }
  }

  Encoding encodeWithOffsets(std::string_view text, EncodeOptions options) const override {
    Encoding encoding;
    auto add = [&](TokenId id, ByteRange range) {
      encoding.ids.push_back(id);
      encoding.offsets.push_back(range);
    };
    walk(text, options, add, [&](std::string_view part, std::uint32_t base) {
      auto found = processor.EncodeAsImmutableProto({part.data(), part.size()});
      for (const auto &piece : found.pieces())
        add(piece.id(), {base + piece.begin(), base + piece.end()});
    });
    return encoding;
  }

  /// The library decodes what stands between control tokens, which it would drop.
  std::string decode(std::span<const TokenId> ids, bool keepSpecial) const override {
    std::string text;
    std::vector<int> run;
    auto flush = [&] {
      std::string part;
      check(processor.Decode(run, &part), "ids cannot be decoded");
      text += part;
      run.clear();
    };
    for (TokenId id : ids) {
      checkId(id, vocabularySize());
      if (isPlain(id)) {
        run.push_back(id);
      } else if (keepSpecial || !isSpecial(id)) {
        flush();
        text += spelling(id);
      }
    }
    flush();
    return text;
  }

  TokenId vocabularySize() const override {
    TokenId pieces = processor.GetPieceSize();
    return behind.empty() ? pieces : std::max(pieces, behind.rbegin()->first + 1);
  }

  std::string_view spelling(TokenId id) const override {
    checkId(id, vocabularySize());
    if (id < TokenId(processor.GetPieceSize()))
      return processor.IdToPiece(id);
    auto added = behind.find(id);
    return added == behind.end() ? std::string_view() : added->second.content;
  }

  void addToken(const AddedToken &token) override {
    std::optional<TokenId> known = find(token.content);
    bool isPiece = token.id < TokenId(processor.GetPieceSize());
    if (token.id > largestId || (isPiece && known != token.id) || (known && *known != token.id))
      throw TokenizerError(fmt::format(
          "token '{}' cannot have id {}: {}", token.content.substr(0, 80), token.id,
          isPiece ? fmt::format("the model has '{}' there", processor.IdToPiece(token.id))
          : known ? fmt::format("it has {} in the model", *known)
                  : "it is too large"));
    if (token.special)
      specials.insert(token.id);
    if (isPiece && (processor.IsControl(token.id) || processor.IsUnknown(token.id)))
      return; // found in texts already, or never to be
    auto [stated, isNew] =
        isPiece ? std::pair(behind.end(), false) : behind.emplace(token.id, token);
    if (isNew)
      behindByName.emplace(token.content, token.id);
    else if (!isPiece && stated->second.content != token.content)
      throw TokenizerError(fmt::format("token '{}' cannot have id {}: '{}' has it",
                                       token.content.substr(0, 80), token.id,
                                       stated->second.content.substr(0, 80)));
    else if (!isPiece)
      return; // stated twice
    AddedToken found = token;
    found.normalized = false;
    controls.add(token.content, found);
  }

  std::optional<TokenId> find(std::string_view spelling) const override {
    // The library answers with the unknown token for what it does not have.
    if (auto added = behindByName.find(spelling); added != behindByName.end())
      return added->second;
    int id = processor.PieceToId({spelling.data(), spelling.size()});
    return processor.IdToPiece(id) == spelling ? std::optional<TokenId>(id) : std::nullopt;
  }

  bool isSpecial(TokenId id) const override {
    return specials.contains(id) ||
           (id < TokenId(processor.GetPieceSize()) && processor.IsControl(id));
  }

private:
  /// The library decodes it, and nobody leaves it out.
  bool isPlain(TokenId id) const {
    return id < TokenId(processor.GetPieceSize()) && !processor.IsControl(id);
  }

  static void check(const sentencepiece::util::Status &status, std::string_view doing) {
    if (!status.ok())
      throw TokenizerError(fmt::format("{}: {}", doing, status.message()));
  }

  /// Calls `token` for special tokens and `plain(text, begin)` for what lies between them.
  template <typename Token, typename Plain>
  void walk(std::string_view text, EncodeOptions options, Token token, Plain plain) const {
    checkUtf8(text);
    if (options.surround && bos())
      token(*bos(), {});
    std::vector<AddedSpan> spans;
    controls.split(text, options.matchSpecial, spans);
    for (const AddedSpan &span : spans) {
      if (span.token)
        token(span.token->id, span.range);
      else
        plain(text.substr(span.range.begin, span.range.end - span.range.begin), span.range.begin);
    }
  }

  sentencepiece::SentencePieceProcessor processor;
  AddedTokens controls;
  std::map<TokenId, AddedToken> behind; ///< tokens that files beside the model add to it
  std::map<std::string, TokenId, std::less<>> behindByName;
  std::set<TokenId> specials; ///< that those files call so
};

} // namespace

std::unique_ptr<Tokenizer> readSentencePiece(std::string_view bytes, std::string_view file) {
  return std::make_unique<SentencePieceTokenizer>(bytes, file);
}

} // namespace roux::data
