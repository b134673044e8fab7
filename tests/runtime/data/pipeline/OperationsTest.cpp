//===- OperationsTest.cpp - each operation of a data definition -----------===//
//
// Small data whose answer can be read off, and the rules for draws: of the record
// alone, whatever else is in the data.
//
//===----------------------------------------------------------------------===//
#include "OperationsFixture.h"
#include "runtime/data/plan/PlanInput.h"

#include <algorithm>
#include <set>

using namespace roux;
using namespace roux::data;

namespace {

TEST_F(Operations, WhereFiltersByTokensFieldsAndSources) {
  documents("a.jsonl", {"one", "four", "seventeen"}, ", \"lang\": \"en\"");
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Where, {a}).expression = tokensAbove(3);
  EXPECT_EQ(texts(), (Texts{"four", "seventeen"}));
  EXPECT_EQ(ledger.find(Fate::Noted, "where/0: left out")->sequences, 1u);
  pipeline.steps.back().expression =
      binary(Operation::Equal, read(Scope::Sequence, Attribute::Field, "lang"), text("en"));
  EXPECT_EQ(texts().size(), 3u);
  pipeline.steps.back().expression =
      binary(Operation::Equal, read(Scope::Sequence, Attribute::Source), text("b"));
  EXPECT_EQ(texts().size(), 0u);
  pipeline.steps.back().expression = only(read(Scope::Sequence, Attribute::Field, "no"));
  EXPECT_EQ(refusal(), "a.jsonl:1: the record has no field 'no'");
  pipeline.steps.back().expression = only(read(Scope::Sequence, Attribute::Score, "lds"));
  EXPECT_EQ(refusal(), "score 'lds' is not known while these data are prepared");
}

// Sampling and filtering may change places: no record is redrawn.
TEST_F(Operations, AddingAWhereDoesNotRedraw) {
  numbered("a.jsonl", 2000);
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Sample, {a}).amount = {0.2, true};
  Texts sampled = texts();
  EXPECT_NEAR(sampled.size(), 400, 60);
  pipeline.steps.pop_back();
  step(DataOperation::Where, {a}).expression = tokensAbove(3);
  step(DataOperation::Sample, {last()}).amount = {0.2, true};
  Texts filtered = texts();
  std::erase_if(sampled, [](const std::string &text) { return text.size() <= 3; });
  EXPECT_EQ(filtered, sampled);
}

// Data that are held out stay so: a draw is told from others by the samples in front of it alone.
TEST_F(Operations, NoNameMovesASample) {
  numbered("a.jsonl", 500);
  auto sampled = [&](const char *name, const char *construct, uint32_t draw) {
    pipeline.steps.clear();
    uint32_t a = source(name, "a.jsonl", SourceKind::Text);
    DataStep &sample = step(DataOperation::Sample, {a});
    sample.amount = {0.2, true};
    sample.construct = construct;
    sample.draw = draw;
    return texts();
  };
  Texts held = sampled("chats", "held/sample/0", 0);
  EXPECT_EQ(sampled("conversations", "validation/sample/3", 0), held);
  EXPECT_NE(sampled("chats", "held/sample/0", 1), held);
  pipeline.seed = 43;
  EXPECT_NE(sampled("chats", "held/sample/0", 0), held);
}

TEST_F(Operations, ShuffleKeepsTheOrderOfThoseThatStay) {
  numbered("a.jsonl", 500);
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Shuffle, {a});
  Texts all = texts();
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 500u);
  EXPECT_NE(all[0] + all[1] + all[2], "012");
  pipeline.steps.pop_back();
  step(DataOperation::Where, {a}).expression = tokensAbove(1);
  step(DataOperation::Shuffle, {last()});
  std::erase_if(all, [](const std::string &text) { return text.size() <= 1; });
  EXPECT_EQ(texts(), all);
  EXPECT_EQ(texts(1), texts(8));
  pipeline.seed = 43;
  EXPECT_NE(texts(), all);
}

TEST_F(Operations, SampleOfANumberIsExact) {
  numbered("a.jsonl", 100);
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Sample, {a}).amount = {7, false};
  EXPECT_EQ(texts().size(), 7u);
  pipeline.steps.back().amount = {1e-9, true};
  EXPECT_EQ(texts().size(), 1u); // a share of some is one at least
  pipeline.steps.back().amount = {0, true};
  EXPECT_EQ(texts().size(), 0u);
  pipeline.steps.back().amount = {101, false};
  EXPECT_EQ(refusal(), "'sample' asks for 101 records, there are 100");
}

TEST_F(Operations, WithoutAndPassedKnowRecordsByOrigin) {
  numbered("a.jsonl", 50);
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Sample, {a}).amount = {0.3, true};
  uint32_t held = last();
  pipeline.steps[held].definition = "held";
  Texts sampled = texts();
  step(DataOperation::Without, {a, held});
  Texts rest = texts();
  EXPECT_EQ(rest.size() + sampled.size(), 50u);
  for (const std::string &text : sampled)
    EXPECT_EQ(std::count(rest.begin(), rest.end(), text), 0);
  pipeline.steps.pop_back();
  Expression::Node passed;
  passed.operation = Operation::Passed;
  passed.text = "held";
  step(DataOperation::Where, {a}).expression = only(passed);
  EXPECT_EQ(texts(), sampled);
}

TEST_F(Operations, ConcatRepeatSortAndKeep) {
  documents("a.jsonl", {"aaa", "b"});
  documents("b.jsonl", {"cc", "dddd"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text),
           b = source("b", "b.jsonl", SourceKind::Text);
  step(DataOperation::Concat, {a, b});
  uint32_t both = last();
  EXPECT_EQ(texts(), (Texts{"aaa", "b", "cc", "dddd"}));
  step(DataOperation::Repeat, {both}).times = 2;
  EXPECT_EQ(texts(), (Texts{"aaa", "b", "cc", "dddd", "aaa", "b", "cc", "dddd"}));
  step(DataOperation::Sort, {both}).expression = only(read(Scope::Sequence, Attribute::Tokens));
  EXPECT_EQ(texts(), (Texts{"b", "cc", "aaa", "dddd"}));
  pipeline.steps.back().falling = true;
  EXPECT_EQ(texts(), (Texts{"dddd", "aaa", "cc", "b"}));
  DataStep &keep = step(DataOperation::Keep, {both});
  keep.expression = only(read(Scope::Sequence, Attribute::Tokens));
  keep.amount = {0.5, true};
  EXPECT_EQ(texts(), (Texts{"aaa", "dddd"}));
  pipeline.steps.back().expression = binary(Operation::Divide, number(0), number(0));
  EXPECT_EQ(refusal(), "a.jsonl:1: the expression of 'keep' is not a number");
}

// The copies of a record are shuffled apart, and the first keeps its place in the draw.
TEST_F(Operations, RepeatedRecordsDrawOnTheirOwn) {
  numbered("a.jsonl", 200);
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Repeat, {a}).times = 2;
  step(DataOperation::Shuffle, {last()});
  Texts all = texts();
  int neighbours = 0;
  for (size_t i = 1; i < all.size(); ++i)
    neighbours += all[i] == all[i - 1];
  EXPECT_LT(neighbours, 10);
}

// Copies of copies, and a record that two inputs bring, are told apart and draw on their own.
TEST_F(Operations, EveryCopyIsItsOwn) {
  documents("a.jsonl", {"a", "b", "c"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  auto names = [&](uint64_t rows) {
    TokenStoreWriter writer(folder / "store", {});
    PipelineRunner runner(pipeline, consumer, ledger = {});
    runner.runSteps();
    runner.write(writer, {});
    writer.finish();
    TokenStore store(folder / "store");
    EXPECT_EQ(store.sequences().size(), rows);
    std::set<std::string> names;
    std::set<uint64_t> draws;
    SequenceDraws place(SeedTree(1), store.sources());
    for (uint32_t s = 0; s < store.sequences().size(); ++s) {
      names.insert(store.name(s));
      draws.insert(place.of(store.sequences()[s]).bits());
    }
    EXPECT_EQ(draws.size(), rows);
    return names;
  };
  step(DataOperation::Repeat, {a}).times = 2;
  pipeline.steps.back().construct = "repeat/0";
  step(DataOperation::Repeat, {last()}).times = 300;
  pipeline.steps.back().construct = "repeat/1";
  std::set<std::string> found = names(1800);
  EXPECT_EQ(found.size(), 1800u);
  EXPECT_TRUE(found.contains("a:0") && found.contains("a:2#599"));
  pipeline.steps.resize(1);
  uint32_t doubled = (step(DataOperation::Concat, {a, a}), last());
  step(DataOperation::Concat, {doubled, a});
  EXPECT_EQ(names(9).size(), 9u);
  pipeline.steps.resize(1);
  step(DataOperation::Mix, {a, a}).shares = {0.5, 0.5};
  EXPECT_EQ(names(6).size(), 6u);
  // A mix that begins again, of a mix that begins again.
  documents("b.jsonl", {"b"});
  pipeline.steps.resize(1);
  uint32_t b = source("b", "b.jsonl", SourceKind::Text);
  for (uint32_t input : {a, 2u}) {
    step(DataOperation::Mix, {input, b}).shares = {0.5, 0.5};
    pipeline.steps.back().construct = "mix/" + std::to_string(input);
    pipeline.steps.back().shorter = Short::Repeat;
  }
  found = names(12);
  EXPECT_EQ(found.size(), 12u);
  EXPECT_TRUE(found.contains("b:0") && found.contains("a:0"));
  // Copies made on two ways, and a record beside its pieces.
  pipeline.steps.resize(1);
  step(DataOperation::Repeat, {a}).times = 2;
  pipeline.steps.back().construct = "repeat/2";
  step(DataOperation::Repeat, {a}).times = 2;
  pipeline.steps.back().construct = "repeat/3";
  step(DataOperation::Concat, {1, 2});
  EXPECT_EQ(names(12).size(), 12u);
  // What two inputs have apart of one source is no copy.
  pipeline.steps.resize(1);
  step(DataOperation::Sample, {a}).amount = {1, false};
  uint32_t one = last();
  step(DataOperation::Without, {a, one});
  step(DataOperation::Concat, {one, last()});
  EXPECT_EQ(names(3), (std::set<std::string>{"a:0", "a:1", "a:2"}));
}

TEST_F(Operations, MixKeepsItsShares) {
  documents("a.jsonl", Texts(60, "aaaa"));
  documents("b.jsonl", Texts(400, "b"));
  uint32_t a = source("a", "a.jsonl", SourceKind::Text),
           b = source("b", "b.jsonl", SourceKind::Text);
  DataStep &mix = step(DataOperation::Mix, {a, b});
  mix.shares = {0.6, 0.4};
  mix.byTokens = true;
  auto count = [](const Texts &texts, const std::string &text) {
    return std::count(texts.begin(), texts.end(), text);
  };
  Texts mixed = texts();
  EXPECT_EQ(count(mixed, "aaaa"), 60);
  EXPECT_NEAR(count(mixed, "b"), 160, 4); // 240 tokens are 60%, so 160 are 40%
  EXPECT_EQ(ledger
                .find(Fate::Warned, "mix/0: ends with 'a'; the rest of 'b' is never seen, unless "
                                    "short: repeat")
                ->sequences,
            400u - count(mixed, "b"));
  // At every point both are near their share, not only at the end.
  Texts half(mixed.begin(), mixed.begin() + mixed.size() / 2);
  EXPECT_NEAR(4.0 * count(half, "aaaa") / (4.0 * count(half, "aaaa") + count(half, "b")), 0.6,
              0.03);
  pipeline.steps.back().byTokens = false;
  mixed = texts();
  EXPECT_NEAR(count(mixed, "b"), 40, 1);
}

TEST_F(Operations, MixEndsOrRepeatsAsItIsTold) {
  documents("a.jsonl", Texts(10, "a"));
  Texts numbered;
  for (int i = 0; i < 100; ++i)
    numbered.push_back("b" + std::to_string(i));
  documents("b.jsonl", numbered);
  documents("none.jsonl", {});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text),
           b = source("b", "b.jsonl", SourceKind::Text);
  DataStep &mix = step(DataOperation::Mix, {a, b});
  mix.shares = {0.5, 0.5};
  mix.shorter = Short::Stop;
  Texts mixed = texts();
  EXPECT_NEAR(static_cast<double>(mixed.size()), 20, 1);
  EXPECT_FALSE(ledger.find(Fate::Warned, "mix/0: ends with 'a'; the rest of 'b' is never seen"));
  EXPECT_TRUE(ledger.find(Fate::Noted, "mix/0: ends with 'a'; the rest of 'b' is never seen"));

  pipeline.steps.back().shorter = Short::Repeat;
  mixed = texts();
  EXPECT_EQ(std::set<std::string>(mixed.begin(), mixed.end()).size(), 101u); // all that there is
  EXPECT_NEAR(static_cast<double>(std::count(mixed.begin(), mixed.end(), "a")), 100, 1);

  pipeline.steps.resize(2);
  uint32_t empty = step(DataOperation::Where, {b}).inputs[0];
  pipeline.steps.back().expression = only(number(0));
  step(DataOperation::Mix, {a, last()}).shares = {0.5, 0.5};
  pipeline.steps.back().shorter = Short::Repeat;
  EXPECT_EQ(empty, b);
  EXPECT_THROW(texts(), DataError);
}

TEST_F(Operations, ConditionsThatDecideNothingAreTold) {
  documents("a.jsonl", {"a", "b"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  // Documents have no turns, so `all` over them is true.
  Expression::Node all;
  all.operation = Operation::All;
  all.scope = Scope::Sequence;
  all.inner = Scope::Turn;
  all.countsAll = true;
  all.operands = {0};
  Expression condition = only(read(Scope::Turn, Attribute::Tokens));
  condition.nodes.push_back(all);
  step(DataOperation::Where, {a}).expression = condition;
  EXPECT_EQ(texts().size(), 2u);
  EXPECT_EQ(ledger.find(Fate::Noted, "where/0: leaves nothing out")->sequences, 2u);
  EXPECT_EQ(ledger
                .find(Fate::Noted, "where/0: decided over no rows, where all() is true and sum() "
                                   "is 0")
                ->sequences,
            2u);
}

TEST_F(Operations, SkipsWhatCannotBeTokenized) {
  write("c.jsonl", R"({"messages": [{"role": "assistant", "content": "a"}]})"
                   "\n"
                   R"({"messages": [{"role": "user", "content": "a"}, )"
                   R"({"role": "assistant", "content": "b"}]})");
  consumer.chat = ChatTemplate::named("mistral");
  uint32_t c = source("c", "c.jsonl", SourceKind::Chat);
  pipeline.steps[c].source.onError = OnError::Skip;
  step(DataOperation::Where, {c}).expression = tokensAbove(0);
  EXPECT_EQ(texts(), (Texts{"<s>[INST] a [/INST] b</s>"}));
  EXPECT_EQ(ledger.find(Fate::Malformed, "c: on_error: skip")->sequences, 1u);
}

TEST_F(Operations, WritesAStoreThatOthersRead) {
  numbered("a.jsonl", 600);
  uint32_t a = source("a", "a.jsonl", SourceKind::Text, Ends::Eos);
  step(DataOperation::Shuffle, {a});
  auto store = [&](unsigned threads, const char *name) {
    StoreSchema schema{.attributes = {{"in:a", false}}, .tokenScores = {}};
    TokenStoreWriter writer(folder / name, schema);
    Ledger losses;
    PipelineRunner runner(pipeline, consumer, losses, threads);
    runner.runSteps();
    runner.write(writer, schema);
    writer.finish();
    return TokenStore(folder / name);
  };
  TokenStore one = store(1, "one"), eight = store(8, "eight");
  ASSERT_EQ(one.sequences().size(), 600u);
  EXPECT_EQ(one.hash(), eight.hash());
  EXPECT_EQ(one.number(0, 5), 1.0);
  EXPECT_EQ(one.sources().at(0), "a");
  numbered("a.jsonl", 601);
  EXPECT_NE(store(2, "more").origin(), one.origin());
}

} // namespace
