//===- PairRecord.cpp - a prompt with a chosen and a rejected answer ------===//
//
// An answer is a text, one message, or a list of them; a list that begins with someone
// else than the assistant is a whole conversation, and a prompt beside it says again
// what stands in it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/PairRecord.h"

#include "runtime/data/records/FillRecord.h"
#include "runtime/data/records/RecordError.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace roux::data {

static constexpr std::string_view promptKeys[] = {"prompt", "messages", "conversations"};

bool isPairKey(std::string_view key) {
  return key == "chosen" || key == "rejected" ||
         std::find(std::begin(promptKeys), std::end(promptKeys), key) != std::end(promptKeys);
}

namespace {

bool isThere(const Record &record, std::string_view key) {
  const Field *field = record.find(key);
  return field && field->kind != Field::Kind::Null;
}

/// The conversation, or the part of one, under `key`; a text is what `speaker` says.
std::vector<Message> read(RecordDraft &draft, std::string_view key, std::string_view speaker) {
  const Field *field = draft.record.find(key);
  if (field->kind == Field::Kind::Half)
    throw RecordProblem{0, halfOf(key)};
  if (field->kind == Field::Kind::Text) {
    Message message{speaker, field->text, {}};
    std::erase_if(draft.record.fields, [&](const Field &each) { return each.name == key; });
    return {message};
  }
  if (field->kind != Field::Kind::Json)
    throw RecordProblem{
        0, fmt::format("'{}' is no text and no message, expected an answer or a list of messages",
                       key)};
  std::vector<Message> messages = takeMessages(draft, key);
  for (Message &message : messages)
    message.role = roleOf(message.role);
  return messages;
}

bool isSame(const Message &a, const Message &b) {
  return a.role == b.role && a.content == b.content;
}

/// Says whether `answer`, after what both begin with, has words of the assistant.
void checkAnswer(std::span<const Message> answer, std::string_view key) {
  if (answer.empty() || answer.front().role != "assistant")
    throw RecordProblem{
        0, fmt::format("'{}' goes on with {}, expected an answer of the assistant", key,
                       answer.empty()
                           ? "nothing"
                           : fmt::format("a message of '{}'", answer.front().role.substr(0, 40)))};
}

/// How many messages the two have in common at their beginning.
size_t commonLength(const std::vector<Message> &a, const std::vector<Message> &b) {
  size_t count = 0;
  while (count < std::min(a.size(), b.size()) && isSame(a[count], b[count]))
    ++count;
  return count;
}

/// What is asked, of the one key that says it; nothing if none does.
std::vector<Message> takePrompt(RecordDraft &draft) {
  std::string_view found;
  for (std::string_view key : promptKeys) {
    if (!isThere(draft.record, key))
      continue;
    if (!found.empty())
      throw RecordProblem{0, fmt::format("the record has both '{}' and '{}', which are one prompt "
                                         "under two names",
                                         found, key)};
    found = key;
  }
  if (found.empty())
    throw RecordProblem{0, "the answers are alone, expected 'prompt' or 'messages' beside them, or "
                           "answers that are whole conversations"};
  return read(draft, found, "user");
}

} // namespace

void fillPair(RecordDraft &draft) {
  Record &record = draft.record;
  for (std::string_view key : {"chosen", "rejected"})
    if (!isThere(record, key))
      throw RecordProblem{
          0, fmt::format("there is no '{}', expected 'chosen' and 'rejected', with 'prompt' or "
                         "'messages', or as whole conversations",
                         key)};
  std::vector<Message> chosen = read(draft, "chosen", "assistant");
  std::vector<Message> rejected = read(draft, "rejected", "assistant");
  auto isWhole = [](const std::vector<Message> &answer) {
    return !answer.empty() && answer.front().role != "assistant";
  };
  if (isWhole(chosen) != isWhole(rejected))
    throw RecordProblem{0, fmt::format("'{}' is a whole conversation and '{}' only an answer",
                                       isWhole(chosen) ? "chosen" : "rejected",
                                       isWhole(chosen) ? "rejected" : "chosen")};
  if (!isWhole(chosen)) {
    std::vector<Message> prompt = takePrompt(draft);
    chosen.insert(chosen.begin(), prompt.begin(), prompt.end());
    rejected.insert(rejected.begin(), prompt.begin(), prompt.end());
  }
  size_t common = commonLength(chosen, rejected);
  if (common == chosen.size() && common == rejected.size())
    throw RecordProblem{0, "'chosen' and 'rejected' are the same, which prefers nothing"};
  checkAnswer(std::span(chosen).subspan(common), "chosen");
  checkAnswer(std::span(rejected).subspan(common), "rejected");
  if (common == 0)
    throw RecordProblem{0, "'chosen' and 'rejected' begin with different messages, expected two "
                           "answers to one prompt"};
  for (std::vector<Message> *conversation : {&chosen, &rejected})
    for (size_t i = 0; i < common; ++i)
      (*conversation)[i].trained = false;
  addSystem(record, chosen);
  addSystem(record, rejected);
  if (record.find("system") && chosen.front().role == "system")
    chosen.front().trained = rejected.front().trained = false;
  record.messages = std::move(chosen);
  record.rejected = std::move(rejected);
}

} // namespace roux::data
