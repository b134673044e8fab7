//===- Ledger.h - what was lost on the way to a step, and why -------------===//
//
// Nothing of the user's data disappears unseen: every rule that cuts, splits or
// drops adds a line here, with how much it cost and where to look first. Records,
// the token store and the plan add to one ledger; `roux check` prints it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// What happened to a record or sequence. Kept counts what is laid down whole.
/// Warned: it was done as the recipe says, and is probably not what the recipe is for.
enum class Fate : uint8_t { Kept, Cut, Split, Dropped, ZeroTarget, Malformed, Noted, Warned };

std::string_view spelling(Fate fate);

/// One rule's effect.
struct LedgerLine {
  Fate fate;
  std::string rule;               ///< which rule, in the recipe's words: `overflow: cut(right)`
  uint64_t sequences = 0;         ///< or records, where no sequence exists yet
  uint64_t tokens = 0;            ///< lost; of Kept: kept
  uint64_t targets = 0;           ///< target tokens lost; of Kept: kept
  std::vector<std::string> first; ///< names of the first few, `source:record`
};

class Ledger {
public:
  /// How many names a line keeps.
  static constexpr size_t names = 8;

  /// Adds to the line of `fate` and `rule`, which is made at its first use.
  void add(Fate fate, std::string_view rule, uint64_t sequences, uint64_t tokens, uint64_t targets,
           std::string_view name = {});
  /// True if `fate` and `rule` still lack names, so that callers need not make them in vain.
  bool wantsName(Fate fate, std::string_view rule) const;
  void merge(const Ledger &other);

  const std::vector<LedgerLine> &lines() const { return entries; }
  const LedgerLine *find(Fate fate, std::string_view rule) const;
  /// A table for people; one line each, empty text when there is nothing to say.
  std::string text() const;
  /// The same for programs: a JSON array of objects.
  std::string json() const;

  /// As a part of a store or a plan. read() throws std::out_of_range on bytes that are no ledger.
  void write(class PackedWriter &out) const;
  static Ledger read(class PackedReader &in);

private:
  LedgerLine &line(Fate fate, std::string_view rule);
  std::vector<LedgerLine> entries;
};

} // namespace roux::data
