//===- Needle.cpp - does it find one sentence in a long text --------------===//
//
// As LongAlign's test, without its mistake: a hard-coded token for "." put every
// needle at depth 0 with any tokenizer but one.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Needle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace roux::eval {

static std::vector<std::string> wordsOf(const std::string &text) {
  std::vector<std::string> words(1);
  for (char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80)
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!words.back().empty())
      words.emplace_back();
  if (words.back().empty())
    words.pop_back();
  return words;
}

double judgeExact(const std::string &answer, const std::string &needle,
                  const std::string &question) {
  std::vector<std::string> asked = wordsOf(question), said = wordsOf(answer);
  auto at = said.begin();
  for (const std::string &word : wordsOf(needle)) {
    if (std::ranges::find(asked, word) != asked.end())
      continue;
    at = std::find(at, said.end(), word);
    if (at == said.end())
      return 0;
    ++at;
  }
  return 1;
}

static bool endsSentence(const std::string &piece) {
  size_t last = piece.find_last_not_of(" \n\t\"')");
  return last != piece.npos && (piece[last] == '.' || piece[last] == '!' || piece[last] == '?');
}

std::span<const int32_t> firstTokens(const std::vector<int32_t> &haystack, size_t length,
                                     const NeedleText &text) {
  constexpr size_t longest = 4; // tokens of a character
  auto endsInside = [&] {
    size_t begin = length - std::min(length, longest);
    std::string tail = text.decode(std::span(haystack).subspan(begin, length - begin));
    return settledBytes(tail, {}) < tail.size();
  };
  while (length > 0 && endsInside())
    --length;
  return std::span(haystack).first(length);
}

size_t sentenceEndBefore(std::span<const int32_t> hay, size_t at, const NeedleText &text) {
  while (at > 0 && !endsSentence(text.decode(hay.subspan(at - 1, 1))))
    --at;
  return at;
}

std::string buildHaystack(const std::vector<int32_t> &haystack, uint64_t tokens, double depth,
                          const std::string &needle, const NeedleText &text) {
  std::vector<int32_t> hidden = text.encode(" " + needle);
  if (hidden.size() >= tokens)
    throw NeedleError(fmt::format("the needle has {} tokens, which leaves no haystack in {}",
                                  hidden.size(), tokens));
  size_t length = tokens - hidden.size();
  if (length > haystack.size())
    throw NeedleError(fmt::format("the haystack has {} tokens, and the text around the needle "
                                  "needs {}",
                                  haystack.size(), length));
  std::span<const int32_t> hay = firstTokens(haystack, length, text);
  size_t at = sentenceEndBefore(
      hay, static_cast<size_t>(std::floor(depth * static_cast<double>(hay.size()))), text);
  std::span<const int32_t> before = hay.first(at), after = hay.subspan(at);
  return text.decode(before) + (at ? " " : "") + needle + " " + text.decode(after);
}

/// Tokens of a prompt that are not the haystack's or the needle's.
static uint64_t frameOf(const NeedleOptions &options, const NeedleText &text) {
  return text.prompt("", options.question).size() + options.answerTokens;
}

void checkNeedle(uint64_t context, uint64_t haystackTokens, const NeedleOptions &options,
                 const NeedleText &text) {
  uint64_t frame = frameOf(options, text), hidden = text.encode(" " + options.needle).size();
  for (uint64_t length : options.lengths) {
    if (length > context)
      throw NeedleError(fmt::format("a needle test of {} tokens does not fit the model's context "
                                    "of {}",
                                    length, context));
    if (length <= frame + hidden)
      throw NeedleError(fmt::format("a needle test of {} tokens leaves no haystack: needle, "
                                    "question and answer take {}",
                                    length, frame + hidden));
    if (length - frame - hidden > haystackTokens)
      throw NeedleError(fmt::format("a needle test of {} tokens needs a haystack of {}; found {}",
                                    length, length - frame - hidden, haystackTokens));
  }
}

std::vector<NeedleCell> runNeedle(LanguageModel &model, const std::string &haystack,
                                  const NeedleOptions &options, const NeedleText &text,
                                  const GenerateOptions &generation) {
  std::vector<int32_t> hay = text.encode(haystack);
  checkNeedle(model.context(), hay.size(), options, text);
  uint64_t frame = frameOf(options, text);
  std::vector<NeedleCell> cells;
  std::vector<std::vector<int32_t>> prompts;
  for (uint64_t length : options.lengths) {
    for (double depth : options.depths) {
      std::string document = buildHaystack(hay, length - frame, depth, options.needle, text);
      prompts.push_back(text.prompt(document, options.question));
      cells.push_back({length, depth, prompts.back().size(), "", 0});
    }
  }
  GenerateOptions asked = generation;
  asked.tokens = options.answerTokens;
  std::vector<Answer> answers = generate(model, text.decode, prompts, asked);
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].answer = answers[i].text;
    cells[i].score = judgeExact(answers[i].text, options.needle, options.question);
  }
  return cells;
}

} // namespace roux::eval
