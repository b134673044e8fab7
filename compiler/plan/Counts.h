//===- Counts.h - numbers of a recipe as the counts they stand for --------===//
//
// A recipe's numbers go to 2^53, what they count often only to 2^32. A cast would cut
// one to another number without a word.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/plan/RefusedRecipe.h"

#include <cstdint>
#include <limits>

namespace roux {

/// The whole number that `value` is. Throws RefusedRecipe for one above `most`.
template <typename Count = uint32_t>
Count countOf(const SourceManager &sources, const CheckedValue &value,
              uint64_t most = std::numeric_limits<Count>::max()) {
  if (!(value.number >= 0 && value.number <= static_cast<double>(most)))
    throw RefusedRecipe(sources, value.where,
                        fmt::format("found {:.0f}, expected at most {}", value.number, most));
  return static_cast<Count>(value.number);
}

} // namespace roux
