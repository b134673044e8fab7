//===- EvalResultTest.cpp - results survive being kept --------------------===//
//
// What is written is read back as it was, whatever a model wrote; what is no whole
// result is none.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/EvalResult.h"

#include "tests/runtime/data/Fixture.h"

using namespace roux;
using namespace roux::eval;

namespace {

EvalResult example() {
  LossGroups groups;
  groups.add(1, "short", 0.1);
  groups.add(5, "long \"texts\"", 1. / 3);
  groups.add(6, "short", 2.25);
  NeedleResult needle{{{128, 0.1, 90, "eat a \xff sandwich\n\x01", 1}, {128, 0.5, 91, "", 0}}};
  return {"report",
          {{"unseen", resultOf(groups)},
           {"found", needle},
           {"writes", SamplesResult{{{"Once", " upon a time", true}, {"", "…", false}}}}}};
}

void writeText(const std::filesystem::path &file, const std::string &text) {
  std::ofstream(file) << text;
}

} // namespace

TEST(EvalResultTest, IsReadAsItWasWritten) {
  data::test::Folder folder;
  EvalResult result = example();
  writeText(folder / "r.json", toJson(result));
  std::optional<EvalResult> read = readEvalResult(folder / "r.json");
  ASSERT_TRUE(read && read->tasks.size() == 3);
  EXPECT_EQ(toJson(*read), toJson(result));
  const auto &loss = std::get<HeldOutResult>(read->tasks[0].what);
  const auto &written = std::get<HeldOutResult>(result.tasks[0].what);
  EXPECT_EQ(loss.all, written.all);
  EXPECT_EQ(loss.byPosition, written.byPosition);
  EXPECT_EQ(loss.bySource, written.bySource);
  EXPECT_EQ(loss.bySource[0].name, "long \"texts\"");
  EXPECT_EQ(std::get<NeedleResult>(read->tasks[1].what).mean(), 0.5);
  EXPECT_EQ(std::get<NeedleResult>(read->tasks[1].what).cells[0].answer,
            "eat a \xef\xbf\xbd sandwich\n\x01");
}

TEST(EvalResultTest, KeepsHowFarPairsAreApart) {
  data::test::Folder folder;
  EvalResult result{"report", {{"unseen", HeldOutResult{{"", 0, 0, 0.5, 6}, {}, {}, {}}}}};
  writeText(folder / "r.json", toJson(result));
  EXPECT_FALSE(std::get<HeldOutResult>(readEvalResult(folder / "r.json")->tasks[0].what).pairs);
  std::get<HeldOutResult>(result.tasks[0].what).pairs = Preference{-0.25, 1. / 3};
  writeText(folder / "r.json", toJson(result));
  EXPECT_EQ(std::get<HeldOutResult>(readEvalResult(folder / "r.json")->tasks[0].what).pairs,
            (Preference{-0.25, 1. / 3}));
}

TEST(EvalResultTest, WhatIsNotWholeIsNone) {
  data::test::Folder folder;
  EXPECT_FALSE(readEvalResult(folder / "absent.json"));
  std::string whole = toJson(example());
  for (size_t length = 0; length + 2 < whole.size(); ++length) {
    writeText(folder / "cut.json", whole.substr(0, length));
    EXPECT_FALSE(readEvalResult(folder / "cut.json")) << length;
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string other = whole;
    other[at] = static_cast<char>(other[at] ^ 1);
    writeText(folder / "other.json", other);
    EXPECT_FALSE(readEvalResult(folder / "other.json")) << at;
  }
  writeText(folder / "list.json", "[1, 2]");
  EXPECT_FALSE(readEvalResult(folder / "list.json"));
}
