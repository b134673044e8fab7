//===- Vocabulary.cpp - ids and their spellings ---------------------------===//
//
// The index doubles at half full, where linear probing still finds most
// spellings at once.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Vocabulary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace roux::data {

std::size_t SpellingIndex::slotOf(std::string_view spelling) const {
  std::size_t mask = slots.size() - 1;
  std::size_t at = XXH3_64bits(spelling.data(), spelling.size()) & mask;
  while (slots[at].used && slots[at].spelling != spelling)
    at = (at + 1) & mask;
  return at;
}

void SpellingIndex::grow() {
  std::vector<Slot> old(slots.empty() ? 64 : slots.size() * 2);
  old.swap(slots);
  for (const Slot &slot : old)
    if (slot.used)
      slots[slotOf(slot.spelling)] = slot;
}

bool SpellingIndex::insert(std::string_view spelling, TokenId id) {
  if (count * 2 >= slots.size())
    grow();
  Slot &slot = slots[slotOf(spelling)];
  if (slot.used)
    return false;
  slot = {spelling, id, true};
  ++count;
  return true;
}

std::optional<TokenId> SpellingIndex::find(std::string_view spelling) const {
  if (slots.empty())
    return std::nullopt;
  const Slot &slot = slots[slotOf(spelling)];
  return slot.used ? std::optional(slot.id) : std::nullopt;
}

std::string_view Vocabulary::place(std::string_view spelling, TokenId id) {
  if (id >= spellings.size()) {
    spellings.resize(id + 1);
    used.resize(id + 1);
  }
  spellings[id] = storage.emplace_back(spelling);
  used[id] = true;
  ++tokens;
  return spellings[id];
}

Vocabulary::Added Vocabulary::add(std::string_view spelling, TokenId id) {
  if (has(id))
    return Added::idTaken;
  if (index.find(spelling))
    return Added::spellingTaken;
  index.insert(place(spelling, id), id);
  return Added::yes;
}

bool Vocabulary::addDuplicate(std::string_view spelling, TokenId id) {
  if (has(id))
    return false;
  index.insert(place(spelling, id), id);
  return true;
}

} // namespace roux::data
