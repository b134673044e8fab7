//===- ChatPromptTest.cpp - asking is what training was -------------------===//
//
// A prompt must be, token by token, the beginning of the sequence that trains its
// answer; and a template that shows no answer is refused.
//
//===----------------------------------------------------------------------===//
#include "PipelineFixture.h"

using namespace roux;
using namespace roux::data;

namespace {

class ChatPrompt : public PipelineFixture {
protected:
  std::vector<int32_t> promptOf(ChatTemplate chat, std::vector<Message> messages) {
    consumer.chat = std::move(chat);
    return RecordTokenizer(consumer, false).prompt(messages);
  }
  std::string shown(ChatTemplate chat, std::vector<Message> messages) {
    std::vector<int32_t> ids = promptOf(std::move(chat), std::move(messages));
    return show(ids);
  }
};

const Message question{"user", "ab", ""}, answer{"assistant", "no", ""}, again{"user", "?", ""};

TEST_F(ChatPrompt, EndsWhereTheAnswerBegins) {
  EXPECT_EQ(shown(ChatTemplate::named("chatml"), {question}),
            "<|im_start|>user\nab<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(shown(ChatTemplate::named("plain"), {question}), "<s>user: ab\nassistant:");
  EXPECT_EQ(shown(ChatTemplate::named("longalign"), {question, answer, again}),
            "<s>[INST]ab[/INST]no\n\n[INST]?[/INST]");
}

TEST_F(ChatPrompt, IsTheBeginningOfWhatIsTrained) {
  std::vector<Message> asked{question, answer, again}, whole = asked;
  whole.push_back({"assistant", "yes", ""});
  for (std::string_view name : ChatTemplate::names()) {
    std::vector<int32_t> prompt = promptOf(ChatTemplate::named(name), asked);
    Record record;
    record.layout = Layout::Messages;
    record.messages = whole;
    TokenizedRecord trained;
    RecordTokenizer(consumer, false).tokenize(record, Ends::None, trained, nullptr);
    ASSERT_LT(prompt.size(), trained.size()) << name;
    trained.ids.resize(prompt.size());
    EXPECT_EQ(prompt, trained.ids) << name;
  }
}

TEST_F(ChatPrompt, RefusesWhatCannotAsk) {
  auto refusal = [&](std::optional<ChatTemplate> chat) -> std::string {
    consumer.chat = std::move(chat);
    try {
      RecordTokenizer(consumer, false).prompt(std::span(&question, 1));
    } catch (const RecordError &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(ChatTemplate("{{ messages[0].content }}")),
            "the chat template leaves out the answer, so nothing can be asked with it");
  EXPECT_EQ(refusal(std::nullopt),
            "a chat needs a template; the model has no chat_template and none is named");
}

} // namespace
