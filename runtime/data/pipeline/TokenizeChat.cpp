//===- TokenizeChat.cpp - whose words each token of a chat is -------------===//
//
// The rendering knows for every byte which message it came from. A token is a
// message's if any of its bytes are; an answer is followed by what ends it: the
// blanks and the one control token that the template puts right behind it. With
// `{% generation %}` in the template its author has said it all, and that holds.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/RecordTokenizer.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

namespace {

/// Bytes [begin, end) of the rendering that are one message's.
struct Extent {
  uint32_t begin, end;
  int32_t message;
};

bool usesGeneration(const Text &text) {
  return std::any_of(text.origins().begin(), text.origins().end(),
                     [](const Text::Run &run) { return run.origin.generated; });
}

/// The stretches that messages own, in order. What the template writes between two pieces of one
/// message (`</think>`) belongs to it, unless generation blocks say exactly what does.
std::vector<Extent> findExtents(const Text &text, const Record &record) {
  bool exact = usesGeneration(text);
  std::vector<Extent> extents;
  uint32_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    uint32_t start = std::exchange(begin, run.end);
    int32_t message = run.origin.message;
    if (message < 0)
      continue;
    bool answer = record.messages[message].role == "assistant";
    if (exact && answer && !run.origin.generated)
      continue;
    bool adjoins = !extents.empty() && extents.back().message == message &&
                   (!exact || extents.back().end == start);
    if (adjoins)
      extents.back().end = run.end;
    else
      extents.push_back({start, static_cast<uint32_t>(run.end), message});
  }
  return extents;
}

bool isBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

} // namespace

void RecordTokenizer::tokenizeChat(const Record &record, TokenizedRecord &tokens,
                                   Lints *lints) const {
  if (!consumer.chat)
    throw RecordError("a chat needs a template; the model has no chat_template and none is named");
  if (record.messages.empty())
    throw RecordError("a chat has no messages");
  const ChatTemplate &chat = *consumer.chat;
  Text text;
  try {
    text = chat.render(record, bosText, eosText);
  } catch (const TemplateError &error) {
    throw RecordError(fmt::format("chat template: {}", error.what()));
  }
  encode(text, tokens, chat.separatesAnswers());
  assignRoles(text, record, tokens, !usesGeneration(text) && !chat.separatesAnswers());
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

bool RecordTokenizer::extendToEnd(TokenRange &turn, uint32_t limit,
                                  const TokenizedRecord &tokens) const {
  for (uint32_t token = turn.end; token < limit; ++token) {
    if (consumer.tokenizer->isSpecial(tokens.ids[token])) {
      turn.end = token + 1;
      return true;
    }
    if (!isBlank(tokens.textOf({token, token + 1})))
      return false;
  }
  return false;
}

void RecordTokenizer::assignRoles(const Text &text, const Record &record, TokenizedRecord &tokens,
                                  bool extendEnds) const {
  tokens.roles.resize(tokens.size(), 0);
  std::vector<Extent> extents = findExtents(text, record);
  uint32_t token = 0;
  for (size_t i = 0; i < extents.size(); ++i) {
    const Extent &extent = extents[i];
    const std::string_view name = record.messages[extent.message].role;
    while (token < tokens.size() && (tokens.bytes[token].end <= extent.begin))
      ++token;
    TokenRange turn{token, token};
    while (turn.end < tokens.size() && tokens.bytes[turn.end].begin < extent.end)
      ++turn.end;
    uint32_t limit = tokens.size();
    if (i + 1 < extents.size()) // not into the next message
      for (limit = turn.end;
           limit < tokens.size() && tokens.bytes[limit].end <= extents[i + 1].begin;)
        ++limit;
    if (extendEnds && name == "assistant")
      extendToEnd(turn, limit, tokens);
    if (turn.size() == 0)
      continue;
    uint8_t role = tokens.role(name);
    std::fill(tokens.roles.begin() + turn.begin, tokens.roles.begin() + turn.end, role);
    tokens.turns.push_back({turn, std::string(name), extent.message});
    token = turn.end;
  }
}

/// LongAlign trains EOS after every answer, whatever the next input is; an empty answer has no
/// tokens and so no turn, and trains nothing.
void RecordTokenizer::labelAnswerEnds(TokenizedRecord &tokens) const {
  if (!eos)
    throw RecordError(
        "longalign needs an end-of-sequence token, which the tokenizer does not name");
  uint8_t assistant = tokens.role("assistant");
  for (Turn &turn : tokens.turns) {
    uint32_t after = turn.tokens.end;
    if (turn.role != "assistant" || after >= tokens.size())
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
    emptyAnswer |= message.role == "assistant" && isBlank(message.content) &&
                   message.json.find("\"tool_calls\"") == std::string_view::npos;
  for (const Turn &turn : tokens.turns) {
    int32_t last = tokens.labels[turn.tokens.end - 1];
    untrainedEnd |=
        turn.role == "assistant" && (last == noLabel || !consumer.tokenizer->isSpecial(last));
  }
  note(record.messages.back().role == "user", "the last question has no answer");
  note(emptyAnswer, "empty answer");
  note(untrainedEnd, "an answer's end is not trained: no control token follows it");
  bool smuggled = false;
  size_t first = 0;
  for (uint32_t token = 0; token < tokens.size() && !smuggled; ++token)
    if (tokens.bytes[token].size() && consumer.tokenizer->isSpecial(tokens.ids[token]))
      smuggled = text.originAt(tokens.bytes[token].begin - first).message >= 0;
  note(smuggled, "a control token is spelled in a message");
}

} // namespace roux::data
