//===- Similarity.h - how alike two lines are, by `difflib` ---------------===//
//
// LongBench's code completions are scored by fuzzywuzzy, which without a compiled
// helper is Python's `difflib.SequenceMatcher`: a greedy match with a habit of
// ignoring frequent characters.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string_view>

namespace roux::eval {

enum class Frequent : bool { Ignored, Kept };

/// `SequenceMatcher(None, first, second).ratio()`. With Frequent::Ignored a character that makes up
/// more than a hundredth of a `second` of at least 200 characters begins no match (its "autojunk").
double matchRatio(std::u32string_view first, std::u32string_view second, Frequent frequent);

/// `fuzz.ratio(first, second)` of fuzzywuzzy 0.18.0: 0 to 100, a whole number.
double fuzzRatio(std::u32string_view first, std::u32string_view second);

} // namespace roux::eval
