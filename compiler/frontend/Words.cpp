//===- Words.cpp - the reserved words -------------------------------------===//
//
// A definition named `then` or `step` could never be told from the word, so the
// parser refuses the name where it is given.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Words.h"
#include "compiler/frontend/Diagnostic.h"

#include <algorithm>

namespace roux {

static constexpr std::string_view kinds[] = {"param", "prompt", "tokenizer", "model", "data",
                                             "score", "train",  "eval",      "run"};
static constexpr std::string_view scopes[] = {"token", "turn",   "span", "sequence",
                                              "pack",  "bucket", "step"};
static constexpr std::string_view connectives[] = {"if", "then", "else", "or",  "and", "not",
                                                   "in", "over", "let",  "use", "seed"};
static constexpr std::string_view values[] = {"true", "false", "none"};

static bool has(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<ast::Kind> kindNamed(std::string_view word) {
  for (size_t i = 0; i < std::size(kinds); ++i)
    if (kinds[i] == word)
      return static_cast<ast::Kind>(i);
  return std::nullopt;
}

std::string nearestKind(std::string_view word) {
  return didYouMean(word, kinds);
}

std::optional<ast::Kind> nearestKindOf(std::string_view word) {
  return kindNamed(nearestName(word, kinds));
}

std::string_view reservedAs(std::string_view word) {
  if (has(kinds, word))
    return "a kind";
  if (has(scopes, word))
    return "a scope";
  if (has(connectives, word) || has(values, word))
    return "a word of the language";
  return "";
}

bool isConnective(std::string_view word) {
  return has(connectives, word);
}

} // namespace roux
