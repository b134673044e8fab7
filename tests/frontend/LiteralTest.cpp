// What numbers and texts say, and which spellings are refused with which hint.
#include "tests/frontend/Parsed.h"

#include <gtest/gtest.h>

using namespace roux;

static const ast::Expr *value(const Parsed &parsed) {
  return parsed.tree->definitions[0].value;
}

struct NumberRow {
  const char *text;
  double scaled;
};
class Numbers : public testing::TestWithParam<NumberRow> {};
TEST_P(Numbers, MeanTheirSuffix) {
  Parsed parsed(std::string("param p = ") + GetParam().text);
  ASSERT_EQ(parsed.errors(), "");
  auto *number = ast::as<ast::Number>(value(parsed));
  ASSERT_TRUE(number);
  EXPECT_EQ(number->scaled, GetParam().scaled);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Numbers,
    testing::Values(NumberRow{"0", 0}, NumberRow{"64Ki", 65536}, NumberRow{"4Mi", 4194304},
                    NumberRow{"1Gi", 1073741824}, NumberRow{"10k", 10000}, NumberRow{"2M", 2e6},
                    NumberRow{"7B", 7e9}, NumberRow{"80GB", 80e9}, NumberRow{"80GiB", 85899345920},
                    NumberRow{"1KiB", 1024}, NumberRow{"3MB", 3e6}, NumberRow{"2TB", 2e12},
                    NumberRow{"2_000_000", 2e6}, NumberRow{"3%", 0.03}, NumberRow{"2e-5", 2e-5},
                    NumberRow{"1.28e8", 1.28e8}, NumberRow{"1.5Ki", 1536}, NumberRow{"0.95", 0.95},
                    NumberRow{"1E3", 1000}, NumberRow{"9007199254740992", 0x1p53}));

TEST(Literals, APointBeforeAPointIsNoPartOfANumber) {
  Parsed parsed("param p = 1..5");
  EXPECT_EQ(onOneLine(parsed.print()), "(param p (range (number 1) (number 5)))");
  EXPECT_EQ(onOneLine(Parsed("param p = 8Ki..64Ki").print()),
            "(param p (range (number 8Ki) (number 64Ki)))");
  EXPECT_EQ(onOneLine(Parsed("param p = 1.5..2.5").print()),
            "(param p (range (number 1.5) (number 2.5)))");
}

struct Refusal {
  const char *text, *error;
};
class RefusedLiteral : public testing::TestWithParam<Refusal> {};
TEST_P(RefusedLiteral, SaysWhatToWrite) {
  EXPECT_EQ(Parsed(std::string("param p = ") + GetParam().text).errors(),
            std::string(GetParam().error) + "\n");
}
INSTANTIATE_TEST_SUITE_P(
    Table, RefusedLiteral,
    testing::Values(
        Refusal{"10K", "1:13: unknown suffix 'K'; did you mean 'k' (1000) or 'Ki' (1024)?"},
        Refusal{"10ki", "1:13: unknown suffix 'ki'; did you mean 'Ki'?"},
        Refusal{"7b", "1:12: unknown suffix 'b'; did you mean 'B'?"},
        Refusal{"7G", "1:12: unknown suffix 'G'; did you mean 'B' (10^9) or 'Gi' (2^30)?"},
        Refusal{"80gb", "1:13: unknown suffix 'gb'; did you mean 'GB' (10^9) or 'GiB' (2^30)?"},
        Refusal{"3x", "1:12: unknown suffix 'x'; suffixes are Ki Mi Gi, k M B, %, and for bytes KB "
                      "MB GB TB, KiB MiB GiB TiB"},
        Refusal{"2epochs",
                "1:12: unknown suffix 'epochs'; a unit follows after a space: '2 epochs'"},
        Refusal{"3hours", "1:12: unknown suffix 'hours'; a unit follows after a space: '3 h'"},
        Refusal{"3 %", "1:13: unexpected '%'; a percent sign touches its number: '3%'"},
        Refusal{"3 token", "1:13: expected ',' or a new line after the definition, found 'token'; "
                           "did you mean 'tokens'?"},
        Refusal{"3 hours", "1:13: expected ',' or a new line after the definition, found 'hours'; "
                           "did you mean 'h'?"},
        Refusal{"1e999", "1:11: this number is outside the range of a double"},
        Refusal{"9007199254740993000",
                "1:11: whole numbers above 9007199254740992 (2^53) cannot be held exactly"},
        Refusal{".5", "1:11: expected a value, found '.'; write '0.5'"},
        Refusal{"'x'", "1:11: unexpected '''; a text is written in double quotes"},
        Refusal{"“x”", "1:11: unexpected '“'; a text is written in double quotes: '\"'"},
        Refusal{"a && b", "1:13: unexpected '&&'; write 'and'"},
        Refusal{"a || b", "1:13: unexpected '||'; write 'or'"},
        Refusal{"!a", "1:11: unexpected '!'; write 'not'"},
        Refusal{"a ** b", "1:13: unexpected '**'; write '^'"},
        Refusal{"a = b",
                "1:13: expected ',' or a new line after the definition, found '='; '==' compares"},
        Refusal{"1 // one", "1:13: unexpected '//'; a comment starts with '#'"},
        Refusal{"a § b", "1:13: unexpected character '§' (U+00A7)"},
        Refusal{"\"a\\qb\"", R"(1:13: unknown escape; a text has \n \t \" \\ \{ \})"},
        Refusal{"\"abc", "1:11: this text has no closing '\"' on its line; a text of several lines "
                         "is written in '\"\"\"'"},
        Refusal{"\"\"\"abc\n", "1:11: this text has no closing '\"\"\"'"}));

TEST(Literals, TextsReplaceTheirEscapes) {
  Parsed parsed(R"(prompt p = "a\n\t\"\\\{b\} {c}")");
  auto *text = ast::as<ast::Text>(value(parsed));
  EXPECT_EQ(text->value, "a\n\t\"\\{b} {c}");
  ASSERT_EQ(text->braces.size(), 2u);
  EXPECT_EQ(text->value.substr(text->braces[0], text->braces[1] - text->braces[0] + 1), "{c}");
}

TEST(Literals, TripleTextsDropTheFirstNewline) {
  Parsed parsed("prompt p = \"\"\"\na \"quoted\"\n  b\n\"\"\"");
  EXPECT_EQ(ast::as<ast::Text>(value(parsed))->value, "a \"quoted\"\n  b\n");
  EXPECT_EQ(ast::as<ast::Text>(value(Parsed("prompt p = \"\"\"a\"\"\"")))->value, "a");
  EXPECT_EQ(ast::as<ast::Text>(value(Parsed("prompt p = \"\"")))->value, "");
}

TEST(Literals, VersionsTouchAMetric) {
  EXPECT_EQ(onOneLine(Parsed("eval e { m: rouge_l@pltrdy-1.0.1 }").print()),
            "(eval e (block (m: name rouge_l@pltrdy-1.0.1)))");
}
