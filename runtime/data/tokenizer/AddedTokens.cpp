//===- AddedTokens.cpp - tokens found in the text as they stand -----------===//
//
// A trie walked from every byte that can begin a token. Few bytes can, and most
// walks end at the second one, so no automaton is needed.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/AddedTokens.h"

#include "runtime/data/tokenizer/CharacterClass.h"

#include <algorithm>
#include <utf8proc.h>

namespace roux::data {

/// \w of Rust's regex crate.
static bool isWord(char32_t codepoint) {
  if (codepoint == 0x200C || codepoint == 0x200D)
    return true;
  switch (utf8proc_category(codepoint)) {
  case UTF8PROC_CATEGORY_PC:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
    return true;
  default:
    // The circled letters are Alphabetic without being letters.
    return (characterClasses()[codepoint] & (letterClass | markClass)) ||
           (codepoint >= 0x24B6 && codepoint <= 0x24E9) ||
           (codepoint >= 0x1F130 && codepoint <= 0x1F149) ||
           (codepoint >= 0x1F150 && codepoint <= 0x1F169) ||
           (codepoint >= 0x1F170 && codepoint <= 0x1F189);
  }
}

static bool standsAlone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && isWord(characterAt(text, previousCharacter(text, begin)).codepoint))
    return false;
  return end == text.size() || !isWord(characterAt(text, end).codepoint);
}

static bool isSpaceAt(std::string_view text, std::size_t at) {
  return characterClasses()[characterAt(text, at).codepoint] & spaceClass;
}

void AddedTokens::add(std::string_view spelling, AddedToken token) {
  std::uint32_t at = 0;
  begins[std::uint8_t(spelling[0])] = true;
  for (char byte : spelling) {
    if (const Node *next = step(nodes[at], byte)) {
      at = next - nodes.data();
      continue;
    }
    nodes[at].children.push_back({byte, std::uint32_t(nodes.size())});
    at = nodes.size();
    nodes.emplace_back();
  }
  if (nodes[at].token != noToken)
    return; // the first of equals is the one that is found
  nodes[at].token = tokens.size();
  tokens.push_back(std::move(token));
}

const AddedTokens::Node *AddedTokens::step(const Node &node, char byte) const {
  for (auto [label, child] : node.children)
    if (label == byte)
      return &nodes[child];
  return nullptr;
}

const AddedToken *AddedTokens::longestAt(std::string_view text, std::size_t at,
                                         std::size_t &end) const {
  const AddedToken *found = nullptr;
  const Node *node = &nodes[0];
  for (std::size_t i = at; i < text.size(); ++i) {
    node = step(*node, text[i]);
    if (!node)
      break;
    if (node->token != noToken) {
      found = &tokens[node->token];
      end = i + 1;
    }
  }
  return found;
}

void AddedTokens::split(std::string_view text, bool matchSpecial,
                        std::vector<AddedSpan> &spans) const {
  std::size_t done = 0;
  auto emit = [&](std::size_t begin, std::size_t end, const AddedToken *token) {
    spans.push_back({{std::uint32_t(begin), std::uint32_t(end)}, token});
  };
  for (std::size_t at = 0; !tokens.empty() && at < text.size();) {
    std::size_t end = at;
    const AddedToken *token = begins[std::uint8_t(text[at])] ? longestAt(text, at, end) : nullptr;
    if (!token) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    at = end; // a match that is turned down is passed over whole
    if ((token->special && !matchSpecial) || (token->singleWord && !standsAlone(text, begin, end)))
      continue;
    while (token->stripLeft && begin > done && isSpaceAt(text, previousCharacter(text, begin)))
      begin = previousCharacter(text, begin);
    while (token->stripRight && end < text.size() && isSpaceAt(text, end))
      end += characterAt(text, end).length;
    // The spaces the last token took may hold this one.
    begin = std::max(begin, done);
    end = std::max(end, done);
    if (begin > done)
      emit(done, begin, nullptr);
    emit(begin, end, token);
    done = end;
  }
  if (done < text.size())
    emit(done, text.size(), nullptr);
}

} // namespace roux::data
