//===- EvalPrompts.cpp - how a model is asked in an eval ------------------===//
//
// A model with a template is asked as it was trained to answer; one without goes on
// with a text.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalTasks.h"

#include "runtime/data/pipeline/RecordTokenizer.h"

#include <algorithm>

namespace roux {

using namespace data;

static Consumer consumerOf(const ModelFacts &facts) {
  return {facts.tokenizer, facts.chat, {}, false};
}

static void append(const Tokenizer &tokenizer, const std::string &text, std::vector<int32_t> &ids) {
  for (TokenId id : tokenizer.encode(text))
    ids.push_back(static_cast<int32_t>(id));
}

std::vector<int32_t> promptOf(const ModelFacts &facts, const std::string &prompt, bool asUser,
                              const std::string &system) {
  if (asUser) {
    std::vector<Message> messages;
    if (!system.empty())
      messages.push_back({"system", system, ""});
    messages.push_back({"user", prompt, ""});
    Consumer consumer = consumerOf(facts);
    return RecordTokenizer(consumer, false).prompt(messages);
  }
  std::vector<int32_t> ids;
  if (facts.tokenizer->bos())
    ids.push_back(static_cast<int32_t>(*facts.tokenizer->bos()));
  append(*facts.tokenizer, system.empty() ? prompt : system + "\n\n" + prompt, ids);
  return ids;
}

/// The token that the template puts after an answer, or none.
static std::optional<int32_t> endOfTurn(const ModelFacts &facts) {
  if (!facts.chat)
    return std::nullopt;
  Consumer consumer = consumerOf(facts);
  Record record;
  record.layout = Layout::Messages;
  record.messages = {{"user", "x", ""}, {"assistant", "x", ""}};
  TokenizedRecord tokens;
  RecordTokenizer(consumer, false).tokenize(record, Ends::None, tokens, nullptr);
  if (tokens.turns.empty() || tokens.turns.back().tokens.size() == 0)
    return std::nullopt;
  int32_t last = tokens.labels[tokens.turns.back().tokens.end - 1];
  bool isEnd = last != noLabel && (facts.tokenizer->isSpecial(static_cast<TokenId>(last)) ||
                                   facts.tokenizer->endsAnswers(static_cast<TokenId>(last)));
  return isEnd ? std::optional(last) : std::nullopt;
}

std::vector<int32_t> answerEndsOf(const ModelFacts &facts) {
  std::vector<int32_t> ends(facts.config.endTokens.begin(), facts.config.endTokens.end());
  if (!facts.tokenizer)
    return ends;
  ends.insert(ends.end(), facts.tokenizer->answerEnds().begin(),
              facts.tokenizer->answerEnds().end());
  if (facts.tokenizer->eos())
    ends.push_back(static_cast<int32_t>(*facts.tokenizer->eos()));
  if (std::optional<int32_t> end = endOfTurn(facts))
    ends.push_back(*end);
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

eval::NeedleText textOf(const ModelFacts &facts) {
  eval::NeedleText text;
  text.encode = [&facts](const std::string &each) {
    std::vector<int32_t> ids;
    append(*facts.tokenizer, each, ids);
    return ids;
  };
  text.decode = [&facts](std::span<const int32_t> ids) {
    std::vector<TokenId> tokens(ids.begin(), ids.end());
    return facts.tokenizer->decode(tokens, false);
  };
  text.prompt = [&facts](const std::string &document, const std::string &question) {
    return promptOf(facts, document + "\n\n" + question + (facts.chat ? "" : "\n"),
                    facts.chat.has_value());
  };
  return text;
}

} // namespace roux
