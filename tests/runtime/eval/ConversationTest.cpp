//===- ConversationTest.cpp - what a model is told, turn by turn ----------===//
//
// The model is a script that notes its prompts, so what a chat puts to it can be
// read; and who reads along sees exactly the answer.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Conversation.h"
#include "tests/runtime/data/pipeline/ByteTokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace roux;
using namespace roux::eval;

namespace {

/// Says `line`, then the end; keeps the prompts.
class Parrot : public LanguageModel {
public:
  uint32_t vocabulary() const override { return 260; }
  uint64_t context() const override { return 100; }
  void prefill(std::span<const std::vector<int32_t>> given, std::span<float> logits) override {
    std::vector<data::TokenId> ids(given[0].begin(), given[0].end());
    prompts.push_back(ByteTokenizer().decode(ids));
    at = 0;
    say(logits);
  }
  void decode(std::span<const uint32_t>, std::span<const int32_t>,
              std::span<float> logits) override {
    say(logits);
  }
  std::string line;
  std::vector<std::string> prompts;

private:
  void say(std::span<float> logits) {
    std::ranges::fill(logits, 0.f);
    size_t id = at < line.size() ? static_cast<uint8_t>(line[at]) : 259;
    ++at;
    logits[id] = 1;
  }
  size_t at = 0;
};

class ConversationTest : public testing::Test {
protected:
  ConversationTest() {
    consumer.tokenizer = std::make_shared<ByteTokenizer>();
    consumer.chat = data::ChatTemplate::named("chatml");
    options.ends = {259};
  }
  Answer say(Conversation &chat, const std::string &text) {
    read.clear();
    return chat.say(text, [&](std::string_view piece) { read += piece; });
  }
  Parrot model;
  data::Consumer consumer;
  GenerateOptions options;
  std::string read;
};

TEST_F(ConversationTest, PutsAllThatWasSaidToTheModel) {
  Conversation chat(model, consumer, options);
  model.line = "hello";
  EXPECT_EQ(say(chat, "hi").text, "hello");
  EXPECT_EQ(read, "hello");
  model.line = "no";
  say(chat, "why?");
  EXPECT_EQ(model.prompts[1], "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nhello"
                              "<|im_end|>\n<|im_start|>user\nwhy?<|im_end|>\n"
                              "<|im_start|>assistant\n");
  chat.reset();
  say(chat, "hi");
  EXPECT_EQ(model.prompts[2], model.prompts[0]);
}

TEST_F(ConversationTest, TheSystemMessageStandsBeforeEveryTurn) {
  Conversation chat(model, consumer, options, "be brief");
  model.line = "no";
  say(chat, "hi");
  chat.reset();
  say(chat, "hi");
  EXPECT_EQ(model.prompts[0], "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhi"
                              "<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(model.prompts[1], model.prompts[0]);
}

TEST_F(ConversationTest, ForgetsWhatFoundNoRoom) {
  Conversation chat(model, consumer, options);
  model.line = "a";
  Answer answer = say(chat, std::string(81, 'x'));
  EXPECT_EQ(answer.ending, Ending::Context);
  EXPECT_TRUE(answer.tokens.empty());
  EXPECT_EQ(say(chat, "hi").text, "a");
  EXPECT_EQ(model.prompts.back(), "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
}

TEST_F(ConversationTest, WithoutATemplateTheTextGoesOn) {
  consumer.chat.reset();
  Conversation chat(model, consumer, options);
  model.line = "upon";
  EXPECT_EQ(say(chat, "once ").text, "upon");
  say(chat, "then ");
  EXPECT_EQ(model.prompts, (std::vector<std::string>{"<s>once ", "<s>then "}));
}

TEST_F(ConversationTest, WhoReadsAlongSeesNothingThatIsTakenBack) {
  options.stops = {"\n\nuser"};
  Conversation chat(model, consumer, options);
  model.line = "one\n\nuses\n\nuser: two";
  Answer answer = say(chat, "count");
  EXPECT_EQ(answer.text, "one\n\nuses");
  EXPECT_EQ(read, answer.text);
  EXPECT_EQ(answer.ending, Ending::StopText);
}

TEST(TextStreamTest, WaitsForWholeCharactersAndStops) {
  const std::vector<std::string> stops{"END", "\xe2\x82\xac!"};
  EXPECT_EQ(settledBytes("abc", stops), 3u);
  EXPECT_EQ(settledBytes("abcEN", stops), 3u);
  EXPECT_EQ(settledBytes("abENc", stops), 5u);
  EXPECT_EQ(settledBytes("ab\xe2\x82", {}), 2u);
  EXPECT_EQ(settledBytes("ab\xe2\x82\xac", {}), 5u);
  EXPECT_EQ(settledBytes("ab\xe2\x82\xac", stops), 2u);
  EXPECT_EQ(settledBytes("ab\xf0\x9f\x98", {}), 2u);
  EXPECT_EQ(settledBytes("ab\xef\xbf\xbd", {}), 2u);
  EXPECT_EQ(settledBytes("", stops), 0u);
}

} // namespace
