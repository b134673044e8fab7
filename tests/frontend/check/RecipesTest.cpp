//===- RecipesTest.cpp - the recipes that come with Roux ------------------===//
//
// Every file under recipes/ checks without its data, and says its objective.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/frontend/Formatter.h"
#include "compiler/frontend/Objective.h"
#include "compiler/frontend/Parser.h"
#include "tests/Paths.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace roux {
namespace {

struct CheckedFile {
  explicit CheckedFile(const std::string &path, CheckOptions options = {}) : diagnostics(sources) {
    sources.add(path, readFile(path).value_or(""));
    recipe = check(sources, 0, diagnostics, options);
  }
  SourceManager sources;
  Diagnostics diagnostics;
  std::optional<CheckedRecipe> recipe;
};

const std::string folder = sourceFolder() + "/recipes/";

TEST(Recipes, AllCheck) {
  size_t count = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".recipe")
      continue;
    ++count;
    CheckedFile file(entry.path().string());
    EXPECT_TRUE(file.recipe) << file.diagnostics.text();
  }
  EXPECT_GE(count, 9u);
}

TEST(Recipes, AllAreLaidOutByTheFormatter) {
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".recipe")
      continue;
    SourceManager sources;
    Diagnostics diagnostics(sources);
    uint32_t file =
        sources.add(entry.path().string(), readFile(entry.path().string()).value_or(""));
    EXPECT_EQ(format(sources, *parse(sources, file, diagnostics)), sources.text(file));
  }
}

TEST(Recipes, TinyHasItsData) {
  CheckedFile file(folder + "tiny.recipe", {.files = true});
  EXPECT_TRUE(file.recipe) << file.diagnostics.text();
}

TEST(Recipes, LongAlignNeedsItsData) {
  CheckedFile file(folder + "longalign.recipe", {.files = true});
  EXPECT_FALSE(file.recipe);
  EXPECT_NE(file.diagnostics.text().find("there is no file or folder '" + folder +
                                         "models/llama-2-7b-64k'"),
            std::string::npos)
      << file.diagnostics.text();
}

TEST(Recipes, DefaultsAreFilledInAndSaySo) {
  CheckedFile file(folder + "longalign.recipe");
  ASSERT_TRUE(file.recipe);
  const CheckedDefinition &train = *file.recipe->find("aligned");
  EXPECT_EQ(train["batch"]["units"].number, 8);
  EXPECT_EQ(train["batch"]["units"].origin.kind, OriginKind::Line);
  EXPECT_EQ(train["batch"]["capacity"].number, 65536);
  EXPECT_EQ(train["batch"]["capacity"].measure, Measure::Tokens);
  EXPECT_TRUE(train["batch"]["attend"].is("sequence"));
  EXPECT_EQ(train["batch"]["attend"].origin.kind, OriginKind::Default);
  EXPECT_EQ(train["optimizer"]["epsilon"].number, 1e-8);
  EXPECT_EQ(print(train["loss"].expression), "token.nll");
  EXPECT_EQ(train["loss"].origin.kind, OriginKind::Default);
  EXPECT_TRUE(file.recipe->run()["dtype"].is("bf16"));
  EXPECT_EQ(file.recipe->run()["memory"].number, 80e9);
  EXPECT_TRUE(file.recipe->run()["device"].is("cpu"));
  EXPECT_EQ(file.recipe->seed, 42u);
}

TEST(Recipes, DefinitionsStandAfterWhatTheyRead) {
  for (const char *name : {"longalign", "prolong", "longrecipe", "miner", "llama2_long"}) {
    CheckedFile file(folder + name + ".recipe");
    ASSERT_TRUE(file.recipe) << name;
    for (uint32_t i = 0; i < file.recipe->definitions.size(); ++i)
      for (uint32_t read : file.recipe->definitions[i].reads)
        EXPECT_LT(read, i) << name << ": " << file.recipe->definitions[i].name;
  }
}

TEST(Recipes, ReferencesPointAtTheirDefinitions) {
  CheckedFile file(folder + "prolong.recipe");
  ASSERT_TRUE(file.recipe);
  const CheckedValue &model = (*file.recipe->find("prolong"))["model"];
  ASSERT_EQ(model.kind, ValueKind::Reference);
  EXPECT_EQ(file.recipe->definitions[model.definition].name, model.text);
}

} // namespace
} // namespace roux
