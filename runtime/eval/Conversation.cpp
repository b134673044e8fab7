//===- Conversation.cpp - a chat with a model, turn by turn ---------------===//
//
// Every turn renders the whole conversation again: a template may write an earlier
// message otherwise once a later one is there.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Conversation.h"

namespace roux::eval {

Conversation::Conversation(LanguageModel &model, const data::Consumer &consumer,
                           GenerateOptions options, std::string system)
    : model(model), consumer(consumer), options(std::move(options)), system(std::move(system)) {}

void Conversation::reset() {
  said.clear();
}

std::vector<int32_t> Conversation::promptFor(const std::string &text) const {
  if (!hasTemplate()) {
    std::vector<int32_t> ids;
    if (consumer.tokenizer->bos())
      ids.push_back(static_cast<int32_t>(*consumer.tokenizer->bos()));
    for (data::TokenId id : consumer.tokenizer->encode(text))
      ids.push_back(static_cast<int32_t>(id));
    return ids;
  }
  std::vector<data::Message> messages;
  if (!system.empty())
    messages.push_back({"system", system, ""});
  for (size_t i = 0; i < said.size(); ++i)
    messages.push_back({i % 2 ? "assistant" : "user", said[i], ""});
  messages.push_back({"user", text, ""});
  return data::RecordTokenizer(consumer, false).prompt(messages);
}

Answer Conversation::say(const std::string &text, const TextStream::Sink &sink) {
  std::vector<std::vector<int32_t>> prompts{promptFor(text)};
  auto decode = [&](std::span<const int32_t> ids) {
    std::vector<data::TokenId> tokens(ids.begin(), ids.end());
    return consumer.tokenizer->decode(tokens, /*keepSpecial=*/false);
  };
  GenerateOptions asked = options;
  asked.seed = (data::SeedTree(options.seed) / turns++).bits();
  asked.sink = [&](size_t, std::string_view piece) { sink(piece); };
  Answer answer = generate(model, decode, prompts, asked).front();
  bool hadNoRoom = answer.ending == Ending::Context && answer.tokens.empty();
  if (hasTemplate() && !hadNoRoom) {
    said.push_back(text);
    said.push_back(answer.text);
  }
  return answer;
}

} // namespace roux::eval
