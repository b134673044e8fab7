//===- RegularExpressionTest.cpp - the patterns of matches() --------------===//
//
// What is found, what is refused, and that no text is too long for the stack.
//
//===----------------------------------------------------------------------===//
#include "runtime/RegularExpression.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace roux {
namespace {

TEST(RegularExpression, FindsAnywhere) {
  EXPECT_TRUE(RegularExpression("[0-9]+").found("in 1984"));
  EXPECT_FALSE(RegularExpression("^[0-9]+$").found("in 1984"));
  EXPECT_TRUE(RegularExpression("\\p{Lu}").found("straße Ärger"));
}

TEST(RegularExpression, RefusesBadPatternsWithTheirPlace) {
  for (int twice = 0; twice < 2; ++twice) // a failure is not kept
    try {
      RegularExpression bad("a(b");
      FAIL() << "accepted";
    } catch (const std::invalid_argument &problem) {
      EXPECT_STREQ(problem.what(), "missing closing parenthesis at character 3");
    }
}

TEST(RegularExpression, SurvivesLongTexts) {
  std::string text(10'000'000, 'a');
  EXPECT_FALSE(RegularExpression("(?:a|b)b").found(text));
}

TEST(RegularExpression, GivesUpOnEndlessBacktracking) {
  try {
    RegularExpression("(a|aa)+$").found(std::string(60, 'a') + "b");
    FAIL() << "decided";
  } catch (const std::runtime_error &problem) {
    EXPECT_STREQ(problem.what(), "matches() cannot decide: match limit exceeded");
  }
}

TEST(RegularExpression, RefusesTextThatIsNoUtf8) {
  EXPECT_THROW(RegularExpression("a").found("\xff"), std::runtime_error);
}

} // namespace
} // namespace roux
