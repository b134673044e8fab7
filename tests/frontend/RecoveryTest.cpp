// One run reports every independent mistake, and each of them once.
#include "tests/frontend/Parsed.h"

#include <gtest/gtest.h>

using namespace roux;

TEST(Recovery, EveryIndependentMistakeIsReportedOnce) {
  Parsed parsed(R"(modle base = load("x")
train a {
  lr = 3
  weight: 1 / (a + b
  batch: f(a b)
  x: g(h(1 2), 3)
  r: [1, *, 3]
  s:
  good: 1
}
data b = x |
param lr =
data c = y
eval e {
  a: 1
data f = g(
train h { a: 1 }
)");
  EXPECT_EQ(parsed.errors(), "1:1: unknown kind 'modle'; did you mean 'model'?\n"
                             "3:6: expected ':' after the key 'lr', found '='\n"
                             "5:3: expected ')' to close the parenthesis, found 'batch'\n"
                             "5:14: expected ')' to close the call of 'f', found 'b'\n"
                             "6:12: expected ')' to close the call of 'h', found '2'\n"
                             "7:10: expected a value, found '*'\n"
                             "9:3: expected a value, found the key 'good'\n"
                             "12:1: expected a value, found 'param'\n"
                             "13:1: expected a value, found 'data'\n"
                             "16:1: expected '}' to close the block, found 'data'\n"
                             "17:1: expected a value, found 'train'\n");
  EXPECT_EQ(parsed.tree->definitions.size(), 8u) << "what was broken can still be named";
}

TEST(Recovery, AnUnclosedBracketIsShownWhereItOpened) {
  EXPECT_EQ(Parsed("train t {\n  a: 1\n").diagnostics.text(),
            "test.recipe:3:1: error: expected '}' to close the block, found the end of the file "
            "[syntax]\n"
            "  \n"
            "  ^\n"
            "test.recipe:1:9: note: '{' opened here\n"
            "  train t {\n"
            "          ^\n");
}

TEST(Recovery, StrayTextAtFileLevel) {
  EXPECT_EQ(Parsed("}\n").errors(), "1:1: expected a definition, 'use' or 'seed', found '}'\n");
  EXPECT_EQ(Parsed("3\nparam p = 1").errors(),
            "1:1: expected a definition, 'use' or 'seed', found '3'\n");
  EXPECT_EQ(Parsed("use other\nseed").errors(),
            "1:5: expected the path of a recipe in quotes after 'use', found 'other'\n"
            "2:5: expected a number after 'seed', found the end of the file; write seed 7\n");
  EXPECT_EQ(Parsed("use \"a.recipe\"\nseed 3").errors(), "");
}

TEST(Recovery, NamesAndKeysThatAreMissing) {
  EXPECT_EQ(Parsed("data = a").errors(), "1:6: expected a name after 'data', found '='\n");
  EXPECT_EQ(Parsed("data d: a").errors(), "1:7: expected '=' or '{' after the name, found ':'\n");
  EXPECT_EQ(Parsed("train t { 3 }").errors(), "1:11: expected a key, found '3'\n");
  EXPECT_EQ(Parsed("param p = a.").errors(),
            "1:13: expected a name after '.', found the end of the file\n");
  EXPECT_EQ(Parsed("param p = f(a over 3)").errors(),
            "1:20: expected a scope after 'over', found '3'\n");
  EXPECT_EQ(Parsed("param p = if a then b").errors(),
            "1:22: expected 'else', found the end of the file; every 'if' has one\n");
}

TEST(Diagnostics, ShowTheRangeUnderTheLine) {
  EXPECT_EQ(Parsed("modle m = é").diagnostics.text(),
            "test.recipe:1:1: error: unknown kind 'modle'; did you mean 'model'? [unknown-kind]\n"
            "  modle m = é\n"
            "  ^~~~~\n"
            "test.recipe:1:11: error: unexpected character 'é' (U+00E9) [character]\n"
            "  modle m = é\n"
            "            ^\n");
}

TEST(Diagnostics, AreJsonLinesOnRequest) {
  EXPECT_EQ(
      Parsed("train t {\n").diagnostics.json(),
      R"({"severity":"error","code":"syntax","file":"test.recipe","line":2,"column":1,"end_line":2,)"
      R"("end_column":1,"message":"expected '}' to close the block, found the end of the file",)"
      R"("notes":[{"file":"test.recipe","line":1,"column":9,"end_line":1,"end_column":10,)"
      R"("message":"'{' opened here"}]})"
      "\n");
}

TEST(Diagnostics, ALongLineIsShownAroundTheCaret) {
  std::string shown =
      Parsed("param p = " + std::string(5000, 'a') + " 3" + std::string(5000, ' ') + "x")
          .diagnostics.text();
  EXPECT_LT(shown.size(), 800u) << shown;
  EXPECT_NE(shown.find("…"), std::string::npos);
}

TEST(Diagnostics, TheFirstTwoHundredAreKeptAndTheRestCounted) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "param = 1\n";
  std::string shown = Parsed(text).diagnostics.text();
  EXPECT_TRUE(shown.ends_with("800 more diagnostics are not shown\n"))
      << shown.substr(shown.size() - 100);
}
