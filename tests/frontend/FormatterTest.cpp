// The formatter: what it settles, and that it never changes what a recipe says.
#include "tests/Paths.h"
#include "tests/frontend/Parsed.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace roux;

static std::string formatted(const std::string &text) {
  Parsed parsed(text);
  EXPECT_EQ(parsed.errors(), "") << text;
  std::string once = format(parsed.sources, *parsed.tree);
  Parsed again(once);
  EXPECT_EQ(again.errors(), "") << once;
  EXPECT_EQ(again.print(), parsed.print()) << once;
  EXPECT_EQ(again.tree->comments.size(), parsed.tree->comments.size()) << once;
  EXPECT_EQ(format(again.sources, *again.tree), once) << "formatting is not idempotent";
  return once;
}

struct Row {
  const char *before, *after;
};
class Layout : public testing::TestWithParam<Row> {};
TEST_P(Layout, IsSettled) {
  EXPECT_EQ(formatted(GetParam().before), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Layout,
    testing::Values(
        Row{"", ""}, Row{"\n\n# only a comment\n\n\n", "# only a comment\n"},
        Row{"param   p=1", "param p = 1\n"}, Row{"param p = - 1", "param p = -1\n"},
        Row{"param p = a-1", "param p = a - 1\n"},
        Row{"param p = f ( a ,b )", "param p = f(a, b)\n"},
        Row{"param p = a*(-b ^-c)", "param p = a * (-b ^ -c)\n"},
        Row{"param p = 1 .. 5 tokens", "param p = 1..5 tokens\n"},
        Row{"param p = a in[1,2]", "param p = a in [1, 2]\n"},
        Row{"param p = a in(1..2)", "param p = a in (1..2)\n"},
        Row{"param p = not(a)", "param p = not (a)\n"}, Row{"run{}", "run {}\n"},
        Row{"run{a:1}", "run { a: 1 }\n"}, Row{"run { ,a: 1,,b: 2, }", "run { a: 1, b: 2 }\n"},
        // Columns: neighbours of one kind, up to a blank line.
        Row{"run {\na:1\nlong:2\n\nb:3\n}", "run {\n  a:    1\n  long: 2\n\n  b: 3\n}\n"},
        Row{"data a = x\ndata long = y\nmodel m = z",
            "data a    = x\ndata long = y\nmodel m = z\n"},
        Row{"score s {\nvalue: a\nlet x=1\nlet yy=2\nnan:0\n}",
            "score s {\n  value: a\n  let x  = 1\n  let yy = 2\n  nan: 0\n}\n"},
        // A line of several entries has no column.
        Row{"run {\na: 1, bb: 2\nlong: 3\n}", "run {\n  a: 1, bb: 2\n  long: 3\n}\n"},
        // Pipes stand below each other.
        Row{"data d = a | f\n| g", "data d = a | f\n           | g\n"},
        Row{"data d = a\n| f\n| g", "data d = a\n    | f\n    | g\n"},
        // Brackets indent, comments stay where they were.
        Row{"data d = f(\na, # first\nb\n)", "data d = f(\n  a,  # first\n  b\n)\n"},
        Row{"run {\n# why\na: 1   # b\n# end\n}", "run {\n  # why\n  a: 1  # b\n  # end\n}\n"},
        Row{"prompt p = \"\"\"\n  x\n\"\"\"", "prompt p = \"\"\"\n  x\n\"\"\"\n"},
        Row{"run {\na: 1,\nb: 2,\n}", "run {\n  a: 1\n  b: 2\n}\n"},
        Row{"param p = 1 # c\n\n\n\nparam q = 2", "param p = 1  # c\n\nparam q = 2\n"}));

TEST(Formatter, KeepsEveryRecipeOfTheProject) {
  for (std::filesystem::path folder : {"recipes", "tests/frontend/fuzz/corpus"}) {
    folder = sourceFolder() / folder;
    if (!std::filesystem::exists(folder))
      continue;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".recipe")
        continue;
      std::ifstream in(entry.path());
      std::string text((std::istreambuf_iterator<char>(in)), {});
      SCOPED_TRACE(entry.path());
      bool seed = folder.filename() == "corpus"; // some of them are broken on purpose
      if (seed && !Parsed(text).errors().empty())
        continue;
      std::string laidOut = formatted(text);
      if (!seed)
        EXPECT_EQ(laidOut, text) << "run roux fmt on it";
    }
  }
}
