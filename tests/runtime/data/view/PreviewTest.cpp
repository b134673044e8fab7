//===- PreviewTest.cpp ----------------------------------------------------===//
//
// What is shown is what is trained; and nothing of the data reaches a terminal or a
// page as anything but text.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/Preview.h"

#include "tests/runtime/data/Fixture.h"

#include <cmath>
#include <fmt/format.h>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

/// Id 1003 is `c3 `.
std::string letters(std::span<const uint32_t> ids) {
  std::string out;
  for (uint32_t id : ids)
    out += fmt::format("{}{} ", static_cast<char>('b' + id / 1000), id % 1000);
  return out;
}

class PreviewTest : public testing::Test {
protected:
  Folder folder;
  PlanSpec spec{.seed = 5, .construct = "t", .context = 400};
  std::optional<TokenStore> store;

  PreviewTest() {
    spec.batch = {.policy = Policy::Pack, .units = 2, .tokens = 9, .last = Last::Keep};
  }
  PreviewStep preview(const Expression &weight, uint32_t limit = 0,
                      const Decode &decode = letters) {
    store.emplace(makeStore(folder / "tokens", {{4, 2}, {5, 1}, {6, 3}}));
    Plan plan = makePlan(folder / "plan", *store, spec);
    PreviewStep step = previewStep(plan, *store, weight, decode, 0, limit);
    step.planHash = 0xabc;
    return step;
  }
};

TEST_F(PreviewTest, TextShowsTargetsWeightsAndSegments) {
  EXPECT_EQ(previewText(preview(sequenceMean()), false),
            "step 0 of 1, epoch 0: 3 sequences (3 with targets), 15 positions, 6 targets\n"
            "plan 0000000000000abc\n"
            "\npack 0\n"
            "\ndata:0  segment 0, @0, 4 tokens, 4 positions, 2 targets, weight 0.333333\n"
            "b0 b1 ⟦0.1667|b2 b3 ⟧\n"
            "\ndata:1  segment 1, @4, 5 tokens, 5 positions, 1 targets, weight 0.333333\n"
            "c0 c1 c2 c3 ⟦0.3333|c4 ⟧\n"
            "\npack 1\n"
            "\ndata:2  segment 2, @0, 6 tokens, 6 positions, 3 targets, weight 0.333333\n"
            "d0 d1 d2 ⟦0.1111|d3 d4 d5 ⟧\n");
}

TEST_F(PreviewTest, ColoursOnlyWhereAskedFor) {
  EXPECT_EQ(previewText(preview(sequenceMean()), false).find('\x1b'), std::string::npos);
  std::string coloured = previewText(preview(sequenceMean()), true);
  EXPECT_NE(coloured.find("\x1b[38;5;16;48;5;40mc4 \x1b[0m"), std::string::npos);
  EXPECT_NE(coloured.find("\x1b[2mc0 \x1b[0m"), std::string::npos);
}

TEST_F(PreviewTest, LongSequencesShowTheirEnds) {
  PreviewStep step = preview(tokenMean(), 3);
  ASSERT_EQ(step.sequences[2].shown.size(), 3u);
  EXPECT_EQ(step.sequences[2].hidden, 3u);
  EXPECT_EQ(step.sequences[2].shown[2].index, 5u);
  EXPECT_NE(previewText(step, false).find("d0 d1 \n… 3 more tokens …\n⟦0.1667|d5 ⟧"),
            std::string::npos);
}

TEST_F(PreviewTest, JumpsOfPositionsAreMarked) {
  spec.position = {.at = PositionRule::Sites::Turn, .span = 300};
  PreviewStep step = preview(tokenMean());
  const PreviewSequence &last = step.sequences[2];
  ASSERT_GT(last.shown[3].position, 3u);
  EXPECT_NE(previewText(step, false).find(fmt::format("d2 «{}»⟦", last.shown[3].position)),
            std::string::npos);
}

TEST_F(PreviewTest, WeightsOfAModelAreNotInvented) {
  PreviewStep step = preview(read(Scope::Token, Attribute::Nll));
  EXPECT_FALSE(step.weighed);
  EXPECT_NE(previewText(step, false).find("a model has a say in them"), std::string::npos);
  EXPECT_NE(previewHtml(step).find("weighed by a model"), std::string::npos);
}

TEST_F(PreviewTest, ShowsScoresOfSequencesAndTokens) {
  {
    TokenStoreWriter writer(folder / "tokens",
                            {.attributes = {{"score:gain"}, {"other"}}, .tokenScores = {"nll"}});
    std::vector<int32_t> ids = {1, 2, 3};
    std::vector<float> scores = {NAN, 0.5, 2};
    std::vector<AttributeValue> values = {{.number = 1.5}, {.number = 9}};
    NewSequence sequence{.source = "d", .ids = ids, .labels = ids};
    sequence.attributes = values;
    sequence.tokenScores = scores;
    writer.append(sequence);
    writer.finish();
  }
  store.emplace(folder / "tokens");
  Plan plan = makePlan(folder / "plan", *store, spec);
  PreviewStep step = previewStep(plan, *store, sequenceMean(), letters, 0, 0);
  EXPECT_NE(previewText(step, false).find("weight 1\nscore gain 1.5\nscore nll 0.5 to 2 a token\n"),
            std::string::npos)
      << previewText(step, false);
  EXPECT_EQ(previewText(step, false).find("other"), std::string::npos);
  std::string page = previewHtml(step);
  EXPECT_NE(page.find("<span>score gain 1.5</span><span>score nll 0.5 to 2 a token</span>"),
            std::string::npos);
  EXPECT_NE(page.find("|0|   nll none\">"), std::string::npos);
  EXPECT_NE(page.find("|2|   nll 2\">"), std::string::npos);
}

TEST_F(PreviewTest, PageHoldsDataOnlyAsText) {
  Decode hostile = [](std::span<const uint32_t> ids) {
    std::string out;
    for (size_t i = 0; i < ids.size(); ++i)
      out += "<script>\"&\x1b]0;x\x07";
    return out;
  };
  std::string page = previewHtml(preview(sequenceMean(), 0, hostile));
  EXPECT_EQ(page.find("<script>\""), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;&quot;&amp;\\x1b]0;x\\x07"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos); // refers to nothing
  EXPECT_EQ(previewText(preview(sequenceMean(), 0, hostile), false).find('\x1b'),
            std::string::npos);
}

TEST(TokenTextTest, ShowsBytesThatAreNoText) {
  EXPECT_EQ(visible("a\tb\nc"), "a\\x09b⏎c");
  EXPECT_EQ(visible("\xe2\x82\xac \xf0\x9f\x8e\x89"), "€ 🎉");
  EXPECT_EQ(visible("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(visible("\xc0\xaf\xed\xa0\x80\xff"), "\\xc0\\xaf\\xed\\xa0\\x80\\xff");
  EXPECT_EQ(visible("\xc2\x9b"
                    "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(visible("\xe2\x80\xae"
                    "abc"),
            "\\xe2\\x80\\xaeabc");
}

TEST(TokenTextTest, TakesTheNeighbourOff) {
  // A decoder that drops the first blank, as SentencePiece does.
  Decode decode = [](std::span<const uint32_t> ids) {
    std::string out;
    for (uint32_t id : ids)
      out += id == 1 ? " the" : "x";
    return out.starts_with(" ") ? out.substr(1) : out;
  };
  std::vector<int32_t> ids = {1, 1, 2, 1};
  EXPECT_EQ(tokenTexts(decode, ids), (std::vector<std::string>{"the", " the", "x", " the"}));
}

} // namespace
