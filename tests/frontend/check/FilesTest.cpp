//===- FilesTest.cpp - recipes of several files, and the command line -----===//
//
// `use` is relative to the using file and follows no circle; --set and the keys of
// `run` speak the same language as the file and name what they do not know.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"

#include <gtest/gtest.h>

#include <map>

namespace roux {
namespace {

/// A recipe whose files are in memory; the first is the main one.
struct Files {
  Files(std::string main, std::map<std::string, std::string> others,
        std::vector<std::pair<std::string, std::string>> set = {},
        std::vector<std::pair<std::string, std::string>> run = {})
      : diagnostics(sources) {
    sources.add("here/main.recipe", std::move(main));
    CheckOptions options;
    options.set = std::move(set);
    options.run = std::move(run);
    options.read = [others](const std::string &path) -> std::optional<std::string> {
      auto at = others.find(path);
      return at == others.end() ? std::nullopt : std::optional(at->second);
    };
    recipe = check(sources, 0, diagnostics, options);
  }
  std::string errors() const {
    std::string text;
    for (const Diagnostic &diagnostic : diagnostics.all())
      text += std::string(sources.path(diagnostic.where.file)) + ": " + diagnostic.message + "\n";
    return text;
  }
  SourceManager sources;
  Diagnostics diagnostics;
  std::optional<CheckedRecipe> recipe;
};

TEST(Use, BringsInDefinitions) {
  Files files("use \"../data/docs.recipe\"\ndata x = docs | shuffle\n",
              {{"data/docs.recipe", "data docs = text(\"a.txt\", ends: none)\n"}});
  ASSERT_TRUE(files.recipe) << files.errors();
  EXPECT_FALSE(files.recipe->find("docs")->inMainFile);
  EXPECT_TRUE(files.recipe->find("x")->inMainFile);
}

TEST(Use, IsRelativeToTheUsingFile) {
  Files files("use \"sub/a.recipe\"\n", {{"here/sub/a.recipe", "use \"b.recipe\"\n"},
                                         {"here/sub/b.recipe", "data d = chat(\"c.jsonl\")\n"}});
  ASSERT_TRUE(files.recipe) << files.errors();
  const CheckedDefinition &data = *files.recipe->find("d");
  EXPECT_EQ(resolvePath(files.sources, data.value["files"]), "here/sub/c.jsonl");
}

TEST(Use, OfTheSameFileTwiceIsOne) {
  Files files(
      "use \"a.recipe\"\nuse \"b.recipe\"\n",
      {{"here/a.recipe", "use \"b.recipe\"\n"}, {"here/b.recipe", "data d = chat(\"c\")\n"}});
  EXPECT_TRUE(files.recipe) << files.errors();
}

TEST(Use, RefusesCircles) {
  Files files("use \"a.recipe\"\n", {{"here/a.recipe", "use \"main.recipe\"\n"}});
  EXPECT_EQ(files.errors(), "here/a.recipe: files use each other in a circle: here/main.recipe -> "
                            "here/a.recipe -> here/main.recipe\n");
}

TEST(Use, RefusesMissingFiles) {
  Files files("use \"a.recipe\"\n", {});
  EXPECT_EQ(files.errors(), "here/main.recipe: cannot read 'here/a.recipe'\n");
}

TEST(Use, ReportsMistakesInTheUsedFile) {
  Files files("use \"a.recipe\"\n", {{"here/a.recipe", "data d = cat(\"c\")\n"}});
  EXPECT_EQ(files.errors(), "here/a.recipe: expected data, found 'cat'; did you mean 'chat'?\n");
}

TEST(Use, LeavesTheRunOfTheUsedFile) {
  Files files("use \"a.recipe\"\nrun { dtype: f32 }\n",
              {{"here/a.recipe", "run { dtype: tf32 }\nparam unused = 1\n"}});
  ASSERT_TRUE(files.recipe) << files.errors();
  EXPECT_TRUE(files.recipe->run()["dtype"].is("f32"));
}

constexpr const char *withParam = "param share = 5%\ndata d = chat(\"c\") | sample(share)\n";

TEST(Set, ReplacesAParam) {
  Files files(withParam, {}, {{"share", "7%"}});
  ASSERT_TRUE(files.recipe) << files.errors();
  const CheckedValue &amount = files.recipe->find("d")->value["amount"];
  EXPECT_EQ(amount.number, 0.07);
  EXPECT_EQ(amount.origin.kind, OriginKind::Set);
  EXPECT_EQ(amount.origin.param, "share");
}

TEST(Set, LeavesTheOriginOfOthers) {
  Files files(withParam, {});
  ASSERT_TRUE(files.recipe) << files.errors();
  EXPECT_EQ(files.recipe->find("d")->value["amount"].origin.kind, OriginKind::Line);
  EXPECT_EQ(files.recipe->find("d")->value["amount"].origin.param, "share");
}

TEST(Set, RefusesUnknownNames) {
  Files files(withParam, {}, {{"shaer", "7%"}});
  EXPECT_EQ(
      files.errors(),
      "--set: --set names 'shaer', which is no param of this recipe; did you mean 'share'?\n");
}

TEST(Set, RefusesNamesOfOtherDefinitions) {
  Files files(withParam, {}, {{"d", "7%"}});
  EXPECT_EQ(files.errors(), "--set: --set names 'd', which is no param of this recipe\n");
}

TEST(Set, RefusesAnotherType) {
  Files files(withParam, {}, {{"share", "7"}});
  EXPECT_EQ(files.errors(),
            "--set: --set share gives a plain number, but the recipe has a percentage\n");
}

TEST(Set, RefusesWhatIsNoValue) {
  Files files(withParam, {}, {{"share", "7% }"}});
  EXPECT_FALSE(files.recipe);
}

TEST(Set, RefusesMoreThanAValue) {
  Files files(withParam, {}, {{"share", "7%\nparam other = 3"}});
  EXPECT_EQ(files.errors(), "--set: --set takes one value, as in --set share=1\n");
}

TEST(RunKeys, StandInsteadOfTheRecipes) {
  Files files("run { dtype: f32, device: cuda, threads: 3 }\n", {}, {},
              {{"device", "cpu"}, {"micro_batch", "4Ki tokens"}});
  ASSERT_TRUE(files.recipe) << files.errors();
  const CheckedDefinition &run = files.recipe->run();
  EXPECT_TRUE(run["device"].is("cpu"));
  EXPECT_TRUE(run["dtype"].is("f32"));
  EXPECT_EQ(run["threads"].number, 3);
  EXPECT_EQ(run["micro_batch"].number, 4096);
  EXPECT_TRUE(files.recipe->checkedOnly.empty()) << files.recipe->checkedOnly[0].construct;
}

TEST(RunKeys, NeedNoRunBlock) {
  Files files("", {}, {}, {{"threads", "2"}});
  ASSERT_TRUE(files.recipe) << files.errors();
  EXPECT_EQ(files.recipe->run()["threads"].number, 2);
  EXPECT_EQ(files.recipe->run()["dtype"].origin.kind, OriginKind::Default);
}

TEST(RunKeys, AreRefusedInTheWordsOfTheRecipe) {
  Files files("", {}, {}, {{"dtype", "f23"}});
  EXPECT_EQ(files.errors(), "--dtype: expected bf16, f32, tf32 or f64 for 'dtype' of run, found "
                            "'f23'; did you mean 'f32'?\n");
  Files only("", {}, {}, {{"parallel", "shard"}});
  ASSERT_TRUE(only.recipe);
  ASSERT_EQ(only.recipe->checkedOnly.size(), 1u);
  EXPECT_EQ(only.recipe->checkedOnly[0].construct, "parallel: shard");
}

TEST(RunKeys, TakeOneValue) {
  Files files("", {}, {}, {{"dtype", "f32, threads: 2"}});
  EXPECT_EQ(files.errors(), "--dtype: --dtype takes one value\n");
  EXPECT_FALSE(Files("", {}, {}, {{"dtype", "f32 } run { threads: 2"}}).recipe);
  EXPECT_FALSE(Files("", {}, {}, {{"dtype", ""}}).recipe);
}

} // namespace
} // namespace roux
