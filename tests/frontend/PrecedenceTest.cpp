// What binds tighter than what: each row of section "Expressions" of the language reference, on
// both sides of its neighbour. Written from the reference, not from the parser.
#include "tests/frontend/Parsed.h"

#include <gtest/gtest.h>

using namespace roux;

/// The tree of `text` as the value of a key, in the letters of the other rows.
static std::string tree(const std::string &text) {
  Parsed parsed("eval e { k: " + text + " }");
  EXPECT_EQ(parsed.errors(), "") << text;
  std::string line = onOneLine(parsed.print());
  std::string before = "(eval e (block (k: ";
  EXPECT_TRUE(line.starts_with(before)) << line;
  return "(" + line.substr(before.size(), line.size() - before.size() - 2);
}

struct Row {
  const char *text, *same;
};

/// Both spellings give one tree, once the parentheses that only group are taken out.
class Binds : public testing::TestWithParam<Row> {};
TEST_P(Binds, AsIfInParentheses) {
  auto plain = [](std::string line) {
    for (size_t at; (at = line.find("(group (")) != std::string::npos;) {
      size_t inner = at + 7, end = inner;
      int depth = 0;
      do
        depth += (line[end] == '(') - (line[end] == ')');
      while (depth && ++end);
      line = line.substr(0, at) + line.substr(inner, end + 1 - inner) + line.substr(end + 2);
    }
    return line;
  };
  EXPECT_EQ(plain(tree(GetParam().text)), plain(tree(GetParam().same)));
}

INSTANTIATE_TEST_SUITE_P(
    Precedence, Binds,
    testing::Values(
        // `|` is the loosest; data flow to the right.
        Row{"a | f(x) | g", "(a | f(x)) | g"}, Row{"a or b | f", "(a or b) | f"},
        // or < and < not < comparison
        Row{"a or b and c", "a or (b and c)"}, Row{"a and b or c", "(a and b) or c"},
        Row{"a or b or c", "(a or b) or c"}, Row{"a and b and c", "(a and b) and c"},
        Row{"not a and b", "(not a) and b"}, Row{"not a == b", "not (a == b)"},
        Row{"not not a", "not (not a)"}, Row{"not a or b", "(not a) or b"},
        Row{"a and not b", "a and (not b)"}, Row{"not a in b", "not (a in b)"},
        // comparison < range < sum
        Row{"a == b + c", "a == (b + c)"}, Row{"a + b < c", "(a + b) < c"},
        Row{"a in b..c", "a in (b..c)"}, Row{"a not in b..c", "a not in (b..c)"},
        Row{"a == b and c != d", "(a == b) and (c != d)"}, Row{"a..b + c", "a..(b + c)"},
        Row{"a - b..c", "(a - b)..c"}, Row{"a..b * c", "a..(b * c)"},
        // sum < product < negation < power, left-associative but for '^'
        Row{"a + b * c", "a + (b * c)"}, Row{"a * b + c", "(a * b) + c"},
        Row{"a - b - c", "(a - b) - c"}, Row{"a / b / c", "(a / b) / c"},
        Row{"a / b * c", "(a / b) * c"}, Row{"-a * b", "(-a) * b"}, Row{"a * -b", "a * (-b)"},
        Row{"-a + b", "(-a) + b"}, Row{"-a ^ 2", "-(a ^ 2)"}, Row{"a ^ b ^ c", "a ^ (b ^ c)"},
        Row{"a ^ -b", "a ^ (-b)"}, Row{"a ^ -b ^ c", "a ^ (-(b ^ c))"},
        Row{"a * b ^ c", "a * (b ^ c)"}, Row{"a ^ b * c", "(a ^ b) * c"}, Row{"- -a", "-(-a)"},
        Row{"-a..b", "(-a)..b"},
        // call, member and unit are the tightest
        Row{"-f(x)", "-(f(x))"}, Row{"a ^ b.c", "a ^ (b.c)"}, Row{"f(x).y ^ 2", "(f(x).y) ^ 2"},
        Row{"8 * pack(64)", "8 * (pack(64))"}, Row{"1 / b.c * d", "(1 / (b.c)) * d"},
        // if: looser than or, tighter than |
        Row{"if a or b then c else d", "if (a or b) then c else d"},
        Row{"if a then b else c | f", "(if a then b else c) | f"}));

TEST(Precedence, ElseIfNestsToTheRight) {
  EXPECT_EQ(tree("if a then b else if c then d else e"),
            "(if (name a) (then: name b) (else: if (name c) (then: name d) (else: name e)))");
}

TEST(Precedence, ElseReachesToTheEndOfOr) {
  EXPECT_EQ(tree("if a then b else c or d"),
            "(if (name a) (then: name b) (else: binary or (name c) (name d)))");
}

TEST(Precedence, OverIsLooserThanEveryOperatorOfItsArgument) {
  EXPECT_EQ(tree("any(a > b or c over span)"),
            "(call any (binary over (binary or (binary > (name a) (name b)) (name c)) "
            "(name span)))");
  EXPECT_EQ(tree("f(a over step, p)"), "(call f (binary over (name a) (name step)) (name p))");
}

TEST(Precedence, UnitBelongsToItsLiteralRangeOrParenthesis) {
  EXPECT_EQ(tree("2 * 3 tokens"), "(binary * (number 2) (number 3 tokens))");
  EXPECT_EQ(tree("1..3 tokens"), "(range tokens (number 1) (number 3))");
  EXPECT_EQ(tree("a..b tokens"), "(range tokens (name a) (name b))");
  EXPECT_EQ(tree("(a + b) steps"), "(group steps (binary + (name a) (name b)))");
  EXPECT_EQ(tree("3 min"), "(number 3 min)");
  EXPECT_EQ(tree("2 h"), "(number 2 h)");
}

TEST(Precedence, PipeTakesNamesAndCallsOnly) {
  EXPECT_EQ(tree("a | f(x)"), "(pipe (name a) (call f (name x)))");
  EXPECT_EQ(tree("a | shuffle"), "(pipe (name a) (name shuffle))");
  EXPECT_EQ(Parsed("data d = a | 3").errors(),
            "1:14: the right side of '|' is a name or a call: a | f(x) means f(a, x)\n");
  EXPECT_EQ(Parsed("data d = a | b.c").errors(),
            "1:14: the right side of '|' is a name or a call: a | f(x) means f(a, x)\n");
}

TEST(Precedence, ChainsAreRefused) {
  EXPECT_EQ(Parsed("param p = a < b < c").errors(),
            "1:17: comparisons do not chain; join two of them with 'and'\n");
  EXPECT_EQ(Parsed("param p = a == b in c").errors(),
            "1:18: comparisons do not chain; join two of them with 'and'\n");
  EXPECT_EQ(Parsed("param p = a < b and b < c").errors(), "");
  EXPECT_EQ(Parsed("param p = (a < b) == c").errors(), "");
  EXPECT_EQ(Parsed("param p = 1..2..3").errors(),
            "1:15: ranges do not chain: 'a..b' has two ends\n");
}

TEST(Precedence, LooseWordsInsideTightOperatorsNeedParentheses) {
  EXPECT_EQ(Parsed("param p = a == not b").errors(),
            "1:16: 'not' binds loosely; put it in parentheses here\n");
  EXPECT_EQ(Parsed("param p = a == (not b)").errors(), "");
  EXPECT_EQ(Parsed("param p = 1 + if a then b else c").errors(),
            "1:15: 'if' binds loosely; put it in parentheses here\n");
  EXPECT_EQ(Parsed("param p = 1 + (if a then b else c)").errors(), "");
}
