//===- Words.h - enum words of a recipe as the runtime's enums ------------===//
//
// The checker has made sure that a word is one of its table; this finds which.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"

#include <cassert>
#include <utility>

namespace roux {

/// The enum of the word, or of the call, that `value` is; `table` has every word that its parameter
/// admits.
template <typename Enum, size_t Count>
Enum wordOf(const CheckedValue &value, const std::pair<std::string_view, Enum> (&table)[Count]) {
  for (const auto &[word, meaning] : table)
    if (value.is(word) || value.calls(word))
      return meaning;
  assert(false && "a word that the checker admits and the runtime has no meaning for");
  return table[0].second;
}

} // namespace roux
