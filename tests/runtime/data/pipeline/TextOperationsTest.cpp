//===- TextOperationsTest.cpp - operations that change what is read -------===//
//
// Joining, stripping, cutting, spans and splits: small texts whose answer can be
// read off.
//
//===----------------------------------------------------------------------===//
#include "OperationsFixture.h"
#include "runtime/data/pipeline/SplitRows.h"

#include <cmath>
#include <map>

using namespace roux;
using namespace roux::data;

namespace {

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

} // namespace
