//===- MistakesTest.cpp - the kinds of mistakes and their page ------------===//
//
// Every example of the table is the mistake it is said to be, and the page for
// readers is the table.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Mistakes.h"

#include "tests/Paths.h"
#include "tests/frontend/check/Around.h"

#include <gtest/gtest.h>

#include <set>

namespace roux {
namespace {

Around aroundOf(std::string_view name) {
  if (name == "data")
    return Around::Data;
  if (name == "train")
    return Around::Train;
  return name == "run" ? Around::Run : Around::File;
}

TEST(Mistakes, ExamplesAreWhatTheyAreSaidToBe) {
  for (const MistakeRow &row : mistakes()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(findMistake(row.name), &row);
    EXPECT_EQ(spelling(row.code), row.name);
    if (row.around.empty())
      continue;
    CheckedPiece wrong(aroundOf(row.around), row.wrong);
    ASSERT_EQ(wrong.diagnostics.all().size(), 1u) << wrong.errors();
    EXPECT_EQ(spelling(wrong.diagnostics.all()[0].code), row.name) << wrong.errors();
    CheckedPiece right(aroundOf(row.around), row.right);
    EXPECT_TRUE(right.recipe) << right.errors();
  }
}

TEST(Mistakes, TextAndJsonNameTheKind) {
  CheckedPiece piece(Around::Train, "lenght: 2 epochs");
  EXPECT_NE(piece.diagnostics.text().find("did you mean 'length'? [unknown-key]\n"),
            std::string::npos)
      << piece.diagnostics.text();
  EXPECT_NE(piece.diagnostics.json().find(R"("code":"unknown-key")"), std::string::npos);
}

TEST(Mistakes, OfTheCommandLineHaveTheirName) {
  CheckOptions options;
  options.set.push_back({"rows", "4"});
  CheckedPiece piece(Around::File, "", options);
  ASSERT_EQ(piece.diagnostics.all().size(), 1u);
  EXPECT_EQ(piece.diagnostics.all()[0].code, Code::Setting);
}

TEST(Mistakes, ThePageIsTheTable) {
  std::string page = readFile(sourceFolder() + "/docs/mistakes.md").value_or("");
  EXPECT_TRUE(page == mistakesPage()) << "put the output of 'print-reference mistakes' into "
                                         "docs/mistakes.md";
}

} // namespace
} // namespace roux
