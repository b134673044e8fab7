//===- Split.cpp - what becomes of a separator ----------------------------===//
//
// The merging rules are those of Hugging Face's NormalizedString::split, run by
// run: a stretch of text is either a match or what lies between two.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Split.h"

#include "runtime/data/tokenizer/CharacterClass.h"
#include "runtime/data/tokenizer/Regex.h"
#include "runtime/data/tokenizer/Scanner.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

namespace {

struct Stretch {
  ByteRange range;
  bool isMatch;
};

struct BehaviorName {
  std::string_view name;
  SplitBehavior behavior;
};

constexpr BehaviorName behaviors[] = {
    {"Removed", SplitBehavior::removed},
    {"Isolated", SplitBehavior::isolated},
    {"MergedWithPrevious", SplitBehavior::mergedWithPrevious},
    {"MergedWithNext", SplitBehavior::mergedWithNext},
    {"Contiguous", SplitBehavior::contiguous},
};

/// Cuts every piece with `find`, which appends the matches of a text.
template <typename Find>
class FindAndSplit final : public PreTokenizer {
public:
  FindAndSplit(Find find, SplitBehavior behavior, bool invert)
      : find(std::move(find)), behavior(behavior), invert(invert) {}

  void apply(WorkingText &text) const override {
    std::vector<ByteRange> matches;
    for (std::size_t i = 0; i < text.pieces.size(); ++i) {
      matches.clear();
      std::string_view piece = text.piece(i);
      find(piece, matches);
      splitAtMatches(matches, piece.size(), text.pieces[i].begin, behavior, invert,
                     text.nextPieces);
    }
    text.takePieces();
  }

private:
  Find find;
  SplitBehavior behavior;
  bool invert;
};

/// A pattern that has a scanner: its matches leave nothing between them.
class Scan final : public PreTokenizer {
public:
  explicit Scan(const Scanner &scanner) : scanner(scanner) {}

  void apply(WorkingText &text) const override {
    for (std::size_t i = 0; i < text.pieces.size(); ++i)
      scanner.scan(text.piece(i), text.pieces[i].begin, text.nextPieces);
    text.takePieces();
  }

private:
  const Scanner &scanner;
};

} // namespace

SplitBehavior readSplitBehavior(const JsonNode &node) {
  for (const BehaviorName &entry : behaviors)
    if (entry.name == node.text())
      return entry.behavior;
  node.fail(fmt::format("behaviour '{}' is not supported", node.text()));
}

static std::vector<Stretch> stretchesOf(const std::vector<ByteRange> &matches, std::uint32_t length,
                                        bool invert) {
  std::vector<Stretch> stretches;
  std::uint32_t at = 0;
  for (ByteRange match : matches) {
    if (at != match.begin)
      stretches.push_back({{at, match.begin}, invert});
    stretches.push_back({match, !invert});
    at = match.end;
  }
  if (at != length)
    stretches.push_back({{at, length}, invert});
  return stretches;
}

/// Joins each stretch to the one before it where `joins(before, after)`.
template <typename Joins>
static void join(const std::vector<Stretch> &stretches, Joins joins, std::vector<ByteRange> &out) {
  bool previous = false;
  bool any = false;
  for (const Stretch &stretch : stretches) {
    if (any && joins(previous, stretch.isMatch))
      out.back().end = stretch.range.end;
    else
      out.push_back(stretch.range);
    any = true;
    previous = stretch.isMatch;
  }
}

void splitAtMatches(const std::vector<ByteRange> &matches, std::uint32_t length, std::uint32_t base,
                    SplitBehavior behavior, bool invert, std::vector<ByteRange> &pieces) {
  std::vector<Stretch> stretches = stretchesOf(matches, length, invert);
  std::vector<ByteRange> cut;
  switch (behavior) {
  case SplitBehavior::removed:
    for (const Stretch &stretch : stretches)
      if (!stretch.isMatch)
        cut.push_back(stretch.range);
    break;
  case SplitBehavior::isolated:
    for (const Stretch &stretch : stretches)
      cut.push_back(stretch.range);
    break;
  case SplitBehavior::mergedWithPrevious:
    join(stretches, [](bool before, bool after) { return after && !before; }, cut);
    break;
  case SplitBehavior::mergedWithNext:
    join(stretches, [](bool before, bool after) { return before && !after; }, cut);
    break;
  case SplitBehavior::contiguous:
    join(stretches, [](bool before, bool after) { return before == after; }, cut);
    break;
  }
  for (ByteRange range : cut)
    if (range.begin != range.end)
      pieces.push_back({base + range.begin, base + range.end});
}

std::unique_ptr<PreTokenizer> splitByRegex(std::string_view pattern, SplitBehavior behavior,
                                           bool invert) {
  bool keepsMatches = invert ? behavior == SplitBehavior::removed : true;
  bool apart = behavior == SplitBehavior::isolated || behavior == SplitBehavior::removed;
  if (const Scanner *scanner = findScanner(pattern))
    if (apart && keepsMatches && (invert || behavior == SplitBehavior::isolated))
      return std::make_unique<Scan>(*scanner);
  auto find = [regex = Regex(pattern)](std::string_view text, std::vector<ByteRange> &matches) {
    regex.findAll(text, matches);
  };
  return std::make_unique<FindAndSplit<decltype(find)>>(std::move(find), behavior, invert);
}

std::unique_ptr<PreTokenizer> splitByPattern(std::string_view pattern) {
  return splitByRegex(pattern, SplitBehavior::isolated, false);
}

std::unique_ptr<PreTokenizer> splitByClass(std::uint8_t classes, SplitBehavior behavior) {
  auto find = [classes](std::string_view text, std::vector<ByteRange> &matches) {
    const std::uint8_t *table = characterClasses();
    for (std::uint32_t at = 0; at < text.size();) {
      Character character = characterAt(text, at);
      if (table[character.codepoint] & classes)
        matches.push_back({at, at + character.length});
      at += character.length;
    }
  };
  return std::make_unique<FindAndSplit<decltype(find)>>(find, behavior, false);
}

} // namespace roux::data
