// Recipes that say the same have one meaning, whatever they look like; others have another.
#include "compiler/frontend/Meaning.h"
#include "compiler/frontend/Check.h"
#include "compiler/frontend/MeaningChange.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace roux;

namespace {

constexpr std::string_view plain = R"(seed 3
param peak = 1e-3
tokenizer words = bpe(all, vocab: 300)
model small = new(llama, tokenizer: words, layers: 1, dim: 16, heads: 2, ffn: 32, context: 4Ki) { template: plain }
data all = chat("chats.jsonl") | where(turns > 1)
data other = chat("other.jsonl")
train t {
  model:     small
  data:      all | shuffle
  target:    role == assistant
  weight:    1 / step.targets
  batch:     2 * pack(1Ki tokens, overflow: drop, last: keep)
  optimizer: adamw(lr: peak)
  length:    2 epochs
}
)";

/// The meaning of `t` in `plain` with some of its text replaced.
std::string meaning(std::initializer_list<std::pair<std::string_view, std::string_view>> edits,
                    const std::string &path = "r.recipe") {
  std::string text(plain);
  for (auto [before, after] : edits) {
    size_t at = text.find(before);
    EXPECT_NE(at, text.npos) << before;
    text.replace(at, before.size(), after);
  }
  SourceManager sources;
  uint32_t file = sources.add(path, text);
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics);
  if (!recipe) {
    ADD_FAILURE() << diagnostics.text();
    return "";
  }
  return meaningOf(*recipe, *recipe->find("t"));
}

} // namespace

TEST(MeaningTest, LooksDoNotMatter) {
  std::string same = meaning({});
  EXPECT_EQ(meaning({{"adamw(lr: peak)", "adamw(  lr:   peak ) # fast"}}), same);
  EXPECT_EQ(meaning({{"param peak = 1e-3\n", ""}, {"adamw(lr: peak)", "adamw(lr: 0.001)"}}), same);
  EXPECT_EQ(meaning({{"adamw(lr: peak)", "adamw(lr: peak, epsilon: 1e-8)"}}), same);
  EXPECT_EQ(meaning({{"4Ki", "4096"}, {"1Ki tokens", "1024 tokens"}}), same);
  EXPECT_EQ(meaning({{"1 / step.targets", "(1) / (step.targets)"}}), same);
  EXPECT_EQ(meaning({{"param peak", "param rate"}, {"lr: peak", "lr: rate"}}), same);
  EXPECT_EQ(meaning({{"layers: 1, dim: 16", "dim: 16, layers: 1"}}), same);
  EXPECT_EQ(
      meaning({{"  length:    2 epochs\n", ""}, {"  model: ", "  length: 2 epochs\n  model: "}}),
      same);
  EXPECT_EQ(meaning({{"data other = chat(\"other.jsonl\")\n", ""}}), same);
  EXPECT_EQ(meaning({{"chats.jsonl", "moved/here.jsonl"}}), same); // its contents are hashed
  EXPECT_EQ(meaning({}, "/another/folder/r.recipe"), same);
}

TEST(MeaningTest, ValuesDo) {
  std::string same = meaning({});
  EXPECT_NE(meaning({{"seed 3", "seed 4"}}), same);
  EXPECT_NE(meaning({{"1e-3", "2e-3"}}), same);
  EXPECT_NE(meaning({{"turns > 1", "turns > 2"}}), same);
  EXPECT_NE(meaning({{"role == assistant", "role == user"}}), same);
  EXPECT_NE(meaning({{"overflow: drop", "overflow: error"}}), same);
  EXPECT_NE(meaning({{"2 epochs", "2 steps"}}), same);
  EXPECT_NE(meaning({{"template: plain", "template: chatml"}}), same);
  EXPECT_NE(meaning({{"vocab: 300", "vocab: 301"}}), same);
  EXPECT_NE(meaning({{"all | shuffle", "all"}}), same);
}

/// What `changes` to the recipe change in its meaning, a line each.
std::string changed(std::initializer_list<std::pair<std::string_view, std::string_view>> changes) {
  std::string text;
  for (const MeaningChange &change : changesOf(meaning({}), meaning(changes)))
    text += print(change) + "\n";
  return text;
}

TEST(MeaningTest, AChangeIsNamedAsInTheRecipe) {
  EXPECT_EQ(changed({}), "");
  EXPECT_EQ(changed({{"2 epochs", "3 epochs"}}), "length is 3 epochs and was 2 epochs\n");
  EXPECT_EQ(changed({{"1e-3", "2e-3"}, {"2 * pack(1Ki", "4 * pack(4Ki"}}),
            "batch.capacity is 4096 tokens and was 1024 tokens\n"
            "batch.units is 4 and was 2\n"
            "optimizer.lr is 0.002 and was 0.001\n");
  EXPECT_EQ(changed({{"turns > 1", "turns > 2"}}),
            "all.condition is sequence.turns > 2 and was sequence.turns > 1\n");
  EXPECT_EQ(changed({{"vocab: 300", "vocab: 301"}}), "words.vocab is 301 and was 300\n");
  // Another call is one change and is not looked into.
  EXPECT_EQ(changed({{"2 * pack(1Ki tokens", "each(2 sequences"}}).substr(0, 14), "batch is each(");
}

TEST(MeaningTest, WhatIsNewOrGoneIsSaid) {
  auto said = [](std::string_view before, std::string_view now) {
    std::string text;
    for (const MeaningChange &change : changesOf(before, now))
      text += print(change) + "\n";
    return text;
  };
  EXPECT_EQ(said("train t\n", "train t\ndata d\n  is text()\n"), "data d is new\n");
  EXPECT_EQ(said("train t\n  clip: 1\n", "train t\n"), "clip: 1 is gone\n");
  EXPECT_EQ(said("dtype f32\n", "dtype bf16\n"), "dtype is bf16 and was f32\n");
  EXPECT_EQ(said("weights a\nweights b\n", "weights a\nweights c\n"),
            "the weights it starts from are others\n");
  EXPECT_EQ(said("tokens 1\nplan 2\n", "tokens 3\nplan 4\n"), "its data are others\n");
  EXPECT_EQ(said("plan 2\nbatch: a\n", "plan 4\nbatch: b\n"),
            "its steps are others\nbatch is b and was a\n");
  EXPECT_EQ(said("train t\nprompt p\n  is \"a, (b\"\n", "train t\nprompt p\n  is \"a, [c\"\n"),
            "p is \"a, [c\" and was \"a, (b\"\n");
}

TEST(MeaningTest, NoTextIsTooOddToCompare) {
  for (std::string_view odd :
       {"", "\n\n", "  ", "  is", "is (", "train", "x(((((", "\"", "a: b(c: d", "a(b: \\"})
    for (std::string_view other : {"", "train t\n  a: f(x: 1)\n", "  a: f(x: \"\\\"\n"})
      EXPECT_EQ(changesOf(odd, other).empty(), odd == other) << odd << other;
}
