//===- TokenStoreTest.cpp -------------------------------------------------===//
//
// What is appended comes back, and a file that is not whole is refused by name.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/TokenStore.h"

#include "runtime/data/FileError.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

using namespace roux::data;

namespace {

class TokenStoreTest : public testing::Test {
protected:
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("TokenStoreTest." + std::to_string(getpid()) + ".tokens");
  std::vector<int32_t> ids = {5, 6, 7, 8}, labels = {5, noLabel, 7, 9};
  std::vector<TokenRange> turns = {{0, 2}, {2, 4}}, spans = {{1, 3}};
  std::vector<uint32_t> sentences = {0, 3};
  std::vector<float> scores = {0.5f, 1, 2, 4};
  StoreSchema schema = {{{"lang", true}, {"score:lds", false}}, {"change"}};
  std::vector<AttributeValue> values = {{0, "de"}, {2.5, {}}};

  void TearDown() override { std::filesystem::remove(path); }

  NewSequence sequence(uint64_t record) const {
    NewSequence made;
    made.record = record;
    made.source = "long";
    made.ids = ids;
    made.labels = labels;
    made.turns = turns;
    made.spans = spans;
    made.sentences = sentences;
    made.attributes = values;
    made.tokenScores = scores;
    return made;
  }
  uint64_t write(std::string_view origin = "tokenizer") {
    TokenStoreWriter writer(path, schema);
    writer.setOrigin(origin);
    writer.append(sequence(3));
    NewSequence part = sequence(9);
    part.part = 2;
    part.lastIsInput = false;
    std::vector<uint8_t> roles = {0, writer.role("user"), writer.role("assistant"), 0};
    part.roles = roles;
    writer.append(part);
    writer.ledger().add(Fate::Malformed, "on_error: skip", 2, 0, 0, "long:7");
    writer.finish();
    return TokenStore(path).hash();
  }
  std::string refusal() {
    try {
      TokenStore store(path);
    } catch (const FileError &error) {
      return error.what();
    }
    return "no refusal";
  }
};

TEST_F(TokenStoreTest, GivesBackWhatWasAppended) {
  write();
  TokenStore store(path);
  ASSERT_EQ(store.sequences().size(), 2u);
  EXPECT_EQ(store.sequences()[0].targets, 2u); // token 0's label does not count
  EXPECT_EQ(store.sequences()[0].positions(), 4u);
  EXPECT_EQ(store.sequences()[1].positions(), 3u);
  EXPECT_EQ(store.name(0), "long:3");
  EXPECT_EQ(store.name(1), "long:9.2");
  SequenceView view = store.view(1);
  EXPECT_TRUE(std::ranges::equal(view.ids, ids));
  ASSERT_EQ(view.labels.size(), labels.size());
  for (uint32_t t = 0; t < labels.size(); ++t)
    EXPECT_EQ(view.labels[t], labels[t]) << t;
  EXPECT_TRUE(std::ranges::equal(view.turns, turns));
  EXPECT_TRUE(std::ranges::equal(view.spans, spans));
  EXPECT_TRUE(std::ranges::equal(view.sentences, sentences));
  EXPECT_TRUE(std::ranges::equal(view.tokenScores, scores));
  EXPECT_EQ(store.roles()[view.roles[2]], "assistant");
  EXPECT_EQ(store.view(0).roles[2], 0);
  EXPECT_EQ(store.text(0, 1), "de");
  EXPECT_EQ(store.number(1, 1), 2.5);
  EXPECT_EQ(store.origin(), "tokenizer");
  ASSERT_TRUE(store.ledger().find(Fate::Malformed, "on_error: skip"));
  EXPECT_EQ(store.ledger().lines()[0].first, std::vector<std::string>{"long:7"});
}

// Stretches are how it is kept; read by token they must be what was written out.
TEST_F(TokenStoreTest, StretchesReadLikeLabelsWrittenOut) {
  std::mt19937 random(7);
  TokenStoreWriter writer(path);
  std::vector<std::vector<int32_t>> all, labels;
  std::vector<std::vector<uint8_t>> roles;
  for (uint32_t s = 0; s < 200; ++s) {
    uint32_t tokens = random() % 40, keep = 1 + random() % 12;
    all.emplace_back(), labels.emplace_back(), roles.emplace_back();
    for (uint32_t t = 0; t < tokens; ++t) {
      bool changes = t == 0 || random() % keep == 0;
      all[s].push_back(static_cast<int32_t>(random() % 50));
      bool set = changes ? random() % 2 : labels[s].back() != noLabel;
      labels[s].push_back(set ? random() % 7 ? all[s].back() : 60 : noLabel);
      roles[s].push_back(changes ? writer.role(random() % 2 ? "user" : "assistant")
                                 : roles[s].back());
    }
    NewSequence sequence;
    sequence.source = "s";
    sequence.ids = all[s], sequence.labels = labels[s], sequence.roles = roles[s];
    writer.append(sequence);
  }
  writer.finish();
  TokenStore store(path);
  for (uint32_t s = 0; s < all.size(); ++s) {
    SequenceView view = store.view(s);
    for (uint32_t t = 0; t < all[s].size(); ++t) {
      ASSERT_EQ(view.labels[t], labels[s][t]);
      ASSERT_EQ(view.roles[t], roles[s][t]);
    }
    for (uint32_t end = 0; end <= all[s].size(); ++end) {
      uint32_t begin = end ? random() % end : 0;
      auto unset = std::count(labels[s].begin() + begin, labels[s].begin() + end, noLabel);
      ASSERT_EQ(view.labels.count({begin, end}), end - begin - unset);
    }
  }
}

// One answer in a text of a thousand tokens: the labels cost nothing a token.
TEST_F(TokenStoreTest, TakesFourBytesAToken) {
  std::vector<int32_t> ids(4096, 7), labels(ids);
  std::fill(labels.begin(), labels.begin() + 1000, noLabel);
  TokenStoreWriter writer(path);
  for (int record = 0; record < 100; ++record)
    writer.append({.source = "s", .ids = ids, .labels = labels});
  writer.finish();
  EXPECT_LT(std::filesystem::file_size(path), uint64_t(100) * 4096 * 41 / 10);
}

TEST_F(TokenStoreTest, HashCoversTokensAndOrigin) {
  uint64_t hash = write();
  EXPECT_EQ(write(), hash);
  EXPECT_NE(write("tokenizer of another file"), hash);
  labels[3] = 8;
  EXPECT_NE(write(), hash);
}

TEST_F(TokenStoreTest, RefusesWhatBreaksTheContract) {
  TokenStoreWriter writer(path, schema);
  auto mistake = [&](const NewSequence &wrong) -> std::string {
    try {
      writer.append(wrong);
    } catch (const std::invalid_argument &error) {
      return error.what();
    }
    return "accepted";
  };
  NewSequence wrong = sequence(4);
  wrong.labels = wrong.labels.first(3);
  EXPECT_EQ(mistake(wrong), "long:4.0: not as many labels as tokens");
  wrong = sequence(4);
  std::vector<TokenRange> overlapping = {{0, 3}, {2, 4}};
  wrong.turns = overlapping;
  EXPECT_EQ(mistake(wrong),
            "long:4.0: ranges of tokens that overlap, run backwards or leave the sequence");
  wrong = sequence(4);
  wrong.attributes = {};
  EXPECT_EQ(mistake(wrong), "long:4.0: not one value for each attribute of the store");
  wrong = sequence(4);
  std::vector<uint8_t> unknown = {0, 0, 9, 0};
  wrong.roles = unknown;
  EXPECT_EQ(mistake(wrong), "long:4.0: a role that was not made by role()");
}

TEST_F(TokenStoreTest, LeavesNothingBehindUnlessFinished) {
  {
    TokenStoreWriter writer(path, schema);
    writer.append(sequence(1));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  for (const auto &entry : std::filesystem::directory_iterator(path.parent_path()))
    EXPECT_EQ(entry.path().string().find(path.string()), std::string::npos) << entry.path();
}

TEST_F(TokenStoreTest, RefusesFilesThatAreNotWholeStores) {
  EXPECT_EQ(refusal(), path.string() + ": cannot open it: No such file or directory");
  std::ofstream(path) << "";
  EXPECT_EQ(refusal(), path.string() + ": the file is empty");
  std::ofstream(path) << std::string(100, 'x');
  EXPECT_EQ(refusal(), path.string() + ": not a token store");
  write();
  uint64_t size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 1);
  EXPECT_EQ(refusal(), path.string() + ": " + std::to_string(size - 1) +
                           " bytes where the header says " + std::to_string(size) +
                           "; the file was cut off or grew");
}

TEST_F(TokenStoreTest, RefusesIdsBeyondTheVocabulary) {
  write();
  TokenStore store(path);
  int32_t highest = std::max(std::ranges::max(ids), std::ranges::max(labels));
  EXPECT_NO_THROW(store.verify(static_cast<uint64_t>(highest) + 1));
  try {
    store.verify(static_cast<uint64_t>(highest));
    FAIL();
  } catch (const FileError &error) {
    EXPECT_EQ(error.what(), fmt::format("{}: sequence long:3 has the token id {}, but the "
                                        "vocabulary has {}",
                                        path.string(), highest, highest));
  }
}

/// Any single byte may be wrong: opening, looking and reading do not crash, and it is always found.
TEST_F(TokenStoreTest, FindsEveryChangedByte) {
  write();
  std::string whole;
  {
    std::ifstream file(path, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    std::ofstream(path, std::ios::binary) << changed;
    try {
      TokenStore store(path);
      for (uint32_t s = 0; s < store.sequences().size(); ++s) {
        SequenceView view = store.view(s);
        for (size_t t = 0; t < view.ids.size(); ++t)
          ASSERT_EQ(view.roles.size(), view.ids.size());
        if (!store.schema().attributes.empty() && store.schema().attributes[0].isText)
          store.text(0, s);
      }
    } catch (const FileError &) {
    }
    EXPECT_THROW(TokenStore(path).verify(1 << 30), FileError) << at;
  }
}

} // namespace
