// A recipe's trains as files: what is built, when it is built again, and what does not matter to
// it.
#include "compiler/plan/TrainingData.h"
#include "compiler/frontend/Check.h"

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

using namespace roux;

namespace {

/// A folder with a recipe and its data, removed at the end.
class TrainingDataTest : public testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::path(testing::TempDir()) /
             fmt::format("roux-{}", testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    for (int i = 0; i < 40; ++i)
      chats += fmt::format("{{\"messages\": [{{\"role\": \"user\", \"content\": \"Question {0} of "
                           "forty, asked twice: {0}?\"}}, {{\"role\": \"assistant\", \"content\": "
                           "\"The answer to question {0} is {1}.\"}}], \"level\": {2}}}\n",
                           i, std::string(1 + i % 7, 'x'), i % 3);
    write("chats.jsonl", chats);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(const std::string &name, const std::string &text) {
    std::ofstream(folder / name, std::ios::binary) << text;
  }

  /// The plan of `train` of a recipe whose data and train are given.
  TrainingData build(const std::string &data, const std::string &train, unsigned threads = 1,
                     const std::string &run = "") {
    std::string text = "seed 3\n"
                       "tokenizer words = bpe(all, vocab: 300)\n"
                       "model small = new(llama, tokenizer: words, layers: 1, dim: 16, heads: 2, "
                       "ffn: 32, context: 128) { template: plain }\n"
                       "data all = chat(\"chats.jsonl\")\n" +
                       data + "\ntrain t {\n  model: small\n  optimizer: adamw(lr: 1e-3)\n" +
                       train + "\n}\n" + run;
    SourceManager sources;
    uint32_t file = sources.add((folder / "r.recipe").string(), text);
    Diagnostics diagnostics(sources);
    std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics);
    if (!recipe)
      throw std::runtime_error(diagnostics.text());
    DataBuilder builder(sources, *recipe, folder / "out", threads);
    return builder.build(*recipe->find("t"));
  }

  std::filesystem::path folder;
  std::string chats;
};

const std::string longAlign = R"(  data: sft
  target: role == assistant
  weight: 1 / (sequence.targets * step.sequences)
  batch: 2 * pack(128 tokens, fit: next, overflow: drop, last: drop)
  length: 2 epochs)";

TEST_F(TrainingDataTest, EveryRecordIsPlannedOrCounted) {
  TrainingData built = build("data sft = all | shuffle", longAlign);
  EXPECT_EQ(built.store.sequences().size(), 40u);
  EXPECT_GT(built.plan.steps(), 0u);
  EXPECT_EQ(built.model.config.vocabulary, 300);
}

TEST_F(TrainingDataTest, ThreadsAndRunDoNotMatter) {
  TrainingData one = build("data sft = all | shuffle", longAlign, 1);
  uint64_t hash = one.plan.hash();
  std::filesystem::remove_all(folder / "out");
  EXPECT_EQ(
      build("data sft = all | shuffle", longAlign, 8, "run { micro_batch: 64 tokens }").plan.hash(),
      hash);
}

TEST_F(TrainingDataTest, OneByteOfDataMatters) {
  uint64_t before = build("data sft = all | shuffle", longAlign).plan.hash();
  chats[chats.find("forty")] = 'F';
  write("chats.jsonl", chats);
  EXPECT_NE(build("data sft = all | shuffle", longAlign).plan.hash(), before);
}

TEST_F(TrainingDataTest, AWhereDoesNotRedrawTheRest) {
  auto records = [](const TrainingData &built) {
    std::vector<uint64_t> found;
    for (const data::SequenceEntry &entry : built.store.sequences())
      found.push_back(entry.record);
    return found;
  };
  std::vector<uint64_t> whole = records(build("data sft = all | shuffle", longAlign));
  std::vector<uint64_t> some =
      records(build("data sft = all | where(field(\"level\") != 1) | shuffle", longAlign));
  std::erase_if(whole, [](uint64_t record) { return record % 3 == 1; });
  EXPECT_EQ(whole, some);
}

TEST_F(TrainingDataTest, HeldOutRecordsAreDisjoint) {
  std::string split = "data held = all | sample(25%)\ndata sft = all | without(held)";
  std::string onHeld = longAlign;
  onHeld.replace(onHeld.find("sft"), 3, "held");
  std::set<uint64_t> records;
  for (const std::string &train : {longAlign, onHeld}) {
    TrainingData built = build(split, train);
    EXPECT_FALSE(built.store.sequences().empty());
    for (const data::SequenceEntry &entry : built.store.sequences())
      EXPECT_TRUE(records.insert(entry.record).second) << entry.record << " is in both";
  }
  EXPECT_EQ(records.size(), 40u);
}

TEST_F(TrainingDataTest, WeightsMayReadFields) {
  std::string train = longAlign;
  train.replace(train.find("1 / (seq"), 1, "field(\"level\")");
  TrainingData built = build("data sft = all", train);
  ASSERT_EQ(built.store.schema().attributes.size(), 1u);
  EXPECT_EQ(built.store.number(0, 4), 1);
}

TEST_F(TrainingDataTest, APositionNoPlanHoldsIsRefusedAtItsLine) {
  try {
    build("data sft = all", longAlign + "\n  position: 2 * token.index");
    FAIL() << "accepted";
  } catch (const std::runtime_error &error) {
    EXPECT_NE(std::string(error.what()).find("r.recipe:14:13: "), std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("expected 'token.index' or gaps(…)"),
              std::string::npos)
        << error.what();
  }
}

// A number that is cut to fewer bits is another number, and the training another training.
TEST_F(TrainingDataTest, CountsBeyondWhatIsKeptAreRefused) {
  auto refusal = [&](const std::string &data, const std::string &train) -> std::string {
    try {
      build(data, train);
    } catch (const std::runtime_error &error) {
      return error.what();
    }
    return "accepted";
  };
  std::string bucket = longAlign;
  bucket.replace(bucket.find("2 * pack"), bucket.find(", fit") - bucket.find("2 * pack"),
                 "bucket(tokens: 128 tokens, odds: 1, cycles: 4294967297");
  bucket.replace(bucket.find(", fit: next"), 11, "");
  std::string ofSft = longAlign;
  ofSft.replace(ofSft.find("sft"), 3, "cut0");
  for (const std::string &said :
       {refusal("data sft = all", bucket),
        refusal("data sft = all",
                longAlign + "\n  position: gaps(at: turn, sites: 4294967297, span: 128)"),
        refusal("data cut0 = all | cut(4294967297 tokens, side: right)", ofSft),
        refusal("data cut0 = all | spans(tokens: 4294967297)", ofSft),
        refusal("data cut0 = all | repeat(4294967297)", ofSft)})
    EXPECT_NE(said.find("found 4294967297, expected at most 4294967295"), said.npos) << said;
}

} // namespace
