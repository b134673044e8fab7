//===- ParseAnswerTest.cpp - what of an answer is a field's value ---------===//
//
// The forms that models keep to, and what is no value.
//
//===----------------------------------------------------------------------===//
#include "runtime/ask/ParseAnswer.h"

#include <gtest/gtest.h>

namespace roux::ask {
namespace {

using Items = std::vector<std::string>;
using data::ParseRule;

data::AskedRecord parsed(const ParseRule &rule, const std::string &answer) {
  data::AskedRecord record;
  parseAnswer(rule, "f", answer, record);
  return record;
}

TEST(ParseAnswer, ReadsNumberedLists) {
  EXPECT_EQ(numberedItems("1. a\n2. b"), (Items{"a", "b"}));
  EXPECT_EQ(numberedItems("Here you are:\n\n 1: a\n 2) b \n"), (Items{"a", "b"}));
  EXPECT_EQ(numberedItems("1. a\n   goes on\n2. b\n\nI hope it helps."),
            (Items{"a\ngoes on", "b"}));
  EXPECT_EQ(numberedItems("1. In 2.5 years\n2. b\n2. again"),
            (Items{"In 2.5 years", "b\n2. again"}));
  EXPECT_EQ(numberedItems("1.\n\na\n2. b"), (Items{"a", "b"}));
  EXPECT_EQ(numberedItems("2. b\n3. c"), Items{});
  EXPECT_EQ(numberedItems("10. j"), Items{});
  EXPECT_EQ(numberedItems(""), Items{});
}

TEST(ParseAnswer, AnotherNumberOfItemsIsNoValue) {
  ParseRule rule{ParseRule::Kind::Numbered, 2, {}};
  EXPECT_EQ(parsed(rule, "1. a\n2. b").fields,
            (std::vector<data::WrittenField>{{"f", {"a", "b"}, true}}));
  EXPECT_EQ(parsed(rule, "1. a").missing,
            "the answer for 'f' has not the 2 items that were asked for");
  EXPECT_TRUE(parsed(rule, "1. a").fields.empty());
}

TEST(ParseAnswer, ReadsTags) {
  ParseRule one{ParseRule::Kind::Tag, 0, {"q"}};
  EXPECT_EQ(parsed(one, "So: <q> why? </q><q>other</q>").fields,
            (std::vector<data::WrittenField>{{"f", {"why?"}, false}}));
  ParseRule two{ParseRule::Kind::Tags, 0, {"q", "a"}};
  EXPECT_EQ(parsed(two, "<a>so</a> <q>why?</q>").fields,
            (std::vector<data::WrittenField>{{"f.q", {"why?"}, false}, {"f.a", {"so"}, false}}));
  EXPECT_EQ(parsed(two, "<q>why?</q> <a>cut off").missing, "the answer for 'f' has no <a>…</a>");
  EXPECT_EQ(parsed(one, "<q></q>").missing, "the answer for 'f' has no <q>…</q>");
}

TEST(ParseAnswer, NothingIsNoValue) {
  EXPECT_EQ(parsed({}, " yes \n").fields, (std::vector<data::WrittenField>{{"f", {"yes"}, false}}));
  EXPECT_EQ(parsed({}, " \n").missing, "the answer for 'f' is empty");
}

} // namespace
} // namespace roux::ask
