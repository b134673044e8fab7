//===- TokenizeChat.cpp - whose words each token of a chat is -------------===//
//
// The rendering knows for every byte which message it came from. A token is an
// answer's if any of its bytes are. An answer goes on to the token that ends its turn:
// the one that tokenizer or generation config name, else the last control token.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/ChatExtents.h"
#include "runtime/data/pipeline/RecordTokenizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace roux::data {

/// The one lint that a person would want to know before anything is trained.
static constexpr std::string_view endIsUntrained =
    "an answer's end is not trained: no control token follows it";

Fate fateOf(std::string_view lint) {
  return lint == endIsUntrained ? Fate::Warned : Fate::Noted;
}

std::string_view remedyOf(std::string_view lint) {
  return lint == endIsUntrained
             ? "; the model does not learn to stop: expected a template that ends answers with a "
               "control token of this tokenizer, or one with {% generation %} around whole answers"
             : "";
}

static bool isBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

static bool saysNothing(const Message &message) {
  return isBlank(message.content) && message.json.find("\"tool_calls\"") == std::string_view::npos;
}

void RecordTokenizer::tokenizeChat(const Record &record, TokenizedRecord &tokens,
                                   Lints *lints) const {
  if (!consumer.chat)
    throw RecordError("a chat needs a template; the model has no chat_template and none is named");
  if (record.messages.empty())
    throw RecordError("a chat has no messages");
  const ChatTemplate &chat = *consumer.chat;
  Text text;
  std::vector<ChatExtent> extents;
  try {
    ChatScene scene = chat.describe(record, bosText, eosText);
    text = chat.render(scene, scene.messages);
    extents = extentsOf(text, record, chat, scene);
  } catch (const TemplateError &error) {
    throw RecordError(fmt::format("chat template: {}", error.what()));
  }
  encode(text, tokens, chat.separatesAnswers());
  assignRoles(extents, record, tokens);
  if (chat.separatesAnswers())
    labelAnswerEnds(tokens);
  if (lints)
    lint(record, text, tokens, *lints);
}

void RecordTokenizer::encode(const Text &text, TokenizedRecord &tokens, bool separate) const {
  uint32_t start = tokens.text.size();
  if (text.size() > UINT32_MAX - start)
    throw RecordError("the rendering is longer than 4 GiB");
  tokens.text += text.str();
  if (!separate)
    return encodePiece(text.view(), start, tokens);
  // Answers are pieces of their own; all between them is one piece.
  uint32_t begin = 0, end = 0;
  int32_t owner = -1;
  auto flush = [&](uint32_t next) {
    if (begin < next)
      encodePiece(text.view().substr(begin, next - begin), start + begin, tokens);
    begin = next;
  };
  for (const Text::Run &run : text.origins()) {
    // Of LongAlign's alternating messages the odd ones are answers.
    int32_t piece = run.origin.message >= 0 && run.origin.message % 2 ? run.origin.message : -1;
    if (piece != owner)
      flush(end);
    owner = piece;
    end = run.end;
  }
  flush(end);
}

/// One past the token that ends the answer of tokens `turn`; its turn ends before token `limit`,
/// and another's words begin at token `next`. turn.end where no token ends it.
uint32_t RecordTokenizer::endOfAnswer(const ChatExtent &answer, TokenRange turn, uint32_t next,
                                      const TokenizedRecord &tokens) const {
  const Tokenizer &tokenizer = *consumer.tokenizer;
  // What the data hold may spell such a token as well, and ends nothing.
  for (bool named : {true, false})
    for (uint32_t token = turn.end;
         token > turn.begin && tokens.bytes[token - 1].begin >= answer.said; --token)
      if (named ? tokenizer.endsAnswers(tokens.ids[token - 1])
                : tokenizer.isSpecial(tokens.ids[token - 1]))
        return token;
  for (uint32_t token = turn.end; token < tokens.size(); ++token) {
    bool isOwn = token < next;
    if (tokenizer.endsAnswers(tokens.ids[token]) ||
        (isOwn && tokenizer.isSpecial(tokens.ids[token])))
      return token + 1;
    if (!isOwn || !isBlank(tokens.textOf({token, token + 1})))
      break;
  }
  return turn.end;
}

void RecordTokenizer::assignRoles(std::span<const ChatExtent> extents, const Record &record,
                                  TokenizedRecord &tokens) const {
  tokens.roles.resize(tokens.size(), 0);
  auto tokenAt = [&](uint32_t byte) { // the first one that ends behind it
    return static_cast<uint32_t>(
        std::partition_point(tokens.bytes.begin(), tokens.bytes.end(),
                             [&](TokenRange each) { return each.end <= byte; }) -
        tokens.bytes.begin());
  };
  std::vector<TokenRange> turns(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    TokenRange &turn = turns[i];
    turn.begin = turn.end = tokenAt(extents[i].begin);
    while (turn.end < tokens.size() && tokens.bytes[turn.end].begin < extents[i].end)
      ++turn.end;
    // A token that lies across a border is the answer's, be it before or behind.
    if (i == 0 || turns[i - 1].end <= turn.begin)
      continue;
    if (extents[i].answer)
      turns[i - 1].end = std::max(turns[i - 1].begin, turn.begin);
    else
      turn = {turns[i - 1].end, std::max(turns[i - 1].end, turn.end)};
  }
  bool separate = consumer.chat->separatesAnswers();
  uint32_t taken = 0; // by the turns before, of which one may hold several messages in one token
  for (size_t i = 0; i < extents.size(); ++i) {
    const ChatExtent &extent = extents[i];
    TokenRange turn{std::max(turns[i].begin, taken), std::max(turns[i].end, taken)};
    bool isEmpty = extent.said <= extent.begin && !extent.exact;
    uint32_t next = i + 1 < extents.size() ? turns[i + 1].begin : tokens.size();
    if (extent.answer && !extent.exact && !separate)
      turn.end = endOfAnswer(extent, turn, next, tokens);
    std::string name =
        extent.answer ? "assistant" : std::string(record.messages[extent.message].role);
    std::fill(tokens.roles.begin() + turn.begin, tokens.roles.begin() + turn.end,
              tokens.role(name));
    taken = turn.end;
    // An answer without words has an end to learn, and is still a turn without tokens.
    if (extent.answer && isEmpty)
      turn.end = turn.begin;
    if (turn.size() > 0 || extent.answer)
      tokens.turns.push_back({turn, std::move(name), extent.message});
  }
  addEmptyTurns(record, tokens);
}

/// A message without words leaves nothing of its own in the rendering, and is a turn without
/// tokens: `all(turn.tokens > 0 over sequence)` is there to find it.
void RecordTokenizer::addEmptyTurns(const Record &record, TokenizedRecord &tokens) const {
  std::vector<Turn> written = std::exchange(tokens.turns, {});
  std::vector<bool> isWritten(record.messages.size());
  for (const Turn &turn : written)
    if (turn.message >= 0)
      isWritten[turn.message] = true;
  auto next = written.begin();
  for (int32_t message = 0; message < static_cast<int32_t>(record.messages.size()); ++message) {
    const Message &empty = record.messages[message];
    if (isWritten[message] || !saysNothing(empty))
      continue;
    for (; next != written.end() && next->message < message; ++next)
      tokens.turns.push_back(std::move(*next));
    uint32_t at = tokens.turns.empty() ? 0 : tokens.turns.back().tokens.end;
    tokens.turns.push_back({{at, at}, std::string(empty.role), message});
  }
  std::move(next, written.end(), std::back_inserter(tokens.turns));
}

/// LongAlign trains EOS after every answer, whatever the next input is; an empty answer has no
/// tokens, and trains nothing.
void RecordTokenizer::labelAnswerEnds(TokenizedRecord &tokens) const {
  if (!eos)
    throw RecordError(
        "longalign needs an end-of-sequence token, which the tokenizer does not name");
  uint8_t assistant = tokens.role("assistant");
  for (Turn &turn : tokens.turns) {
    uint32_t after = turn.tokens.end;
    if (turn.role != "assistant" || turn.tokens.size() == 0 || after >= tokens.size())
      continue;
    tokens.labels[after] = *eos;
    tokens.roles[after] = assistant;
    ++turn.tokens.end;
  }
}

void RecordTokenizer::lint(const Record &record, const Text &text, const TokenizedRecord &tokens,
                           Lints &lints) const {
  auto note = [&](bool holds, std::string_view rule) {
    if (holds)
      lints.push_back(rule);
  };
  note(bos && tokens.size() > 1 && tokens.ids[0] == *bos && tokens.ids[1] == *bos, "double BOS");
  bool emptyAnswer = false, untrainedEnd = false;
  for (const Message &message : record.messages)
    emptyAnswer |= message.role == "assistant" && saysNothing(message);
  for (const Turn &turn : tokens.turns) {
    if (turn.role != "assistant" || turn.tokens.size() == 0)
      continue;
    int32_t last = tokens.labels[turn.tokens.end - 1];
    untrainedEnd |= last == noLabel ||
                    !(consumer.tokenizer->isSpecial(last) || consumer.tokenizer->endsAnswers(last));
  }
  note(record.messages.back().role == "user", "the last question has no answer");
  note(emptyAnswer, "empty answer");
  note(untrainedEnd, endIsUntrained);
  bool smuggled = false;
  size_t first = 0;
  for (uint32_t token = 0; token < tokens.size() && !smuggled; ++token)
    if (tokens.bytes[token].size() && consumer.tokenizer->isSpecial(tokens.ids[token]))
      smuggled = text.originAt(tokens.bytes[token].begin - first).message >= 0;
  note(smuggled, "a control token is spelled in a message");
}

} // namespace roux::data
