//===- Vocabulary.h - ids and their spellings -----------------------------===//
//
// Both directions of a vocabulary. Every published format needs them, and one
// lookup must cost no more than a hash and a comparison.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// Open addressing from text to id; views must outlive the table.
class SpellingIndex {
public:
  /// Adds `spelling`; false when it is there already.
  bool insert(std::string_view spelling, TokenId id);
  std::optional<TokenId> find(std::string_view spelling) const;

  /// Calls `visit(spelling, id)` for every entry, in no particular order.
  template <typename Visit>
  void forEach(Visit visit) const {
    for (const Slot &slot : slots)
      if (slot.used)
        visit(slot.spelling, slot.id);
  }

private:
  struct Slot {
    std::string_view spelling;
    TokenId id = 0;
    bool used = false;
  };
  /// Where `spelling` is, or would be put.
  std::size_t slotOf(std::string_view spelling) const;
  void grow();

  std::vector<Slot> slots;
  std::size_t count = 0;
};

class Vocabulary {
public:
  enum class Added { yes, idTaken, spellingTaken };

  /// Gives `id` its spelling, unless one of the two is taken.
  Added add(std::string_view spelling, TokenId id);
  /// Gives `id` a spelling that another id has as well; find() answers with the first.
  bool addDuplicate(std::string_view spelling, TokenId id);

  std::optional<TokenId> find(std::string_view spelling) const { return index.find(spelling); }
  /// The spelling of `id`; empty where nothing has it.
  std::string_view spelling(TokenId id) const {
    return id < spellings.size() ? spellings[id] : std::string_view();
  }
  bool has(TokenId id) const { return id < used.size() && used[id]; }
  /// Tokens with an id of their own.
  std::size_t count() const { return tokens; }
  /// One more than the largest id.
  TokenId size() const { return spellings.size(); }

private:
  std::string_view place(std::string_view spelling, TokenId id);

  std::deque<std::string> storage; ///< never moves what it holds
  std::vector<std::string_view> spellings;
  std::vector<bool> used;
  SpellingIndex index;
  std::size_t tokens = 0;
};

} // namespace roux::data
