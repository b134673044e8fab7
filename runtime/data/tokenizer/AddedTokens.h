//===- AddedTokens.h - tokens found in the text as they stand -------------===//
//
// Special and added tokens are cut out of the text before anything else looks
// at it, by the rules of Hugging Face's AddedVocabulary.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// A stretch of text, and the token it is, if it is one.
struct AddedSpan {
  ByteRange range;
  const AddedToken *token;
};

/// Finds the leftmost token, of those the longest, again and again.
class AddedTokens {
public:
  /// Looks for `spelling`, which is not empty, and takes it for `token`.
  void add(std::string_view spelling, AddedToken token);
  bool empty() const { return tokens.empty(); }

  /// Appends the spans of `text` in order; special tokens stay text unless `matchSpecial`.
  void split(std::string_view text, bool matchSpecial, std::vector<AddedSpan> &spans) const;

private:
  static constexpr std::uint32_t noToken = UINT32_MAX;

  /// A node of the trie of spellings.
  struct Node {
    std::vector<std::pair<char, std::uint32_t>> children;
    std::uint32_t token = noToken;
  };
  const Node *step(const Node &node, char byte) const;
  /// The longest token that begins at `at`, or null; `end` is where it ends.
  const AddedToken *longestAt(std::string_view text, std::size_t at, std::size_t &end) const;

  std::vector<AddedToken> tokens;
  std::vector<Node> nodes = std::vector<Node>(1);
  std::array<bool, 256> begins = {};
};

} // namespace roux::data
