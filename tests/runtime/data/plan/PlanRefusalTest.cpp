//===- PlanRefusalTest.cpp ------------------------------------------------===//
//
// What gives no plan says so in words a recipe's author can act on, and a plan file
// that is not whole is refused by name.
//
//===----------------------------------------------------------------------===//
#include "tests/runtime/data/Fixture.h"

using namespace roux;
using namespace roux::data;
using namespace roux::data::test;

namespace {

class PlanRefusalTest : public testing::Test {
protected:
  Folder folder;
  PlanSpec spec{.seed = 1,
                .construct = "t",
                .batch = {.policy = Policy::Each, .sequences = 2},
                .position = {},
                .length = {},
                .context = 100};

  std::string refusal(const std::vector<Sample> &samples) {
    TokenStore store = makeStore(folder / "tokens", samples);
    try {
      writePlan(folder / "plan", PlanInput(store), spec);
    } catch (const PlanError &error) {
      EXPECT_FALSE(std::filesystem::exists(folder / "plan"));
      return error.what();
    }
    return "planned";
  }
  std::string openingError() {
    try {
      Plan plan(folder / "plan");
    } catch (const FileError &error) {
      return std::string(error.what()).substr((folder / "plan").string().size());
    }
    return "opened";
  }
};

TEST_F(PlanRefusalTest, NamesTheSequenceThatDoesNotFit) {
  EXPECT_EQ(refusal({{5, 2}, {101, 2, "long", 17}}),
            "long:17 takes 101 positions, but at most 100 fit; say what to do with longer "
            "sequences: overflow: drop, cut(right) or split");
}

TEST_F(PlanRefusalTest, NamesTheSequencesOfAStepWithoutTargets) {
  EXPECT_EQ(refusal({{5, 2}, {5, 2}, {5, 0, "long", 3}, {6, 0, "long", 9}}),
            "step 1 has no targets; its 2 sequences are long:3 long:9");
}

TEST_F(PlanRefusalTest, SaysWhyThereIsNoStep) {
  spec.batch.sequences = 8;
  spec.batch.last = Last::Drop;
  EXPECT_EQ(refusal({{5, 2}, {5, 2}}).substr(0, 64),
            "2 sequences give no step of each(8 sequences, overflow: error, l");
  spec.batch.last = Last::Keep;
  EXPECT_EQ(refusal({}).substr(0, 29), "0 sequences give no step of e");
}

TEST_F(PlanRefusalTest, RefusesCountsThatMakeNoSense) {
  spec.batch.sequences = 0;
  EXPECT_EQ(refusal({{5, 2}}), "a batch of 0 sequences, expected at least 1");
  spec.batch = {.policy = Policy::Pack, .tokens = uint64_t(1) << 40};
  EXPECT_EQ(refusal({{5, 2}}),
            "sequences of up to 1099511627776 tokens, expected between 1 and 1073741824");
  spec.batch = {.policy = Policy::Pack, .units = 0, .tokens = 8};
  EXPECT_EQ(refusal({{5, 2}}), "0 packs or groups in a step, expected at least 1");
  spec.batch = {.policy = Policy::Each, .sequences = 1};
  spec.length = {PlanLength::Unit::Epochs, 0};
  EXPECT_EQ(refusal({{5, 2}}), "a length of 0 epochs, expected more than 0");
  spec.length = {PlanLength::Unit::Epochs, 1e12};
  EXPECT_EQ(refusal({{5, 2}}), "a length of 1000000000000 steps, expected at most 16777216");
}

TEST_F(PlanRefusalTest, RefusesOddsThatDrawNothing) {
  spec.batch = {.policy = Policy::Bucket, .tokens = 20};
  EXPECT_EQ(refusal({{5, 2}}), "a bucket without odds");
  spec.batch.odds = number(0);
  EXPECT_EQ(refusal({{5, 2}}),
            "the odds of the bucket of length 5 are 0, expected a number above 0");
}

TEST_F(PlanRefusalTest, RefusesAnotherStore) {
  TokenStore store = makeStore(folder / "tokens", {{5, 2}, {6, 3}});
  Plan plan = makePlan(folder / "plan", store, spec);
  TokenStore other = makeStore(folder / "other", {{5, 2}, {6, 2}});
  EXPECT_THROW(plan.checkStore(other), FileError);
}

TEST_F(PlanRefusalTest, RefusesFilesThatAreNotWholePlans) {
  EXPECT_EQ(openingError(), ": cannot open it: No such file or directory");
  TokenStore store = makeStore(folder / "tokens", {{5, 2}, {6, 3}});
  makePlan(folder / "plan", store, spec);
  std::string whole = bytesOf(folder / "plan");
  std::filesystem::resize_file(folder / "plan", whole.size() - 8);
  EXPECT_EQ(openingError(), ": " + std::to_string(whole.size() - 8) +
                                " bytes where the header says " + std::to_string(whole.size()) +
                                "; the file was cut off or grew");
  std::ofstream(folder / "plan") << std::string(200, 'x');
  EXPECT_EQ(openingError(), ": not a plan");
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    std::ofstream(folder / "plan", std::ios::binary) << changed;
    try {
      Plan plan(folder / "plan");
      plan.checkStore(store);
      for (uint64_t s = 0; s < plan.steps(); ++s)
        for (const PlannedPack &pack : plan.step(s).packs)
          ASSERT_LE(plan.step(s).of(pack).size(), 2u);
    } catch (const FileError &) {
    }
    EXPECT_THROW(Plan(folder / "plan").verify(store), FileError) << at;
  }
}

} // namespace
