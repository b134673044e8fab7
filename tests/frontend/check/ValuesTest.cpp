//===- ValuesTest.cpp - what the checker makes of a right recipe ----------===//
//
// Planner, trainer and importer read the checked recipe; these are the shapes
// they rely on.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Constructs.h"
#include "tests/frontend/check/Around.h"

#include <gtest/gtest.h>

#include <set>

namespace roux {
namespace {

struct Definition {
  Definition(Around around, std::string_view piece, std::string_view name = "x")
      : piece(around, piece) {
    EXPECT_TRUE(this->piece.recipe) << this->piece.errors();
    if (this->piece.recipe)
      found = this->piece.recipe->find(name);
  }
  const CheckedDefinition &operator*() const { return *found; }
  const CheckedDefinition *operator->() const { return found; }
  CheckedPiece piece;
  const CheckedDefinition *found = nullptr;
};

TEST(Values, PipesAreCallsWithDataFirst) {
  Definition x(Around::Data, "docs | sample(5%) | shuffle");
  EXPECT_TRUE(x->value.calls("shuffle"));
  EXPECT_TRUE(x->value["data"].calls("sample"));
  EXPECT_EQ(x->value["data"]["amount"].measure, Measure::Percent);
  EXPECT_EQ(x->value["data"]["data"].text, "docs");
}

TEST(Values, RepeatedArgumentsAreAList) {
  Definition x(Around::Data, "concat(docs, chats, held)");
  EXPECT_EQ(x->value["data"].items.size(), 3u);
}

TEST(Values, SharesKeepTheirNames) {
  Definition x(Around::Data, "mix(docs: 60%, chats: 40%, by: tokens)");
  EXPECT_TRUE(x->value["by"].is("tokens"));
  ASSERT_EQ(x->value.arguments.size(), 4u);
  EXPECT_TRUE(x->value.arguments[2].named);
  EXPECT_EQ(x->value.arguments[2].name, "docs");
  EXPECT_EQ(x->value.arguments[2].value.number, 0.6);
}

TEST(Values, DataMayBeCalledAsAKeyOfMix) {
  Definition x(Around::File, "data short = docs\n"
                             "data x = mix(docs: 60%, short: 40%, by: tokens, short: repeat)");
  EXPECT_TRUE(x->value["short"].is("repeat"));
  ASSERT_EQ(x->value.arguments.size(), 4u);
  EXPECT_TRUE(x->value.arguments[3].named);
  EXPECT_EQ(x->value.arguments[3].name, "short");
  EXPECT_EQ(x->value.arguments[3].value.number, 0.4);
}

TEST(Values, ABlockOverridesItsModel) {
  Definition x(Around::File, "model x = load(\"m\") { context: 64Ki }");
  EXPECT_TRUE(x->value.calls("override"));
  EXPECT_TRUE(x->value["base"].calls("load"));
  EXPECT_EQ(x->value["context"].measure, Measure::Tokens);
  EXPECT_EQ(x->value.find("rope"), nullptr);
}

TEST(Values, SumsOfModelsCarryTheirCoefficients) {
  Definition x(Around::Model, "0.5 * (base - blank) + 0.25 * base");
  ASSERT_EQ(x->value.kind, ValueKind::Blend);
  ASSERT_EQ(x->value.items.size(), 3u);
  EXPECT_EQ(x->value.items[0].number, 0.5);
  EXPECT_EQ(x->value.items[1].number, -0.5);
  EXPECT_EQ(x->value.items[2].number, 0.25);
}

TEST(Values, AUnitThatIsLeftOutIsFilledIn) {
  Definition x(Around::Train, "batch: each(96, overflow: cut(right), last: drop)");
  const CheckedValue &batch = (*x)["batch"];
  EXPECT_EQ(batch["count"].measure, Measure::Sequences);
  EXPECT_TRUE(batch["overflow"].calls("cut"));
  EXPECT_TRUE(batch["overflow"]["side"].is("right"));
}

TEST(Values, DefaultsCopyOtherArguments) {
  Definition x(Around::Model, "new(llama, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, "
                              "context: 512)");
  EXPECT_EQ(x->value["kv_heads"].number, 4);
  EXPECT_EQ(x->value["kv_heads"].origin.kind, OriginKind::Default);
}

TEST(Values, PromptsKeepEscapedBraces) {
  Definition x(Around::File,
               "prompt x = \"a \\{b\\} {document}\"\ndata y = docs | ask(teacher, q: x)");
  EXPECT_EQ(x->value.kind, ValueKind::Prompt);
  EXPECT_EQ(x->value.text, "a \\{b\\} {document}");
}

TEST(Values, ParamsCarryTheirUnits) {
  Definition x(Around::File, "param n = 4 * 2Ki tokens\ndata x = docs | cut(n, side: right)");
  EXPECT_EQ(x->value["length"].number, 8192);
  EXPECT_EQ(x->value["length"].origin.param, "n");
}

TEST(Values, FieldsOfAskAreReadBare) {
  Definition x(Around::Data,
               "docs | ask(teacher, verdict: \"{document}?\") | where(verdict == \"yes\")");
  const Expression &condition = x->value["condition"].expression;
  ASSERT_EQ(condition.nodes.size(), 3u);
  EXPECT_EQ(condition.nodes[0].attribute, Attribute::Field);
  EXPECT_EQ(condition.nodes[0].text, "verdict");
}

TEST(Values, ReductionsVisitTheNarrowestRows) {
  Definition x(Around::Train,
               "weight: 1 / (sum(sequence.tokens over step) * mean(token.index over sequence))");
  const Expression &weight = (*x)["weight"].expression;
  const Expression::Node &sum = weight.nodes[2], &mean = weight.nodes[4];
  EXPECT_EQ(sum.operation, Operation::Sum);
  EXPECT_EQ(sum.scope, Scope::Step);
  EXPECT_EQ(sum.inner, Scope::Sequence);
  EXPECT_TRUE(sum.countsAll); // only `tokens` is read
  EXPECT_EQ(mean.inner, Scope::Token);
  EXPECT_FALSE(mean.countsAll);
  EXPECT_EQ(weight.scope(), Scope::Sequence);
}

TEST(Values, LetsStandAfterWhatTheyRead) {
  Definition x(Around::Score, "spans: tokens(128, tail: drop)\npairs: earlier(fewer: all)\n"
                              "let share = gain / 2\nlet gain = perplexity(later) - "
                              "perplexity(later, given: earlier)\nvalue: sum(share over pairs)");
  ASSERT_EQ(x->lets.size(), 2u);
  EXPECT_EQ(x->lets[0].name, "gain");
  EXPECT_EQ(x->lets[1].name, "share");
  EXPECT_EQ(x->scores, Scope::Sequence);
}

TEST(Values, MeasurementsKeepTheirNames) {
  Definition x(Around::Eval, "deep: loss(docs, by: position)");
  ASSERT_EQ(x->tasks.size(), 2u);
  EXPECT_EQ(x->tasks[1].name, "deep");
  EXPECT_TRUE(x->tasks[1].value["by"].is("position"));
}

TEST(Values, CheckedOnlyNamesConstructsOnce) {
  CheckedPiece piece(Around::Run, "devices: 8\nparallel: shard\noffload: optimizer");
  ASSERT_TRUE(piece.recipe) << piece.errors();
  std::set<std::string> named;
  for (const CheckedOnly &only : piece.recipe->checkedOnly)
    EXPECT_TRUE(named.insert(only.construct).second) << only.construct;
  EXPECT_EQ(named, (std::set<std::string>{"devices", "offload: optimizer", "parallel: shard"}));
}

// Of a key's words those that change nothing run.
TEST(Values, CheckedOnlyNamesWords) {
  auto only = [](std::string_view keys) {
    std::string names;
    CheckedPiece piece(Around::Run, keys);
    EXPECT_TRUE(piece.recipe) << piece.errors();
    for (const CheckedOnly &each : piece.recipe->checkedOnly)
      names += each.construct + "\n";
    return names;
  };
  EXPECT_EQ(only("parallel: none\noffload: none\ndevice: cpu\ndtype: f32"), "");
  EXPECT_EQ(only("device: cuda\narch: sm_90a"), "");
  EXPECT_EQ(only("device: simt\ndtype: f32"), "");
  EXPECT_EQ(only("device: simt\ndtype: bf16"), "");
  EXPECT_EQ(only("parallel: shard\noffload: optimizer\ndtype: tf32"),
            "parallel: shard\noffload: optimizer\ndtype: tf32\n");
}

TEST(Values, EveryIndependentMistakeIsReported) {
  CheckedPiece piece(Around::Train, "lenght: 2 epochs\nbatch: pack(8Ki steps, fit: nxt, overflow: "
                                    "drop)\nweight: 1 / micro.targets\nclip: 0");
  EXPECT_EQ(piece.diagnostics.errorCount(), 6u) << piece.errors();
}

} // namespace
} // namespace roux
