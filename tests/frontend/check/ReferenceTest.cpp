//===- ReferenceTest.cpp - the reference says what the checker does -------===//
//
// Every example of the table is a recipe that checks, and the README's tables
// are the table of constructs.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Reference.h"

#include "compiler/frontend/Scopes.h"
#include "compiler/frontend/constructs/Parts.h"
#include "tests/Paths.h"
#include "tests/frontend/check/Around.h"

#include <gtest/gtest.h>

namespace roux {
namespace {

struct Wrap {
  Family family;
  Around around;
  std::string_view before, after;
};
constexpr Wrap wraps[] = {
    {Family::Source, Around::Data, "", ""},
    {Family::Record, Around::Data, "", ""},
    {Family::Site, Around::Data, "", ""},
    {Family::Parse, Around::Data, "", ""},
    {Family::Chunk, Around::Data, "", ""},
    {Family::Choice, Around::Data, "", ""},
    {Family::Tokenizer, Around::Tokenizer, "", ""},
    {Family::Model, Around::Model, "", ""},
    {Family::Secret, Around::Model, "", ""},
    {Family::Rope, Around::Model, "base { rope: ", " }"},
    {Family::Adapter, Around::Model, "base { adapt: ", " }"},
    {Family::Policy, Around::Train, "batch: ", ""},
    {Family::Overflow, Around::Train, "batch: ", ""},
    {Family::Fit, Around::Train, "batch: ", ""},
    {Family::Position, Around::Train, "position: ", ""},
    {Family::Optimizer, Around::Train, "optimizer: ", ""},
    {Family::Group, Around::Train, "optimizer: adamw(lr: 1e-3, groups: ", ")"},
    {Family::Schedule, Around::Train, "schedule: ", ""},
    {Family::Part, Around::Train, "freeze: ", ""},
    {Family::Spans, Around::Score, "spans: ", ""},
    {Family::Pairs, Around::Score, "spans: sentence\npairs: ", ""},
    {Family::Interval, Around::Run, "save: ", ""},
    {Family::Kept, Around::Train,
     "keep: ", "\n}\neval e {\n  model: x, during: every(1 epochs), unseen: loss(held)"},
    {Family::Task, Around::Eval, "measured: ", ""},
    {Family::Values, Around::Eval, "measured: ", ""},
};

void expectAccepted(Around around, const std::string &piece) {
  CheckedPiece checked(around, piece);
  EXPECT_TRUE(checked.recipe) << piece << "\n" << checked.errors();
}

TEST(Reference, ExamplesOfFunctionsCheck) {
  for (const Construct *construct : constructs()) {
    if (construct->family == Family::Definition)
      continue;
    bool isWrapped = false;
    for (const Wrap &wrap : wraps)
      if (wrap.family == construct->family) {
        isWrapped = true;
        std::string text(construct->example);
        expectAccepted(wrap.around, std::string(wrap.before) + text + std::string(wrap.after));
      }
    EXPECT_TRUE(isWrapped) << construct->name;
  }
}

TEST(Reference, ExamplesOfDefinitionsCheck) {
  for (const Construct &construct : parts::definitions) {
    CheckedPiece checked(Around::File, construct.example);
    std::string errors = checked.errors();
    // What is never used is refused, and an example stands alone.
    bool isUnused = errors.find("nothing uses the") != std::string::npos &&
                    errors.find('\n') == std::string::npos;
    EXPECT_TRUE(checked.recipe || isUnused) << construct.example << "\n" << errors;
  }
}

TEST(Reference, ExamplesOfKeysCheck) {
  std::string before = recipeAround(Around::Train, "").substr(usual.size());
  before.replace(before.find("train x"), 7, "train before");
  for (const Parameter &key : parts::trainKeys) {
    bool needsTrain = key.name == "carry";              // it is taken from another train
    if (key.name == "keep" || key.name == "patience") { // an eval says which are best
      std::string piece =
          "keep: best(unseen)\n" + (key.name == "patience" ? std::string(key.example) : "");
      expectAccepted(Around::Nothing,
                     recipeAround(Around::Train, piece) +
                         "eval e { model: x, during: every(50 steps), unseen: loss(held) }\n");
      continue;
    }
    if (key.name == "reference") { // a loss of pairs reads it
      expectAccepted(Around::Train,
                     "data: pairs(\"p.jsonl\")\nloss: chosen.reference - chosen.logp\n" +
                         std::string(key.example));
      continue;
    }
    std::string other = recipeAround(Around::Train, needsTrain ? "model: before" : key.example);
    if (needsTrain) {
      other.insert(other.rfind('}'), "carry: optimizer\n");
      expectAccepted(Around::Nothing, other + before);
    } else {
      expectAccepted(Around::Train, std::string(key.example));
    }
  }
  for (const Parameter &key : parts::scoreKeys)
    expectAccepted(Around::Score,
                   (key.name == "pairs" ? "spans: sentence\n" : "") + std::string(key.example));
  for (const Parameter &key : parts::evalKeys) {
    bool needsTrain = key.name == "during"; // it is measured on a train's way
    std::string model = needsTrain ? "model: before\n" : "";
    expectAccepted(Around::Nothing,
                   recipeAround(Around::Eval, model + std::string(key.example)) + before);
  }
  for (const Parameter &key : parts::runKeys)
    expectAccepted(Around::Run, std::string(key.example));
  for (const Parameter &key : modelOverride().parameters)
    expectAccepted(Around::Model, "base { " + std::string(key.example) + " }");
}

TEST(Reference, ExamplesOfFormulasCheck) {
  for (const FormulaRow &row : formulas()) {
    if (row.kind == FormulaKind::Model) // examples of score show them
      continue;
    std::string example(row.example);
    bool isWeight = CheckedPiece(Around::Train, "weight: " + example).recipe.has_value();
    CheckedPiece where(Around::Data, "docs | where(" + example + ")");
    EXPECT_TRUE(isWeight || where.recipe) << example << "\n" << where.errors();
  }
}

TEST(Reference, ReadmeHasTheTablesOfTheChecker) {
  std::string path = sourceFolder() + "/recipes/README.md";
  std::string readme = readFile(path).value_or("");
  std::string begin = "<!-- generated by print-reference -->\n",
              end = "<!-- end of generated part -->";
  size_t from = readme.find(begin), to = readme.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  from += begin.size();
  EXPECT_TRUE(readme.substr(from, to - from) == referenceTables())
      << "put the output of print-reference between the markers of recipes/README.md";
}

} // namespace
} // namespace roux
