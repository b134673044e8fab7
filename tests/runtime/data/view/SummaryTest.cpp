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
    store.emplace(makeStore(folder / "tokens", {{4, 2}, {6, 1, "long"}, {25, 20}, {5, 0}}));
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
            "  positions                         5         12.5           20\n"
            "  target tokens                     0          4.0            8\n");
}

TEST_F(SummaryTest, PrintsEveryStepPackAndSequence) {
  Plan made = plan();
  std::ostringstream out;
  printPlan(out, made, *store);
  EXPECT_EQ(out.str(), "");
}

TEST_F(SummaryTest, WarnsOfTargetsThatWeighNothing) {
  Plan made = plan();
  std::string text = summarize(made, *store, number(0)).text();
  EXPECT_NE(text.find("  warning: "), std::string::npos) << text;
}

} // namespace
