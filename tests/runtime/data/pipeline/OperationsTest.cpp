//===- OperationsTest.cpp - each operation of a data definition -----------===//
//
// Small data whose answer can be read off, and the rules for draws: of the record
// alone, whatever else is in the data.
//
//===----------------------------------------------------------------------===//
#include "PipelineFixture.h"
#include "runtime/data/pipeline/SplitRows.h"
#include "runtime/data/plan/PlanInput.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace roux;
using namespace roux::data;

namespace {

class Operations : public PipelineFixture {
protected:
  using Texts = std::vector<std::string>;

  void documents(const std::string &file, const Texts &texts, const std::string &fields = "") {
    std::string lines;
    for (const std::string &text : texts)
      lines += "{\"text\": \"" + text + "\"" + fields + "}\n";
    write(file, lines);
  }
  /// `count` documents "0", "1", ….
  void numbered(const std::string &file, int count) {
    Texts texts;
    for (int i = 0; i < count; ++i)
      texts.push_back(std::to_string(i));
    documents(file, texts);
  }
  static Expression tokensAbove(double bound) {
    return binary(Operation::Greater, read(Scope::Sequence, Attribute::Tokens), number(bound));
  }
  std::string refusal() {
    try {
      run();
    } catch (const FileError &error) {
      std::string message = error.what();
      size_t at = message.find(folder.string() + "/");
      return at == 0 ? message.substr(folder.string().size() + 1) : message;
    }
    return "accepted";
  }
};

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

TEST_F(Operations, JoinAndStripChangeTheText) {
  write("a.jsonl", "{\"text\": \"a\", \"repo\": \"x\"}\n{\"text\": \"b\", \"repo\": \"y\"}\n"
                   "{\"text\": \"c\\u200bd\", \"repo\": \"x\"}\n");
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Join, {a}).expression = only(read(Scope::Sequence, Attribute::Field, "repo"));
  EXPECT_EQ(texts(), (Texts{"a\nc\u200bd", "b"}));
  step(DataOperation::Strip, {last()}).characters = "\u200b\ufeff";
  EXPECT_EQ(texts(), (Texts{"a\ncd", "b"}));
  pipeline.steps.resize(1);
  step(DataOperation::Cut, {a}).tokens = 1;
  step(DataOperation::Strip, {last()}).characters = "a";
  EXPECT_EQ(refusal(), "'strip' changes whole records, and 'cut' before it made tokens of them; "
                       "write it first");
}

TEST_F(Operations, StripTouchesOnlyTheRoleItNames) {
  write("c.jsonl", R"({"messages": [{"role": "user", "content": "a-b"}, )"
                   R"({"role": "assistant", "content": "c-d"}]})");
  uint32_t c = source("c", "c.jsonl", SourceKind::Chat);
  DataStep &strip = step(DataOperation::Strip, {c});
  strip.characters = "-";
  strip.role = "assistant";
  EXPECT_EQ(texts()[0], "<|im_start|>user\na-b<|im_end|>\n<|im_start|>assistant\ncd<|im_end|>\n");
}

TEST_F(Operations, CutLeavesTheSideItSays) {
  documents("a.jsonl", {"abcdefg", "xy"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Cut, {a}).tokens = 3;
  EXPECT_EQ(texts(), (Texts{"abc", "xy"}));
  pipeline.steps.back().side = Side::Left;
  EXPECT_EQ(texts(), (Texts{"efg", "xy"}));
  EXPECT_EQ(run()[0].labels[0], noLabel);
  pipeline.steps.back().side = Side::Middle;
  EXPECT_EQ(texts(), (Texts{"abg", "xy"}));
  EXPECT_EQ(run()[0].labels,
            (std::vector<int32_t>{'a', 'b', noLabel})); // what came before g is gone
  TokenStoreWriter store(folder / "store", {});
  PipelineRunner runner(pipeline, consumer, ledger = {});
  runner.runSteps();
  runner.write(store, {});
  const LedgerLine *line = ledger.find(Fate::Cut, "cut/0");
  ASSERT_NE(line, nullptr);
  EXPECT_EQ(line->tokens, 4u);
  EXPECT_EQ(line->targets, 5u);
}

// A cut forgets nothing that a step before it said of the sequence.
TEST_F(Operations, CutKeepsALastTokenThatIsOnlyALabel) {
  documents("a.jsonl", {"abcdefghi"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Split, {a}).split = {
      .low = 8, .high = 8, .randomOverlong = false, .dropTail = true};
  step(DataOperation::Cut, {last()}).tokens = 5;
  for (Side side : {Side::Left, Side::Middle, Side::Right}) {
    pipeline.steps.back().side = side;
    EXPECT_FALSE(run().at(0).lastIsInput);
  }
}

TEST_F(Operations, SpansEndAtSentencesTokensAndDelimiters) {
  documents("a.jsonl", {"One 2.5 a. Two? Three"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Spans, {a});
  auto spans = [&] {
    TokenizedRecord tokens = run()[0];
    Texts shown;
    for (TokenRange span : tokens.spans)
      shown.emplace_back(tokens.textOf(span));
    return shown;
  };
  EXPECT_EQ(spans(), (Texts{"One 2.5 a.", " Two?", " Three"}));
  pipeline.steps.back().spans.at = SpanRule::At::Delimiters;
  pipeline.steps.back().spans.delimiters = {"2.", "? "};
  EXPECT_EQ(spans(), (Texts{"One 2.", "5 a. Two? ", "Three"}));
  SpanRule &rule = pipeline.steps.back().spans;
  rule = {SpanRule::At::Tokens, 8, {}, true, 0};
  EXPECT_EQ(spans(), (Texts{"One 2.5 ", "a. Two? "}));
  rule.dropTail = false;
  EXPECT_EQ(spans().size(), 3u);
  rule.tokens = 1;
  rule.atMost = 5;
  EXPECT_EQ(spans().size(), 5u);
}

TEST_F(Operations, KeepSpansCutsTheRestOut) {
  documents("a.jsonl", {"a1. b. c2."});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text, Ends::Both);
  step(DataOperation::Spans, {a});
  Expression matches =
      binary(Operation::Matches, read(Scope::Span, Attribute::Text), text("[0-9]"));
  step(DataOperation::KeepSpans, {last()}).expression = matches;
  EXPECT_EQ(texts(), (Texts{"<s>a1. c2."})); // the EOS is a span of its own, without a digit
}

// A completion without words is a turn for `all(turn.tokens > 0 over sequence)` to find.
TEST_F(Operations, AnEmptyCompletionIsATurn) {
  write("p.jsonl", "{\"prompt\": \"a\", \"completion\": \"\"}\n"
                   "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
  uint32_t p = source("p", "p.jsonl", SourceKind::Completion);
  Expression::Node all;
  Expression empty = binary(Operation::Greater, read(Scope::Turn, Attribute::Tokens), number(0));
  all.operation = Operation::All;
  all.scope = Scope::Sequence;
  all.inner = Scope::Turn;
  all.countsAll = true;
  all.operands = {2};
  empty.nodes.push_back(all);
  step(DataOperation::Where, {p}).expression = empty;
  EXPECT_EQ(texts(), (Texts{"ab"}));
}

// A span of tokens may begin and end inside a character, and is a text all the same.
TEST_F(Operations, HalvesOfCharactersMatchNothing) {
  documents("a.jsonl", {"\xc3\xa9z\xe6\x9d\xb1"}); // é z 東 in spans of é z, \xe6 \x9d, \xb1
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Spans, {a}).spans = {SpanRule::At::Tokens, 3, {}, false, 0};
  step(DataOperation::KeepSpans, {last()}).expression =
      binary(Operation::Matches, read(Scope::Span, Attribute::Text), text("\xc3\xa9z"));
  EXPECT_EQ(texts(), (Texts{"\xc3\xa9z"}));
  pipeline.steps[pipeline.steps.size() - 2].spans.tokens = 4;
  EXPECT_EQ(texts(), (Texts{"\xc3\xa9z\xe6"}));
}

TEST_F(Operations, SplitsLikeDatasetDecomposition) {
  SplitRule rule{.low = 256, .high = 8192, .randomOverlong = true, .dropTail = true};
  auto pieces = [&](uint32_t tokens) {
    std::map<int, int> counts;
    for (TokenRange piece : splitPowersOfTwo(tokens, rule, SeedTree(1)))
      ++counts[static_cast<int>(std::log2(piece.size() - 1))];
    return counts;
  };
  using Counts = std::map<int, int>;
  EXPECT_EQ(pieces(256), Counts{});
  EXPECT_EQ(pieces(257), (Counts{{8, 1}}));
  EXPECT_EQ(pieces(514), (Counts{{9, 1}}));
  EXPECT_EQ(pieces(1000), (Counts{{9, 1}, {8, 1}}));
  EXPECT_EQ(pieces(9000), (Counts{{13, 1}, {9, 1}, {8, 1}}));
  // Every length gets the same share of a very long document's tokens.
  std::map<uint32_t, double> tokens;
  for (TokenRange piece : splitPowersOfTwo(40'000'000, rule, SeedTree(7)))
    tokens[piece.size()] += piece.size();
  ASSERT_EQ(tokens.size(), 6u);
  for (auto [length, sum] : tokens)
    EXPECT_NEAR(sum, 40e6 / 6, 0.3e6) << length;
}

TEST_F(Operations, WhatASplitRecordLostBeforeIsCountedOnce) {
  documents("a.jsonl", {"abcdefghijklmno"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text);
  step(DataOperation::Cut, {a}).tokens = 10;
  step(DataOperation::Split, {a + 1}).split = {
      .low = 4, .high = 4, .randomOverlong = false, .dropTail = true};
  step(DataOperation::Shuffle, {a + 2});
  TokenStoreWriter store(folder / "store", {});
  PipelineRunner runner(pipeline, consumer, ledger = {});
  runner.runSteps();
  runner.write(store, {});
  EXPECT_EQ(runner.size(), 2u);
  EXPECT_EQ(ledger.find(Fate::Cut, "cut/0")->sequences, 1u);
  EXPECT_EQ(ledger.find(Fate::Cut, "cut/0")->tokens, 5u);
}

TEST_F(Operations, SplitPartsAreSequencesWithLabelsOnly) {
  documents("a.jsonl", {"abcdefghijk", "x"});
  uint32_t a = source("a", "a.jsonl", SourceKind::Text, Ends::Eos);
  step(DataOperation::Split, {a}).split = {
      .low = 2, .high = 4, .randomOverlong = false, .dropTail = true};
  EXPECT_EQ(texts(), (Texts{"abcde", "fghij"}));
  EXPECT_FALSE(run()[0].lastIsInput);
  EXPECT_EQ(ledger.find(Fate::Split, "split/0")->sequences, 1u);
  const LedgerLine *lost = ledger.find(Fate::Dropped, "split/0: tail: drop");
  EXPECT_EQ(lost->sequences, 2u);
  EXPECT_EQ(lost->tokens, 4u); // "k", EOS, "x", EOS
  step(DataOperation::Where, {last()}).expression =
      binary(Operation::Equal, read(Scope::Sequence, Attribute::Index), number(1));
  EXPECT_EQ(texts(), (Texts{"fghij"}));
}

// A template that refuses one chat ends the run, or is counted.
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
