//===- TargetDescriptionTest.cpp - what code is made for, as data ---------===//
//
// A description survives its JSON whole, and JSON that another build or a damaged
// file holds is refused by what is wrong with it.
//
//===----------------------------------------------------------------------===//
#include "runtime/TargetDescription.h"

#include <gtest/gtest.h>
#include <stdexcept>

using namespace roux;

namespace {

std::string refusal(const std::string &json) {
  try {
    TargetDescription::parse(json, "saved.roux");
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

/// JSON of the first known target with `from` replaced.
std::string edited(const std::string &from, const std::string &to) {
  std::string json = knownTargets()[0].json();
  size_t at = json.find(from);
  EXPECT_NE(at, json.npos) << from;
  return json.replace(at, from.size(), to);
}

TEST(TargetDescription, SurvivesItsJSON) {
  for (const TargetDescription &target : knownTargets()) {
    TargetDescription odd = target; // no two fields alike, so that none can stand for another
    odd.itemRows = 7, odd.stretch = 11, odd.lossTokens = 13, odd.foldBlock = 17;
    EXPECT_EQ(TargetDescription::parse(target.json(), "here"), target);
    EXPECT_EQ(TargetDescription::parse(odd.json(), "here"), odd);
    EXPECT_EQ(targetNamed(target.name), &target);
  }
  EXPECT_EQ(targetNamed("z80"), nullptr);
}

TEST(TargetDescription, OfAGPUIsNoProcessors) {
  ASSERT_FALSE(gpuTargets().empty());
  for (const TargetDescription &target : gpuTargets()) {
    EXPECT_TRUE(target.isGPU()) << target.name;
    EXPECT_EQ(TargetDescription::parse(target.json(), "here"), target);
    EXPECT_EQ(targetNamed(target.name), &target);
  }
  for (const TargetDescription &target : knownTargets())
    EXPECT_FALSE(target.isGPU()) << target.name;
}

TEST(TargetDescription, IsRefusedByWhatIsWrong) {
  EXPECT_EQ(refusal("fast"), "saved.roux: the target is no JSON object");
  EXPECT_EQ(refusal("{}"), "saved.roux: the target has no 'name'");
  EXPECT_EQ(refusal(edited("\"stretch\"", "\"strech\"")),
            "saved.roux: the target has no number 'stretch'");
  EXPECT_EQ(refusal(edited("\"item_rows\": 64", "\"item_rows\": 0")),
            "saved.roux: the target has 0 as 'item_rows', which is not above 0");
  EXPECT_EQ(refusal(edited("\"pairs\": true", "\"pairs\": 1")),
            "saved.roux: the target has no true or false as 'pairs'");
  EXPECT_EQ(refusal(edited("{", "{\"cores\": 4, ")),
            "saved.roux: the target has a key that this build does not know");
}

TEST(TargetDescription, OfThisProcessorIsOneOfThem) {
  EXPECT_EQ(targetNamed(hostTarget().name), &hostTarget());
}

} // namespace
