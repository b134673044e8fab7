//===- ChatPrompt.cpp - a conversation up to where its answer begins ------===//
//
// A template's own `add_generation_prompt` is often not what it writes before an
// answer that it trains on. So an answer is rendered, and what stands before its
// first byte is the prompt: asking is what training was, whatever the template.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/RecordTokenizer.h"

#include <fmt/format.h>

namespace roux::data {

/// Where the content of message `message` begins; text.size() if the template leaves it out.
static size_t beginOf(const Text &text, int32_t message) {
  size_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    if (run.origin.message == message)
      return begin;
    begin = run.end;
  }
  return text.size();
}

std::vector<int32_t> RecordTokenizer::prompt(std::span<const Message> messages) const {
  if (!consumer.chat)
    throw RecordError("a chat needs a template; the model has no chat_template and none is named");
  Record record;
  record.layout = Layout::Messages;
  record.messages.assign(messages.begin(), messages.end());
  record.messages.push_back({"assistant", "x", ""});
  Text text;
  try {
    text = consumer.chat->render(record, bosText, eosText);
  } catch (const TemplateError &error) {
    throw RecordError(fmt::format("chat template: {}", error.what()));
  }
  size_t end = beginOf(text, static_cast<int32_t>(messages.size()));
  if (end == text.size())
    throw RecordError("the chat template leaves out the answer, so nothing can be asked with it");
  // A tokenizer puts a space with the word after it, which is the answer's.
  while (end > 0 && text.view()[end - 1] == ' ')
    --end;
  TokenizedRecord tokens;
  encode(text.slice(0, end), tokens, consumer.chat->separatesAnswers());
  return tokens.ids;
}

} // namespace roux::data
