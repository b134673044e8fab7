//===- ChatPrompt.cpp - a conversation up to where its answer begins ------===//
//
// Asking is what training was: the prompt ends with what stands before the targets
// of an answer.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/ChatOpening.h"
#include "runtime/data/pipeline/RecordTokenizer.h"

#include <fmt/format.h>

namespace roux::data {

std::vector<int32_t> RecordTokenizer::prompt(std::span<const Message> messages) const {
  if (!consumer.chat)
    throw RecordError("a chat needs a template; the model has no chat_template and none is named");
  Record record;
  record.layout = Layout::Messages;
  record.messages.assign(messages.begin(), messages.end());
  std::optional<Text> text;
  try {
    ChatScene scene = consumer.chat->describe(record, bosText, eosText);
    text = ChatOpenings(*consumer.chat, scene).prompt();
  } catch (const TemplateError &error) {
    throw RecordError(fmt::format("chat template: {}", error.what()));
  }
  if (!text)
    throw RecordError("the chat template leaves out the answer, so nothing can be asked with it");
  TokenizedRecord tokens;
  encode(*text, tokens, consumer.chat->separatesAnswers());
  return tokens.ids;
}

} // namespace roux::data
