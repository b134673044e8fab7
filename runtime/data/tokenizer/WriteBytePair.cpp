//===- WriteBytePair.cpp - a SentencePiece vocabulary as others read it ---===//
//
// SentencePiece joins the pair whose piece has the best score; Hugging Face joins the
// first pair of a list. So the list is every way to make each piece of two, in the
// order of the scores.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/WriteBytePair.h"

#include "runtime/data/JsonText.h"
#include "runtime/data/tokenizer/SentencePieceModel.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>

namespace roux::data {

using Type = SentencePieceModel::Type;

/// Does a list of merges after a mark for spaces say all that the model does?
static bool isPlain(const SentencePieceModel &model) {
  bool known = std::ranges::all_of(
      model.types, [](Type type) { return type != Type::UserDefined && type != Type::Unused; });
  return known && model.isBytePair && model.byteFallback && model.prefixesSpace &&
         !model.removesSpaces && model.escapesSpaces && !model.spaceIsSuffix && !model.rewritesText;
}

static std::vector<std::string> mergesOf(const Tokenizer &tokenizer,
                                         const SentencePieceModel &model) {
  auto isNormal = [&](std::string_view text) {
    std::optional<TokenId> id = tokenizer.find(text);
    return id && model.types[*id] == Type::Normal;
  };
  std::vector<TokenId> order(tokenizer.vocabularySize());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](TokenId id) { return std::pair(-model.scores[id], id); });
  std::vector<std::string> merges;
  for (TokenId id : order) {
    std::string_view piece = tokenizer.spelling(id);
    for (std::size_t cut = 1; model.types[id] == Type::Normal && cut < piece.size(); ++cut) {
      bool isInsideCharacter = (std::uint8_t(piece[cut]) & 0xC0) == 0x80;
      std::string_view left = piece.substr(0, cut), right = piece.substr(cut);
      if (!isInsideCharacter && isNormal(left) && isNormal(right))
        merges.push_back(jsonText(fmt::format("{} {}", left, right)));
    }
  }
  return merges;
}

/// The tokens that a text may spell out.
static std::vector<std::string> specialsOf(const Tokenizer &tokenizer) {
  std::vector<std::string> specials;
  for (TokenId id = 0; id < tokenizer.vocabularySize(); ++id)
    if (tokenizer.isSpecial(id))
      specials.push_back(fmt::format(
          R"({{"id": {}, "content": {}, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}})",
          id, jsonText(tokenizer.spelling(id))));
  return specials;
}

std::optional<std::string> bytePairJson(const Tokenizer &tokenizer, std::string_view bytes) {
  std::optional<SentencePieceModel> model = readSentencePieceModel(bytes);
  if (!model || model->types.size() != tokenizer.vocabularySize() || !isPlain(*model) ||
      !tokenizer.bos())
    return std::nullopt;
  auto unknown = std::ranges::find(model->types, Type::Unknown);
  if (unknown == model->types.end())
    return std::nullopt;
  std::vector<std::string> vocabulary;
  for (TokenId id = 0; id < tokenizer.vocabularySize(); ++id)
    vocabulary.push_back(fmt::format("{}: {}", jsonText(tokenizer.spelling(id)), id));
  std::string begin = jsonText(tokenizer.spelling(*tokenizer.bos()));
  return fmt::format(
      R"({{
  "version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [{}],
  "normalizer": {{"type": "Sequence", "normalizers": [
    {{"type": "Prepend", "prepend": "▁"}},
    {{"type": "Replace", "pattern": {{"String": " "}}, "content": "▁"}}]}},
  "pre_tokenizer": null,
  "post_processor": {{"type": "TemplateProcessing",
    "single": [{{"SpecialToken": {{"id": {}, "type_id": 0}}}}, {{"Sequence": {{"id": "A", "type_id": 0}}}}],
    "pair": [{{"SpecialToken": {{"id": {}, "type_id": 0}}}}, {{"Sequence": {{"id": "A", "type_id": 0}}}},
             {{"SpecialToken": {{"id": {}, "type_id": 1}}}}, {{"Sequence": {{"id": "B", "type_id": 1}}}}],
    "special_tokens": {{{}: {{"id": {}, "ids": [{}], "tokens": [{}]}}}}}},
  "decoder": {{"type": "Sequence", "decoders": [
    {{"type": "Replace", "pattern": {{"String": "▁"}}, "content": " "}}, {{"type": "ByteFallback"}},
    {{"type": "Fuse"}}, {{"type": "Strip", "content": " ", "start": 1, "stop": 0}}]}},
  "model": {{"type": "BPE", "dropout": null, "unk_token": {}, "continuing_subword_prefix": null,
    "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
    "vocab": {{{}}},
    "merges": [{}]}}
}}
)",
      fmt::join(specialsOf(tokenizer), ", "), begin, begin, begin, begin, begin, *tokenizer.bos(),
      begin, jsonText(tokenizer.spelling(unknown - model->types.begin())),
      fmt::join(vocabulary, ", "), fmt::join(mergesOf(tokenizer, *model), ", "));
}

std::string tokenizerConfigJson(const Tokenizer &tokenizer) {
  std::string ends;
  if (tokenizer.bos())
    ends += fmt::format(",\n  \"bos_token\": {}", jsonText(tokenizer.spelling(*tokenizer.bos())));
  if (tokenizer.eos())
    ends += fmt::format(",\n  \"eos_token\": {}", jsonText(tokenizer.spelling(*tokenizer.eos())));
  return fmt::format("{{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n"
                     "  \"clean_up_tokenization_spaces\": false{}\n}}\n",
                     ends);
}

} // namespace roux::data
