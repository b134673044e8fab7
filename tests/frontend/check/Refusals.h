//===- Refusals.h - a mistake, what is said about it, and what is right ---===//
//
// Every row is one mistake beside its accepted form, so that a check that
// refuses too much fails as loudly as one that refuses too little.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "tests/frontend/check/Around.h"

#include <gtest/gtest.h>

#include <span>

namespace roux {

struct Refusal {
  Around around;
  std::string_view wrong;
  /// "text under the caret: message", one a line; a note is a line that begins with a tab.
  std::string_view says;
  std::string_view right;
};

inline void expectRefusals(std::span<const Refusal> refusals) {
  for (const Refusal &refusal : refusals) {
    SCOPED_TRACE(refusal.wrong);
    CheckedPiece wrong(refusal.around, refusal.wrong);
    EXPECT_FALSE(wrong.recipe);
    EXPECT_EQ(wrong.errors(), refusal.says);
    CheckedPiece right(refusal.around, refusal.right);
    EXPECT_TRUE(right.recipe) << right.errors();
  }
}

} // namespace roux
