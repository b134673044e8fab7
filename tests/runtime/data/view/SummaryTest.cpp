//===- SummaryTest.cpp ----------------------------------------------------===//
//
// The numbers that `roux check` and `--emit=plan` print are those of the plan.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/DataSummary.h"
#include "runtime/data/view/PlanText.h"
#include "tests/runtime/data/Fixture.h"

#include <sstream>

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

class SummaryTest : public testing::Test {
protected:
  Folder folder;
  PlanSpec spec{.seed = 5, .construct = "t", .context = 400};
  std::optional<TokenStore> store;

  SummaryTest() {
    spec.batch = {.policy = Policy::Pack, .units = 2, .tokens = 10, .overflow = Overflow::CutRight};
  }
  Plan plan() {
    store.emplace(makeStore(folder / "tokens", {{4, 2}, {6, 1, "long"}, {5, 0}, {25, 20}}));
    return makePlan(folder / "plan", *store, spec);
  }
};

TEST_F(SummaryTest, SaysWhatWillBeTrainedOn) {
  spec.length = {PlanLength::Unit::Epochs, 2};
  Plan made = plan();
  EXPECT_EQ(summarize(made, *store, sequenceMean(), {.ranks = 2}).text(),
            "data\n"
            "  data                           3 sequences            34 tokens            22 "
            "targets\n"
            "  long                           1 sequences             6 tokens             1 "
            "targets\n"
            "lengths, in positions\n"
            "          4 to         7         3 sequences            15 tokens  "
            "████████████████████████████████████████\n"
            "          8 to        15         1 sequences            10 tokens  ██████████████\n"
            "steps: 4 in 2 epochs\n"
            "  a step has                    least         mean         most\n"
            "  sequences                         1          2.0            3\n"
            "  positions                        10         12.5           15\n"
            "  target tokens                     3          4.0            5\n"
            "packs are 83.33% full\n"
            "weights, in 4 of 4 steps\n"
            "  sum of a step 1 to 1\n"
            "  lightest sequence 0.5 (data:0, step 0)\n"
            "  heaviest sequence 1 (data:3, step 1), 2 times as much\n"
            "ranks: ranks differ by 200.00%; the costliest is 0.00% above what any division "
            "reaches (longest part: 2.00 of a rank's mean)\n"
            "context, in the first epoch\n"
            "          4 to         7 tokens: 3 of 3 sequences stay whole\n"
            "         16 to        31 tokens: 0 of 1 sequences stay whole, 1 in pieces or in part\n"
            "  a target sees 5.6 tokens before it on average, half of them at least 5, none more "
            "than 9 (8 targets of 4 sequences)\n"
            "ledger\n" +
                made.ledger().text());
}

TEST_F(SummaryTest, PrintsEveryStepPackAndSequence) {
  Plan made = plan();
  std::ostringstream out;
  printPlan(out, made, *store);
  std::string text = out.str();
  EXPECT_EQ(text.substr(0, 5), "plan ");
  EXPECT_EQ(
      text.substr(text.find("seed: ")),
      "seed: 5\ntrain: t\nbatch: 2 * pack(10 tokens, fit: next, overflow: cut(right), last: "
      "keep, order: data, within: data, attend: sequence, labels: sequence)\n"
      "position: index in the segment\nlength: 1 epochs\ncontext: 400\nsteps: 2\n\n" +
          made.ledger().text() +
          "\nstep 0: epoch 0, 3 sequences (2 with targets), 15 tokens, 15 positions, 3 targets, "
          "longest 6\n"
          "  pack 0: 2 sequences (2 with targets), 10 tokens, 3 targets\n"
          "    @0 data:0: 4 tokens, 4 positions, 2 targets\n"
          "    @4 long:1: 6 tokens, 6 positions, 1 targets\n"
          "  pack 1: 1 sequences (0 with targets), 5 tokens, 0 targets\n"
          "    @0 data:2: 5 tokens, 5 positions, 0 targets\n"
          "step 1: epoch 0, 1 sequences (1 with targets), 10 tokens, 10 positions, 5 targets, "
          "longest 10\n"
          "  pack 0: 1 sequences (1 with targets), 10 tokens, 5 targets\n"
          "    @0 data:3 [0, 10): 10 tokens, 10 positions, 5 targets\n");
  EXPECT_EQ(made.ledger().json(),
            "[\n  {\"fate\": \"cut\", \"rule\": \"overflow: cut(right)\", \"sequences\": 1, "
            "\"tokens\": 15, \"targets\": 15, \"first\": [\"data:3\"]},\n"
            "  {\"fate\": \"zero-target\", \"rule\": \"laid down, but nothing in it is a target\", "
            "\"sequences\": 1, \"tokens\": 0, \"targets\": 0, \"first\": [\"data:2\"]},\n"
            "  {\"fate\": \"kept\", \"rule\": \"laid down in a step\", \"sequences\": 4, "
            "\"tokens\": 25, \"targets\": 8, \"first\": []}\n]\n");
}

TEST_F(SummaryTest, WarnsOfTargetsThatWeighNothing) {
  Plan made = plan();
  std::string text = summarize(made, *store, number(0)).text();
  EXPECT_NE(text.find("  warning: "), std::string::npos) << text;
}

} // namespace
