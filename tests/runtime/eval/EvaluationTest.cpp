//===- EvaluationTest.cpp - generation, needles and means -----------------===//
//
// The harness is proved on scripts: one retrieves whatever it is asked for, one sees
// only the end of its prompt, one never stops.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/WholeCharacters.h"
#include "runtime/eval/LossGroups.h"
#include "runtime/eval/Recall.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace roux;
using namespace roux::eval;

namespace {

/// One id a word, given at its first use.
class Words {
public:
  std::vector<int32_t> encode(const std::string &text) {
    std::vector<int32_t> ids;
    std::string word;
    for (char c : text + " ")
      if (c != ' ')
        word += c;
      else if (!word.empty()) {
        auto [place, isNew] = numbers.try_emplace(word, static_cast<int32_t>(words.size()));
        if (isNew)
          words.push_back(word);
        ids.push_back(place->second);
        word.clear();
      }
    return ids;
  }
  std::string decode(std::span<const int32_t> ids) const {
    std::string text;
    for (int32_t id : ids)
      text += (text.empty() ? "" : " ") + words.at(static_cast<size_t>(id));
    return text;
  }

private:
  std::vector<std::string> words;
  std::map<std::string, int32_t> numbers;
};

constexpr uint32_t vocabularySize = 64;
constexpr int32_t endId = vocabularySize - 1;

/// Answers with the words that follow `cue` in the last `sight` tokens of its prompt.
class Script : public LanguageModel {
public:
  Script(int32_t cue, size_t sight) : cue(cue), sight(sight) {}
  uint32_t vocabulary() const override { return vocabularySize; }
  uint64_t context() const override { return 4000; }
  void prefill(std::span<const std::vector<int32_t>> prompts, std::span<float> logits) override {
    queues.clear();
    for (const std::vector<int32_t> &prompt : prompts) {
      auto begin = prompt.end() - static_cast<ptrdiff_t>(std::min(sight, prompt.size()));
      auto found = std::find(begin, prompt.end(), cue);
      std::vector<int32_t> queue;
      if (found != prompt.end())
        queue.assign(found + 1, found + std::min<ptrdiff_t>(14, prompt.end() - found));
      queue.push_back(endId);
      std::ranges::reverse(queue);
      queues.push_back(queue);
    }
    for (uint32_t row = 0; row < queues.size(); ++row)
      say(row, logits.subspan(row * vocabularySize, vocabularySize));
  }
  void decode(std::span<const uint32_t> rows, std::span<const int32_t> tokens,
              std::span<float> logits) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(tokens[i], queues[rows[i]].back());
      queues[rows[i]].pop_back();
      say(rows[i], logits.subspan(i * vocabularySize, vocabularySize));
    }
  }

private:
  void say(uint32_t row, std::span<float> logits) {
    std::ranges::fill(logits, 0.f);
    logits[static_cast<size_t>(queues[row].back())] = 1;
  }
  int32_t cue;
  size_t sight;
  std::vector<std::vector<int32_t>> queues;
};

const std::string needle = "The best thing to do in San Francisco is eat a sandwich and sit in "
                           "Dolores Park on a sunny day.";
const std::string question = "What is the best thing to do in San Francisco?";
const std::string essay = "Some words go here. And others come after them. Nothing is said .";

/// `times` essays.
std::string essays(int times) {
  std::string text;
  for (int i = 0; i < times; ++i)
    text += essay + " ";
  return text;
}

struct Harness {
  Words words;
  NeedleText text;
  Harness() {
    text.encode = [this](const std::string &each) { return words.encode(each); };
    text.decode = [this](std::span<const int32_t> ids) { return words.decode(ids); };
    text.prompt = [this](const std::string &document, const std::string &asked) {
      return words.encode(document + " " + asked);
    };
  }
  std::vector<NeedleCell> run(size_t sight, uint32_t batch = 4) {

    Script model(words.encode("Francisco")[0], sight);
    GenerateOptions generation;
    generation.ends = {endId};
    generation.batch = batch;
    return runNeedle(model, essays(300),
                     {{300, 1000, 3000}, {0, 0.25, 0.5, 1}, needle, question, 32}, text,
                     generation);
  }
};

template <typename Error>
std::string refusal(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST(NeedleTest, AModelThatRetrievesScoresEverywhere) {
  Harness harness;
  std::vector<NeedleCell> cells = harness.run(SIZE_MAX);
  ASSERT_EQ(cells.size(), 12u);
  for (const NeedleCell &cell : cells) {
    EXPECT_EQ(cell.score, 1) << cell.length << " " << cell.depth << ": " << cell.answer;
    EXPECT_LE(cell.promptTokens, cell.length - 32);
    EXPECT_GE(cell.promptTokens, cell.length - 34);
  }
}

TEST(NeedleTest, AModelThatSeesOnlyTheEndScoresOnlyThere) {
  Harness harness;
  for (const NeedleCell &cell : harness.run(400)) {
    bool isNear = cell.depth == 1 || cell.length == 300;
    EXPECT_EQ(cell.score, isNear) << cell.length << " " << cell.depth;
  }
}

TEST(NeedleTest, BatchesDoNotMatter) {
  Harness harness;
  std::vector<NeedleCell> one = harness.run(400, 1), many = harness.run(400, 100);
  for (size_t i = 0; i < one.size(); ++i)
    EXPECT_EQ(one[i].answer, many[i].answer);
}

TEST(NeedleTest, GoesAfterASentence) {
  Harness harness;
  std::vector<int32_t> hay = harness.words.encode(essays(3));
  std::string text = buildHaystack(hay, 33, 0.75, "NEEDLE.", harness.text);
  EXPECT_NE(text.find("them. NEEDLE. Nothing"), std::string::npos) << text;
  EXPECT_TRUE(buildHaystack(hay, 33, 0, "NEEDLE.", harness.text).starts_with("NEEDLE. Some"));
  EXPECT_EQ(refusal<NeedleError>([&] { buildHaystack(hay, 3, 0, "a b c d", harness.text); }),
            "the needle has 4 tokens, which leaves no haystack in 3");
  EXPECT_EQ(refusal<NeedleError>([&] { buildHaystack(hay, 400, 0, "a b c d", harness.text); }),
            "the haystack has 39 tokens, and the text around the needle needs 396");
}

TEST(NeedleTest, Judge) {
  EXPECT_EQ(judgeExact("Eat a sandwich, and sit in Dolores Park on a sunny day!", needle, question),
            1);
  EXPECT_EQ(judgeExact("Sit in Dolores Park and eat a sandwich.", needle, question), 0);
  EXPECT_EQ(judgeExact(question, needle, question), 0);
  EXPECT_EQ(judgeExact("", needle, question), 0);
}

TEST(NeedleTest, RefusesWhatDoesNotFit) {
  Harness harness;
  Script model(0, 1);
  auto run = [&](uint64_t length) {
    runNeedle(model, essays(1), {{length}, {0.5}, needle, question, 32}, harness.text, {});
  };
  EXPECT_EQ(refusal<NeedleError>([&] { run(5000); }),
            "a needle test of 5000 tokens does not fit the model's context of 4000");
  EXPECT_EQ(refusal<NeedleError>([&] { run(20); }),
            "a needle test of 20 tokens leaves no haystack: needle, question and answer take 63");
  EXPECT_EQ(refusal<NeedleError>([&] { run(63); }),
            "a needle test of 63 tokens leaves no haystack: needle, question and answer take 63");
  EXPECT_EQ(refusal<NeedleError>([&] { run(77); }),
            "a needle test of 77 tokens needs a haystack of 14; found 13");
  checkNeedle(4000, 13, {{76}, {0.5}, needle, question, 32}, harness.text);
}

TEST(GenerateTest, StopTextAcrossTokensAndLengths) {
  Words words;
  std::vector<int32_t> prompt = words.encode("go one two three four five six");
  Script model(prompt[0], SIZE_MAX);
  auto decode = [&](std::span<const int32_t> ids) { return words.decode(ids); };
  GenerateOptions options;
  options.ends = {endId};
  std::vector<std::vector<int32_t>> prompts{prompt};

  Answer whole = generate(model, decode, prompts, options)[0];
  EXPECT_EQ(whole.text, "one two three four five six");
  EXPECT_EQ(whole.ending, Ending::EndToken);

  options.stops = {"ee fo", "five"};
  Answer stopped = generate(model, decode, prompts, options)[0];
  EXPECT_EQ(stopped.text, "one two thr");
  EXPECT_EQ(stopped.ending, Ending::StopText);

  options.stops.clear();
  options.tokens = 2;
  EXPECT_EQ(generate(model, decode, prompts, options)[0].ending, Ending::Length);

  prompts[0].assign(4000, prompt[0]);
  EXPECT_EQ(generate(model, decode, prompts, options)[0].ending, Ending::Context);
  prompts[0].clear();
  EXPECT_EQ(refusal<std::invalid_argument>([&] { generate(model, decode, prompts, options); }),
            "prompt 0 has no tokens");
}

/// Says one token for ever.
class Parrot : public LanguageModel {
public:
  explicit Parrot(std::vector<float> row) : row(std::move(row)) {}
  uint32_t vocabulary() const override { return row.size(); }
  uint64_t context() const override { return 100; }
  void prefill(std::span<const std::vector<int32_t>>, std::span<float> logits) override {
    std::ranges::copy(row, logits.begin());
  }
  void decode(std::span<const uint32_t>, std::span<const int32_t>,
              std::span<float> logits) override {
    std::ranges::copy(row, logits.begin());
  }

private:
  std::vector<float> row;
};

// Rows that a model was padded with have no token, however likely they are.
TEST(GenerateTest, DrawsNoIdWithoutAToken) {
  Parrot model({0, 2, 1, 9});
  std::vector<std::vector<int32_t>> prompts{{0}};
  for (double temperature : {0.0, 1.0}) {
    GenerateOptions options;
    options.tokens = 20;
    options.sampling.temperature = temperature;
    options.known = 3;
    auto decode = [](std::span<const int32_t> ids) { return std::string(ids.size(), 'x'); };
    std::vector<Answer> answers = generate(model, decode, prompts, options);
    for (int32_t token : answers.front().tokens)
      EXPECT_LT(token, 3);
  }
}

// Half a character that an answer was cut inside of is no text that anybody can be given.
TEST(GenerateTest, WritesWholeCharacters) {
  Parrot model({0, 1});
  std::vector<std::vector<int32_t>> prompts{{0}};
  std::string told;
  GenerateOptions options;
  options.tokens = 2;
  options.sink = [&](size_t, std::string_view text) { told += text; };
  auto decode = [](std::span<const int32_t> ids) { return std::string(ids.size(), '\xc3'); };
  EXPECT_EQ(generate(model, decode, prompts, options).front().text, "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(told, "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(data::withWholeCharacters("a\xf0\x9f\x98"), "a\xef\xbf\xbd");
  EXPECT_EQ(data::withWholeCharacters("\x80\xc3(é"), "\xef\xbf\xbd\xef\xbf\xbd(é");
  EXPECT_EQ(data::withWholeCharacters("größe 😀"), "größe 😀");
}

// Tokens that are bytes: a haystack of any length ends with a character.
TEST(NeedleTest, CutsBetweenCharacters) {
  NeedleText text;
  text.encode = [](const std::string &each) {
    return std::vector<int32_t>(each.begin(), each.end());
  };
  text.decode = [](std::span<const int32_t> ids) { return std::string(ids.begin(), ids.end()); };
  std::string hay;
  for (int i = 0; i < 20; ++i)
    hay += "山é😀. ";
  for (uint64_t tokens = 20; tokens < 150; ++tokens) {
    std::string built = buildHaystack(text.encode(hay), tokens, 0.5, "n.", text);
    EXPECT_EQ(data::withWholeCharacters(built), built) << tokens;
    EXPECT_GE(built.size() + 5, tokens);
  }
}

TEST(SampleTest, FollowsTheDistribution) {
  const float logits[] = {std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
  auto shares = [&](Sampling sampling) {
    std::array<double, 4> counts{};
    for (uint64_t i = 0; i < 20'000; ++i)
      counts[static_cast<size_t>(sampleToken(logits, sampling, data::SeedTree(3) / i))] += 1 / 2e4;
    return counts;
  };
  std::array<double, 4> plain = shares({1, 1}), nucleus = shares({1, 0.8}), hot = shares({2, 1});
  EXPECT_NEAR(plain[0], 0.5, 0.015);
  EXPECT_NEAR(plain[3], 0.05, 0.008);
  EXPECT_NEAR(nucleus[0], 0.5 / 0.8, 0.015);
  EXPECT_EQ(nucleus[2], 0);
  double total = std::sqrt(0.5) + std::sqrt(0.3) + std::sqrt(0.15) + std::sqrt(0.05);
  EXPECT_NEAR(hot[0], std::sqrt(0.5) / total, 0.015);
  EXPECT_EQ(shares({0, 1})[0], shares({1, 0})[0]);
}

TEST(SampleTest, TiesAndNan) {
  const float ties[] = {1, 3, 3, 2};
  EXPECT_EQ(sampleToken(ties, {}, data::SeedTree(1)), 1);
  const float bad[] = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(refusal<std::runtime_error>([&] { sampleToken(bad, {}, data::SeedTree(1)); }),
            "the logit of token 1 is nan");
}

TEST(LossGroupsTest, OrderDoesNotChangeABit) {
  LossGroups forward, backward;
  auto nll = [](uint32_t i) { return 1 / (1.0 + i) + i * 1e-7; };
  for (uint32_t i = 1; i < 5000; ++i) {
    forward.add(i, i % 3 ? "long" : "short", nll(i));
    uint32_t j = 5000 - i;
    backward.add(j, j % 3 ? "long" : "short", nll(j));
  }
  EXPECT_EQ(forward.all().mean(), backward.all().mean());
  EXPECT_EQ(forward.all().count(), 4999u);
  std::vector<LossGroup> a = forward.byPosition(), b = backward.byPosition();
  ASSERT_EQ(a.size(), 13u);
  EXPECT_EQ(a[0].name, "1");
  EXPECT_EQ(a[2].name, "4..7");
  double expected = (nll(4) + nll(5) + nll(6) + nll(7)) / 4;
  EXPECT_NEAR(a[2].sum.mean(), expected, 1e-12);
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a[i].sum.mean(), b[i].sum.mean());
  ASSERT_EQ(forward.bySource().size(), 2u);
  EXPECT_EQ(forward.bySource()[1].name, "short");
  EXPECT_EQ(forward.bySource()[1].sum.count(), 1666u);
}

TEST(LossGroupsTest, RefusesWhatIsNoNumber) {
  LossGroups groups;
  EXPECT_EQ(refusal<std::runtime_error>(
                [&] { groups.add(7, "long", std::numeric_limits<double>::infinity()); }),
            "the loss of token 7 of a sequence of 'long' is inf");
  EXPECT_EQ(groups.all().mean(), 0);
}
