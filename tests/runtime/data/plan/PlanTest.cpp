//===- PlanTest.cpp -------------------------------------------------------===//
//
// Which sequences meet in a step, under every policy and option.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/data/Fixture.h"

#include <fmt/format.h>

#include <map>
#include <set>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

class PlanTest : public testing::Test {
protected:
  Folder folder;
  PlanSpec spec{.seed = 42,
                .construct = "aligned",
                .batch = {},
                .position = {},
                .length = {},
                .context = 100};

  Plan plan(const std::vector<Sample> &samples) {
    store.emplace(makeStore(folder / "tokens", samples));
    return makePlan(folder / "plan", *store, spec);
  }
  /// `0 1+2|3` : step, packs joined by +, steps by |; parts as record[begin,end).
  std::string shape(const Plan &plan) {
    std::string out;
    for (uint64_t s = 0; s < plan.steps(); ++s) {
      PlanStep step = plan.step(s);
      out += s ? " | " : "";
      for (const PlannedPack &pack : step.packs) {
        out += &pack == step.packs.data() ? "" : " ";
        for (const PlacedSequence &placed : step.of(pack))
          out += (&placed == step.of(pack).data() ? "" : "+") + name(placed);
      }
    }
    return out;
  }
  std::string name(const PlacedSequence &placed) {
    const SequenceEntry &entry = store->sequences()[placed.sequence];
    std::string out = std::to_string(entry.record);
    if (placed.tokens() == entry.tokens)
      return out;
    out += "[" + std::to_string(placed.begin) + "," + std::to_string(placed.end) + ")";
    if (placed.holeBegin < placed.holeEnd)
      out += "-[" + std::to_string(placed.holeBegin) + "," + std::to_string(placed.holeEnd) + ")";
    return out;
  }
  std::string shape(const std::vector<Sample> &samples) { return shape(plan(samples)); }
  static std::string losses(const Plan &plan, Fate fate, const char *rule) {
    const LedgerLine *line = plan.ledger().find(fate, rule);
    return line ? fmt::format("{} {} {} [{}]", line->sequences, line->tokens, line->targets,
                              fmt::join(line->first, " "))
                : "none";
  }

  std::optional<TokenStore> store;
};

std::vector<Sample> ofLengths(std::vector<uint32_t> lengths) {
  std::vector<Sample> samples;
  for (uint32_t length : lengths)
    samples.push_back({length, length / 2});
  return samples;
}

TEST_F(PlanTest, EachTakesSoManySequences) {
  spec.batch = {.policy = Policy::Each, .sequences = 2, .last = Last::Keep};
  EXPECT_EQ(shape(ofLengths({5, 6, 7, 8, 9})), "0 1 | 2 3 | 4");
  spec.batch.last = Last::Drop;
  Plan dropped = plan(ofLengths({5, 6, 7, 8, 9}));
  EXPECT_EQ(shape(dropped), "0 1 | 2 3");
  EXPECT_EQ(losses(dropped, Fate::Dropped, "last: drop"), "1 9 4 [data:4]");
  EXPECT_EQ(losses(dropped, Fate::Kept, "laid down in a step"), "4 26 12 []");
}

TEST_F(PlanTest, TokensFillsABudget) {
  spec.batch = {.policy = Policy::Tokens, .tokens = 20, .last = Last::Keep};
  EXPECT_EQ(shape(ofLengths({12, 8, 20, 15, 6, 4})), "0 1 | 2 | 3 | 4 5");
  spec.batch.last = Last::Drop;
  EXPECT_EQ(shape(ofLengths({12, 8, 20, 15, 6, 4})), "0 1 | 2 | 3");
  EXPECT_EQ(shape(ofLengths({12, 8, 20})), "0 1 | 2"); // a full last step is complete
}

TEST_F(PlanTest, PacksByEveryFit) {
  spec.batch = {.policy = Policy::Pack, .units = 2, .tokens = 20, .last = Last::Keep};
  spec.batch.fit = Fit::Next;
  EXPECT_EQ(shape(ofLengths({12, 9, 8, 11, 4, 16})), "0 1+2 | 3+4 5");
  spec.batch.fit = Fit::First;
  EXPECT_EQ(shape(ofLengths({12, 9, 8, 11, 4, 16})), "0+2 1+3 | 4+5");
  spec.batch.fit = Fit::FillNext;
  EXPECT_EQ(shape(ofLengths({12, 15, 5, 8, 4})), "0+1[0,8) 1[8,15)+2+3 | 4");
  spec.batch.fit = Fit::FillDrop;
  EXPECT_EQ(shape(ofLengths({12, 15, 5, 8, 12})), "0+1[0,8) 2+3+4[0,7)");
}

TEST_F(PlanTest, LastRulesOnPackAndStep) {
  spec.batch = {.policy = Policy::Pack, .units = 2, .tokens = 20, .last = Last::Drop};
  // Pack 4 is not full and goes; then pack 2+3 does not fill a step of two.
  Plan made = plan(ofLengths({12, 9, 8, 11, 4, 16}));
  EXPECT_EQ(shape(made), "0 1+2");
  EXPECT_EQ(losses(made, Fate::Dropped, "last: drop"), "3 31 15 [data:5 data:3 data:4]");
  // A full last pack is complete.
  EXPECT_EQ(shape(ofLengths({12, 9, 11})), "0 1+2");
}

TEST_F(PlanTest, FullPacksAreShuffledAndKeepEverything) {
  spec.batch = {.policy = Policy::Pack, .units = 1, .tokens = 100, .last = Last::Keep};
  std::vector<Sample> samples = withTargets(randomSamples(300, 100));
  for (Fit fit : {Fit::Best, Fit::Decreasing}) {
    spec.batch.fit = fit;
    Plan made = plan(samples);
    std::multiset<uint32_t> seen;
    uint32_t shortestLast = 0;
    for (uint64_t s = 0; s < made.steps(); ++s) {
      EXPECT_LE(made.step(s).counts.positions, 100u);
      for (const PlacedSequence &placed : made.step(s).sequences)
        seen.insert(placed.sequence);
      shortestLast += made.step(s).counts.longest > 50 && s > made.steps() / 2;
    }
    EXPECT_EQ(seen.size(), samples.size());
    EXPECT_EQ(std::set<uint32_t>(seen.begin(), seen.end()).size(), samples.size());
    EXPECT_GT(shortestLast, 0u) << "longest first: packs were not shuffled";
  }
}

TEST_F(PlanTest, SortedGroupsHoldLikeLengths) {
  spec.batch = {.policy = Policy::Sorted, .units = 1, .sequences = 3, .last = Last::Keep};
  Plan made = plan(ofLengths({9, 2, 7, 3, 8, 4, 30}));
  std::set<std::string> groups;
  for (uint64_t s = 0; s < made.steps(); ++s) {
    std::string group;
    for (const PlacedSequence &placed : made.step(s).sequences)
      group += name(placed) + " ";
    groups.insert(group);
  }
  EXPECT_EQ(groups, (std::set<std::string>{"1 3 5 ", "2 4 0 ", "6 "}));
  spec.batch.last = Last::Drop;
  EXPECT_EQ(plan(ofLengths({9, 2, 7, 3, 8, 4, 30})).steps(), 2u);
}

TEST_F(PlanTest, OverflowCutsAsWritten) {
  spec.batch = {.policy = Policy::Pack, .tokens = 10, .last = Last::Keep};
  std::vector<Sample> samples = {{6, 3}, {25, 20}, {10, 1}};
  spec.batch.overflow = Overflow::Drop;
  Plan made = plan(samples);
  EXPECT_EQ(shape(made), "0 | 2");
  EXPECT_EQ(losses(made, Fate::Dropped, "overflow: drop"), "1 25 20 [data:1]");
  spec.batch.overflow = Overflow::CutRight;
  made = plan(samples);
  EXPECT_EQ(shape(made), "0 | 1[0,10) | 2");
  EXPECT_EQ(losses(made, Fate::Cut, "overflow: cut(right)"), "1 15 15 [data:1]");
  spec.batch.overflow = Overflow::CutLeft;
  made = plan(samples);
  EXPECT_EQ(shape(made), "0 | 1[15,25) | 2");
  EXPECT_EQ(losses(made, Fate::Cut, "overflow: cut(left)"), "1 15 11 [data:1]");
  spec.batch.overflow = Overflow::CutMiddle;
  made = plan(samples);
  EXPECT_EQ(shape(made), "0 | 1[0,25)-[5,20) | 2");
  // Tokens 21 to 24 stay targets; 20 no longer follows what it followed.
  EXPECT_EQ(losses(made, Fate::Cut, "overflow: cut(middle)"), "1 15 16 [data:1]");
  spec.batch.overflow = Overflow::Split;
  made = plan(samples);
  EXPECT_EQ(shape(made), "0 | 1[0,10) | 1[10,20) | 1[20,25) | 2");
  EXPECT_EQ(losses(made, Fate::Split, "overflow: split"), "1 0 2 [data:1]");
}

TEST_F(PlanTest, OnlyPacksMayExceedTheContext) {
  spec.context = 10;
  spec.batch = {.policy = Policy::Each, .sequences = 1, .overflow = Overflow::CutRight};
  EXPECT_EQ(shape(ofLengths({12, 9})), "0[0,10) | 1");
  spec.batch = {.policy = Policy::Pack, .tokens = 20, .overflow = Overflow::CutRight};
  EXPECT_EQ(shape(ofLengths({12, 9})), "0 | 1");
}

TEST_F(PlanTest, ALastTokenThatIsOnlyALabelTakesNoPosition) {
  spec.batch = {.policy = Policy::Pack, .tokens = 8, .overflow = Overflow::Split};
  std::vector<Sample> samples = {{9, 9}, {5, 5}, {5, 5}, {12, 12}};
  for (Sample &sample : samples)
    sample.lastIsInput = false;
  Plan made = plan(samples);
  // 12 tokens: 9 on 8 positions, 3 on 2; nothing overlaps.
  EXPECT_EQ(shape(made), "0 | 1+2 | 3[0,9) | 3[9,12)");
  EXPECT_EQ(made.step(0).counts.positions, 8u);
  EXPECT_EQ(made.step(0).counts.targets, 8u);
  EXPECT_EQ(made.step(3).counts.positions, 2u);
}

TEST_F(PlanTest, WithinSourceKeepsSourcesApart) {
  std::vector<Sample> samples = {{6, 3, "a"}, {6, 3, "b"}, {6, 3, "a"}, {6, 3, "b"}, {6, 3, "a"}};
  spec.batch = {.policy = Policy::Pack, .units = 1, .tokens = 12, .withinSource = true};
  EXPECT_EQ(shape(samples), "0+2 | 1+3 | 4");
  spec.batch = {.policy = Policy::Each, .sequences = 2, .withinSource = true};
  EXPECT_EQ(shape(samples), "0 2 | 1 3 | 4");
  spec.batch = {.policy = Policy::Pack, .tokens = 9, .fit = Fit::FillNext, .withinSource = true};
  EXPECT_EQ(shape(samples), "0+2[0,3) | 1+3[0,3) | 3[3,6) | 2[3,6)+4");
}

TEST_F(PlanTest, LongSequencesThatFillTearsAreWarnedOf) {
  spec.batch = {.policy = Policy::Pack, .tokens = 20, .fit = Fit::FillNext};
  constexpr const char *torn = "fit: fill tears sequences of at least half a pack";
  EXPECT_EQ(losses(plan(ofLengths({12, 15, 5, 20, 9, 9})), Fate::Warned, torn),
            "2 0 0 [data:1 data:3]");
  // Short ones that are cut, and long ones that stay whole, are what fill is for.
  Plan made = plan(ofLengths({20, 5, 5, 5, 9, 8, 8}));
  EXPECT_FALSE(made.ledger().find(Fate::Warned, torn));
}

TEST_F(PlanTest, LabelsMayCrossIntoTheNextSequenceOfAPack) {
  std::vector<Sample> samples = {{4, 4}, {4, 4}, {4, 4}};
  spec.batch = {.policy = Policy::Pack, .tokens = 8};
  EXPECT_EQ(plan(samples).step(0).counts.targets, 6u);
  spec.batch.labels = Reach::Pack;
  Plan made = plan(samples);
  EXPECT_EQ(made.step(0).counts.targets, 7u);
  EXPECT_EQ(made.step(1).counts.targets, 3u);
}

TEST_F(PlanTest, EpochsRepeatOneOrderUnlessShuffled) {
  std::vector<Sample> samples = randomSamples(40, 50);
  spec.batch = {.policy = Policy::Each, .sequences = 4};
  spec.length = {PlanLength::Unit::Epochs, 2};
  Plan same = plan(samples);
  ASSERT_EQ(same.steps(), 20u);
  for (uint64_t s = 0; s < 10; ++s) {
    EXPECT_EQ(same.step(s).counts.firstSequence, same.step(s + 10).counts.firstSequence);
    EXPECT_EQ(same.step(s + 10).counts.epoch, 1u);
  }
  EXPECT_EQ(same.ledger().find(Fate::Kept, "laid down in a step")->sequences, 80u);
  spec.batch.shuffle = true;
  Plan shuffled = plan(samples);
  EXPECT_NE(shape(shuffled), shape(same));
  std::string first, second;
  for (uint64_t s = 0; s < 10; ++s)
    for (int i = 0; i < 4; ++i) {
      first += name(shuffled.step(s).sequences[i]) + " ";
      second += name(shuffled.step(s + 10).sequences[i]) + " ";
    }
  EXPECT_NE(first, second);
}

TEST_F(PlanTest, LengthMayBeStepsTokensOrAPartOfAnEpoch) {
  std::vector<Sample> samples = ofLengths({5, 5, 5, 5, 5, 5});
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  spec.length = {PlanLength::Unit::Steps, 4};
  EXPECT_EQ(shape(samples), "0 1 | 2 3 | 4 5 | 0 1");
  spec.length = {PlanLength::Unit::Tokens, 35};
  EXPECT_EQ(shape(samples), "0 1 | 2 3 | 4 5 | 0 1");
  spec.length = {PlanLength::Unit::Epochs, 1.5};
  EXPECT_EQ(shape(samples), "0 1 | 2 3 | 4 5 | 0 1 | 2 3");
}

/// What a `where` removes leaves the order of the rest and the draws for it alone.
TEST_F(PlanTest, LeavingRecordsOutRedrawsNothing) {
  std::vector<Sample> all = withTargets(randomSamples(200, 60)), some;
  for (uint64_t i = 0; i < all.size(); ++i) {
    all[i].record = i;
    if (i % 7)
      some.push_back(all[i]);
  }
  spec.batch = {.policy = Policy::Each, .sequences = 1, .shuffle = true};
  spec.position = {
      .at = PositionRule::Sites::Token, .sites = 2, .span = 200, .prefix = {}, .chance = 0.5};
  auto drawn = [&](const std::vector<Sample> &samples) {
    Plan made = plan(samples);
    std::vector<std::pair<uint64_t, std::vector<uint32_t>>> order;
    for (uint64_t s = 0; s < made.steps(); ++s) {
      PlanStep step = made.step(s);
      const PlacedSequence &placed = step.sequences[0];
      uint64_t record = store->sequences()[placed.sequence].record;
      if (record % 7)
        order.emplace_back(record,
                           makePositions(made.rules().position, store->view(placed.sequence),
                                         placed, made.positionDraws(step, *store, placed)));
    }
    return order;
  };
  EXPECT_EQ(drawn(all), drawn(some));
}

TEST_F(PlanTest, GapsThatBendNothingAreWarnedOf) {
  auto warned = [&](PositionRule::Sites at, uint32_t span) {
    spec.position = {.at = at, .sites = 0, .span = span, .prefix = {}, .chance = 1};
    return plan(std::vector<Sample>(20, {5, 2})) // a turn begins at token 3, no sentence inside
               .ledger()
               .find(Fate::Warned,
                     "position: gaps bends no sequence: chance, span or at leave none") != nullptr;
  };
  spec.batch = {.policy = Policy::Each, .sequences = 2};
  EXPECT_FALSE(warned(PositionRule::Sites::Turn, 200));
  EXPECT_TRUE(warned(PositionRule::Sites::Turn, 5));
  EXPECT_TRUE(warned(PositionRule::Sites::Sentence, 200));
}

TEST_F(PlanTest, TheSameQuestionGivesTheSameBytes) {
  std::vector<Sample> samples = randomSamples(500, 80);
  spec.batch = {.policy = Policy::Pack, .units = 3, .tokens = 100, .fit = Fit::Decreasing};
  uint64_t hash = plan(samples).hash();
  std::string bytes = bytesOf(folder / "plan");
  EXPECT_EQ(plan(samples).hash(), hash);
  EXPECT_EQ(bytesOf(folder / "plan"), bytes);
  spec.seed = 43;
  EXPECT_NE(plan(samples).hash(), hash);
  spec.seed = 42;
  // Equal lengths, one id changed.
  samples[17].record = 1000;
  EXPECT_NE(plan(samples).hash(), hash);
}

class BucketTest : public PlanTest {
protected:
  /// 64 of length 4, 32 of length 8, 16 of length 16, in no order.
  std::vector<Sample> samples() {
    std::vector<Sample> list;
    for (uint32_t i = 0; i < 112; ++i)
      list.push_back({i % 7 < 4 ? 4u : i % 7 < 6 ? 8u : 16u, 2});
    return list;
  }
  BucketTest() {
    spec.batch = {.policy = Policy::Bucket, .tokens = 32, .last = Last::Drop};
    spec.batch.odds = number(16) / roux::data::test::read(Scope::Bucket, Attribute::Length);
  }
};

TEST_F(BucketTest, StepsHaveOneLengthAndAllIsUsedOnce) {
  spec.batch.cycles = 2;
  Plan made = plan(samples());
  ASSERT_EQ(made.steps(), 24u);
  std::set<uint32_t> seen;
  std::map<uint32_t, int> firstHalf;
  for (uint64_t s = 0; s < made.steps(); ++s) {
    PlanStep step = made.step(s);
    EXPECT_EQ(step.counts.positions, 32u);
    for (const PlacedSequence &placed : step.sequences) {
      EXPECT_EQ(placed.positions, step.counts.longest);
      seen.insert(placed.sequence);
    }
    if (s < 12)
      ++firstHalf[step.counts.longest];
  }
  EXPECT_EQ(seen.size(), 112u);
  // Each cycle runs through half of every bucket.
  EXPECT_EQ(firstHalf, (std::map<uint32_t, int>{{4, 4}, {8, 4}, {16, 4}}));
}

TEST_F(BucketTest, AnEndInsideACycleIsWarnedOf) {
  auto warning = [](const Plan &plan) -> std::string {
    for (const LedgerLine &line : plan.ledger().lines())
      if (line.fate == Fate::Warned)
        return line.rule;
    return "";
  };
  spec.batch.cycles = 2; // of 12 steps each
  EXPECT_EQ(warning(plan(samples())), "");
  spec.length = {PlanLength::Unit::Steps, 12};
  EXPECT_EQ(warning(plan(samples())), "");
  spec.length = {PlanLength::Unit::Steps, 41}; // 24 + 12 + 5
  EXPECT_EQ(warning(plan(samples())),
            "bucket: the training ends inside cycle 2 of 2, after 5 of its 12 steps");
}

TEST_F(BucketTest, CyclesWithoutAStepAreWarnedOf) {
  spec.batch.cycles = 100;
  Plan made = plan(samples());
  ASSERT_EQ(made.steps(), 24u);
  std::vector<std::string> warned;
  for (const LedgerLine &line : made.ledger().lines())
    if (line.fate == Fate::Warned)
      warned.push_back(line.rule);
  // Of each of three buckets 8 steps in 100 cycles, at the same ones.
  EXPECT_EQ(warned, std::vector<std::string>{"bucket: 92 of 100 cycles have no step"});
}

TEST_F(BucketTest, QuotaTakesLessOrRepeats) {
  spec.batch.quota = number(64);
  Plan made = plan(samples());
  EXPECT_EQ(made.steps(), 6u);
  EXPECT_EQ(made.ledger().find(Fate::Dropped, "bucket: over its quota")->sequences,
            112u - 16 - 8 - 4);
  spec.batch.quota = number(512);
  EXPECT_THROW(
      {
        try {
          plan(samples());
        } catch (const PlanError &error) {
          EXPECT_STREQ(error.what(),
                       "the bucket of length 4 has 64 sequences, but its quota of 512 tokens "
                       "needs 128; lower it or say that the bucket repeats");
          throw;
        }
      },
      PlanError);
  spec.batch.exhausted = Exhausted::Repeat;
  EXPECT_EQ(plan(samples()).steps(), 48u);
}

TEST_F(BucketTest, RemaindersFollowLast) {
  std::vector<Sample> list = samples();
  list.push_back({4, 2});
  EXPECT_EQ(plan(list).steps(), 24u);
  spec.batch.last = Last::Keep;
  Plan kept = plan(list);
  EXPECT_EQ(kept.steps(), 25u);
  EXPECT_EQ(kept.ledger().find(Fate::Kept, "laid down in a step")->sequences, 113u);
}

} // namespace
