//===- ChatOpening.cpp - rendered with and without an answer --------------===//
//
// `add_generation_prompt` says what stands before an answer; a template that does not
// know it writes the same before every answer, so answers of our own show it. What a
// template says can be more than it trains (a `<think>` that it leaves out of what was
// said): such a prompt ends where the two part.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/ChatOpening.h"

#include <algorithm>

namespace roux::data {

size_t endOfMessage(const Text &text, int32_t message) {
  if (message < 0)
    return 0;
  for (size_t run = text.origins().size(); run-- > 0;)
    if (text.origins()[run].origin.message == message)
      return text.origins()[run].end;
  return std::string::npos;
}

size_t beginOfMessage(const Text &text, int32_t message, size_t from) {
  size_t begin = 0;
  for (const Text::Run &run : text.origins()) {
    if (run.origin.message == message && run.end > from)
      return std::max(begin, from);
    begin = run.end;
  }
  return std::string::npos;
}

size_t commonPrefix(std::string_view a, std::string_view b) {
  size_t most = std::min(a.size(), b.size());
  size_t same = std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin();
  auto isInside = [&](std::string_view text) {
    return same < text.size() && (static_cast<unsigned char>(text[same]) & 0xC0) == 0x80;
  };
  while (same > 0 && (isInside(a) || isInside(b)))
    --same;
  return same;
}

static std::string withoutBlanks(std::string_view text) {
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

std::optional<Text> ChatOpenings::asking(size_t index) const {
  if (!chat.canAsk())
    return std::nullopt;
  std::span<const Value> messages = std::span(scene.messages).first(index);
  try {
    Text asked = chat.render(scene, messages, true);
    if (asked.str() != chat.render(scene, messages).str())
      return asked;
  } catch (const TemplateError &) { // it cannot end there
  }
  return std::nullopt;
}

std::vector<Text> ChatOpenings::answered(size_t index) const {
  static constexpr std::string_view thought = "<think>\nh\n</think>\n\nx";
  Origin origin{static_cast<int32_t>(index)};
  std::vector<Text> answers;
  for (int kind = 0; kind < 3; ++kind) {
    MapValue answer;
    answer.message = origin.message;
    answer.set("role", "assistant");
    answer.set("content", Text(std::string(kind == 1 ? thought : "x"), origin));
    if (kind == 2)
      for (const char *key : {"reasoning_content", "reasoning", "thinking"})
        answer.set(key, Text("h", origin));
    std::vector<Value> messages(scene.messages.begin(), scene.messages.begin() + index);
    messages.push_back(std::move(answer));
    try {
      answers.push_back(chat.render(scene, messages));
    } catch (const TemplateError &) {
      if (kind == 0)
        throw;
    }
  }
  return answers;
}

std::optional<std::string> ChatOpenings::inferred(const std::vector<Text> &answers, size_t index,
                                                  int32_t anchor) const {
  std::optional<std::string> common;
  for (const Text &text : answers) {
    size_t begin = endOfMessage(text, anchor);
    if (begin == std::string::npos)
      continue;
    size_t first = beginOfMessage(text, static_cast<int32_t>(index), begin);
    if (first == std::string::npos)
      continue;
    std::string_view opening = text.view().substr(begin, first - begin);
    common = opening.substr(0, common ? commonPrefix(*common, opening) : opening.size());
  }
  return common ? std::optional(withoutBlanks(*common)) : std::nullopt;
}

std::optional<std::string> ChatOpenings::before(size_t index, int32_t anchor) const {
  if (std::optional<Text> asked = asking(index)) {
    size_t begin = endOfMessage(*asked, anchor);
    return begin == std::string::npos ? std::nullopt
                                      : std::optional(withoutBlanks(asked->view().substr(begin)));
  }
  try {
    return inferred(answered(index), index, anchor);
  } catch (const TemplateError &) {
    return std::nullopt;
  }
}

std::optional<Text> ChatOpenings::prompt() const {
  size_t index = scene.messages.size();
  std::optional<Text> asked = asking(index);
  std::vector<Text> answers = answered(index);
  const Text &shown = asked ? *asked : answers.front();
  int32_t anchor = static_cast<int32_t>(index) - 1;
  while (anchor >= 0 && endOfMessage(shown, anchor) == std::string::npos)
    --anchor;
  size_t begin = endOfMessage(shown, anchor), length = 0;
  if (!asked) {
    std::optional<std::string> opening = inferred(answers, index, anchor);
    if (!opening)
      return std::nullopt;
    return shown.slice(0, begin + opening->size());
  }
  std::string opening = withoutBlanks(shown.view().substr(begin));
  for (const Text &text : answers) {
    size_t from = endOfMessage(text, anchor);
    size_t first =
        from == std::string::npos ? from : beginOfMessage(text, static_cast<int32_t>(index), from);
    if (first == std::string::npos)
      continue;
    size_t same = commonPrefix(opening, text.view().substr(from));
    length = std::max(length, same == opening.size() ? same : std::min(same, first - from));
  }
  return shown.slice(0, begin + (length ? length : opening.size()));
}

} // namespace roux::data
