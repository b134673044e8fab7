//===- MeaningChange.h - what is another between two meanings --------------===//
//
// Two runs of a recipe are told apart by what they are made from (Meaning.h). A
// person wants the one number that is another, under the name it has in the recipe,
// and not two lines of forty arguments to compare by eye.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roux {

/// A value that is another. Empty `before` or `now`: it was not there, or is there no more.
struct MeaningChange {
  std::string what; ///< "batch.capacity", "stories.condition", "dtype", "tokens"
  std::string before, now;

  bool operator==(const MeaningChange &) const = default;
};

/// What differs between two texts of meaningOf() with the lines that a train's identity adds, in
/// the order of `now`. Keys of the first definition have no name before them.
std::vector<MeaningChange> changesOf(std::string_view before, std::string_view now);

/// What to say where `sample`, in what `now` says, may choose other records than before `changes`;
/// else empty.
std::string movedSamples(const std::vector<MeaningChange> &changes, std::string_view now);

/// Whether the value of that name is a hash or the like, which tells a person nothing.
bool isHash(std::string_view what);

/// At most a line's worth of `value`.
std::string shortened(const std::string &value);

/// "batch.capacity is 8192 tokens and was 4096 tokens"; what is but a hash is said in words.
std::string print(const MeaningChange &change);

} // namespace roux
