//===- RecordTokenizer.cpp - texts and ids into labelled tokens -----------===//
//
// The plain layouts: documents, completions and ids. Chats are in
// TokenizeChat.cpp, since whose token is whose takes more to say there.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/RecordTokenizer.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

RecordTokenizer::RecordTokenizer(const Consumer &consumer, bool withText)
    : consumer(consumer), withText(withText) {
  if (!consumer.tokenizer)
    return;
  const Tokenizer &tokenizer = *consumer.tokenizer;
  auto name = [&](const char *role, std::optional<TokenId> id) -> std::string {
    auto found = tokenizer.namedTokens().find(role);
    if (found != tokenizer.namedTokens().end())
      return found->second;
    return id ? std::string(tokenizer.spelling(*id)) : std::string();
  };
  bosText = name("bos_token", tokenizer.bos());
  eosText = name("eos_token", tokenizer.eos());
  if (tokenizer.bos())
    bos = *tokenizer.bos();
  if (tokenizer.eos())
    eos = *tokenizer.eos();
}

void RecordTokenizer::tokenize(const Record &record, Ends ends, TokenizedRecord &tokens,
                               Lints *lints) const {
  if (!consumer.tokenizer)
    throw RecordError("its tokens are asked for, but these data train the tokenizer");
  if (record.layout == Layout::Pairs)
    return tokenizePair(record, tokens, lints);
  tokens.clear();
  switch (record.layout) {
  case Layout::Text:
    tokenizeText(record, ends, tokens);
    break;
  case Layout::Tokens:
    takeIds(record, tokens);
    break;
  case Layout::Completion:
    tokenizeCompletion(record, ends, tokens);
    break;
  default:
    tokenizeChat(record, tokens, lints);
  }
  tokens.roles.resize(tokens.size(), 0);
  // What opens a sequence is predicted by nothing, and by its place: where one token begins and
  // ends texts, the same id at the end is what a model learns to stop by.
  if (bos && tokens.size() > 0 && tokens.ids[0] == *bos)
    tokens.labels[0] = noLabel;
  for (const Turn &turn : tokens.turns)
    if (turn.message >= 0 && !record.messages[turn.message].trained)
      std::fill(tokens.labels.begin() + turn.tokens.begin, tokens.labels.begin() + turn.tokens.end,
                noLabel);
  if (withText)
    findSentences(tokens);
}

/// Of the conversation `record` only what the answer says is a target: nothing of the template that
/// stands before it.
static void untrainPrompt(const Record &record, TokenizedRecord &tokens) {
  uint32_t begin = tokens.size();
  for (const Turn &turn : tokens.turns)
    if (turn.message >= 0 && record.messages[turn.message].trained)
      begin = std::min(begin, turn.tokens.begin);
  std::fill(tokens.labels.begin(), tokens.labels.begin() + begin, noLabel);
}

void RecordTokenizer::tokenizePair(const Record &record, TokenizedRecord &tokens,
                                   Lints *lints) const {
  Record answer = record;
  answer.layout = Layout::Messages;
  tokenize(answer, Ends::None, tokens, lints);
  untrainPrompt(answer, tokens);
  uint32_t chosen = tokens.size();
  answer.messages = record.rejected;
  TokenizedRecord rejected;
  tokenize(answer, Ends::None, rejected, lints);
  untrainPrompt(answer, rejected);
  tokens.append(rejected, {0, rejected.size()});
  tokens.spans = {{0, chosen}, {chosen, tokens.size()}};
}

void RecordTokenizer::addToken(int32_t id, std::string_view role, TokenizedRecord &tokens) const {
  uint32_t end = tokens.text.size();
  tokens.roles.resize(tokens.size(), 0);
  tokens.ids.push_back(id);
  tokens.labels.push_back(id);
  tokens.roles.push_back(tokens.role(role));
  tokens.bytes.push_back({end, end});
}

/// Adds the BOS or EOS that `ends` asks for.
static int32_t requireEnd(const std::optional<int32_t> &id, std::string_view name) {
  if (!id)
    throw RecordError(fmt::format("'ends' asks for {}, which the tokenizer does not name", name));
  return *id;
}

void RecordTokenizer::tokenizeText(const Record &record, Ends ends, TokenizedRecord &tokens) const {
  if (ends == Ends::Bos || ends == Ends::Both)
    addToken(requireEnd(bos, "a begin-of-sequence token"), "", tokens);
  if (withText) {
    tokens.text = record.document;
    encodePiece(record.document, 0, tokens);
  } else {
    std::vector<TokenId> ids;
    consumer.tokenizer->encode(record.document, ids, {});
    tokens.ids.insert(tokens.ids.end(), ids.begin(), ids.end());
    tokens.labels.insert(tokens.labels.end(), ids.begin(), ids.end());
    tokens.bytes.clear();
  }
  if (ends == Ends::Eos || ends == Ends::Both)
    addToken(requireEnd(eos, "an end-of-sequence token"), "", tokens);
  if (!withText)
    tokens.bytes.clear();
}

void RecordTokenizer::takeIds(const Record &record, TokenizedRecord &tokens) const {
  int64_t limit = consumer.tokenizer->vocabularySize();
  for (size_t i = 0; i < record.ids.size(); ++i) {
    int32_t id = record.ids[i];
    if (id >= limit)
      throw RecordError(fmt::format("token {} has id {}, the vocabulary has {}", i, id, limit));
    tokens.ids.push_back(id);
    int32_t label = record.labels.empty() ? id : record.labels[i];
    if (label >= limit)
      throw RecordError(fmt::format("label {} is {}, the vocabulary has {}", i, label, limit));
    tokens.labels.push_back(label >= 0 ? label : noLabel);
  }
  if (!withText)
    return;
  for (int32_t id : tokens.ids) {
    TokenId one = id;
    uint32_t begin = tokens.text.size();
    tokens.text += consumer.tokenizer->decode({&one, 1});
    tokens.bytes.push_back({begin, static_cast<uint32_t>(tokens.text.size())});
  }
}

void RecordTokenizer::tokenizeCompletion(const Record &record, Ends ends,
                                         TokenizedRecord &tokens) const {
  if (ends == Ends::Bos || ends == Ends::Both)
    addToken(requireEnd(bos, "a begin-of-sequence token"), "", tokens);
  uint32_t border = tokens.text.size() + record.messages[0].content.size();
  uint32_t begin = tokens.size();
  encode(Text(fmt::format("{}{}", record.messages[0].content, record.messages[1].content)), tokens,
         false);
  // A token across the border is the completion's, whose bytes would be predicted by nothing else.
  uint32_t middle = begin;
  while (middle < tokens.size() && tokens.bytes[middle].end <= border)
    ++middle;
  if (ends == Ends::Eos || ends == Ends::Both)
    addToken(requireEnd(eos, "an end-of-sequence token"), "assistant", tokens);
  tokens.roles.resize(tokens.size(), 0);
  auto turn = [&](uint32_t from, uint32_t to, std::string_view name, int32_t message) {
    std::fill(tokens.roles.begin() + from, tokens.roles.begin() + to, tokens.role(name));
    tokens.turns.push_back({{from, to}, std::string(name), message});
  };
  turn(begin, middle, "user", 0);
  turn(middle, tokens.size(), "assistant", 1);
}

void RecordTokenizer::encodePiece(std::string_view text, uint32_t shift,
                                  TokenizedRecord &tokens) const {
  Encoding encoding = consumer.tokenizer->encodeWithOffsets(text, {});
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    int32_t id = encoding.ids[i];
    tokens.ids.push_back(id);
    tokens.labels.push_back(id);
    tokens.bytes.push_back({encoding.offsets[i].begin + shift, encoding.offsets[i].end + shift});
  }
}

void RecordTokenizer::findSentences(TokenizedRecord &tokens) const {
  std::string_view text = tokens.text;
  bool ended = true; // the first token begins one
  for (uint32_t token = 0; token < tokens.size(); ++token) {
    TokenRange range = tokens.bytes[token];
    if (ended)
      tokens.sentences.push_back(token);
    ended = false;
    if (range.size() == 0)
      continue;
    std::string_view piece = text.substr(0, range.end);
    bool stop = piece.ends_with('\n') || piece.ends_with('?') || piece.ends_with('!') ||
                piece.ends_with("。") || piece.ends_with("？") || piece.ends_with("！");
    // A point inside a number or a name ends no sentence.
    bool point = piece.ends_with('.') &&
                 (range.end == text.size() || text[range.end] == ' ' || text[range.end] == '\n');
    ended = stop || point;
  }
}

} // namespace roux::data
