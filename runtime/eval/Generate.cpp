//===- Generate.cpp - answers to prompts ----------------------------------===//
//
// A stop text may begin in one token and end in another, so it is looked for in the
// text of the whole answer.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Generate.h"

#include "runtime/data/WholeCharacters.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace roux::eval {

namespace {

/// Some prompts on their way through the model together.
class Batch {
public:
  Batch(LanguageModel &model, const DecodeText &decode, const GenerateOptions &options)
      : model(model), decode(decode), options(options) {}

  void run(std::span<const std::vector<int32_t>> prompts, std::span<const size_t> numbers,
           std::vector<Answer> &answers);

private:
  /// Takes `token` into the answer; true where that ends it.
  bool take(Answer &answer, int32_t token, size_t promptTokens) const;
  bool endsWithStop(Answer &answer) const;
  TextStream streamOf(size_t number) const;

  LanguageModel &model;
  const DecodeText &decode;
  const GenerateOptions &options;
};

} // namespace

TextStream Batch::streamOf(size_t number) const {
  return {options.stops, [this, number](std::string_view piece) { options.sink(number, piece); }};
}

/// Leaves the text so far in the answer where anybody asks for it.
bool Batch::endsWithStop(Answer &answer) const {
  if (options.stops.empty() && !options.sink)
    return false;
  std::string text = data::withWholeCharacters(decode(answer.tokens));
  size_t first = text.npos;
  for (const std::string &stop : options.stops)
    if (!stop.empty())
      first = std::min(first, text.find(stop));
  bool stops = first != text.npos;
  answer.text = text.substr(0, first);
  return stops;
}

bool Batch::take(Answer &answer, int32_t token, size_t promptTokens) const {
  if (std::ranges::find(options.ends, token) != options.ends.end()) {
    answer.ending = Ending::EndToken;
    return true;
  }
  answer.tokens.push_back(token);
  if (endsWithStop(answer)) {
    answer.ending = Ending::StopText;
    return true;
  }
  bool isFull = promptTokens + answer.tokens.size() >= model.context();
  answer.ending = isFull ? Ending::Context : Ending::Length;
  return isFull || answer.tokens.size() >= options.tokens;
}

void Batch::run(std::span<const std::vector<int32_t>> prompts, std::span<const size_t> numbers,
                std::vector<Answer> &answers) {
  const size_t vocabulary = model.vocabulary();
  std::vector<std::vector<int32_t>> started;
  for (size_t number : numbers)
    started.push_back(prompts[number]);
  std::vector<uint32_t> rows(numbers.size());
  std::iota(rows.begin(), rows.end(), 0u);
  std::vector<float> logits(rows.size() * vocabulary);
  model.prefill(started, logits);
  std::vector<TextStream> streams;
  for (size_t number : numbers)
    streams.push_back(streamOf(number));
  while (!rows.empty()) {
    std::vector<uint32_t> next;
    std::vector<int32_t> tokens;
    for (size_t i = 0; i < rows.size(); ++i) {
      size_t number = numbers[rows[i]];
      Answer &answer = answers[number];
      std::span<float> row =
          std::span(logits).subspan(i * vocabulary, std::min<size_t>(vocabulary, options.known));
      if (answer.tokens.size() < options.atLeast)
        for (int32_t end : options.ends)
          if (static_cast<size_t>(end) < row.size())
            row[static_cast<size_t>(end)] = -std::numeric_limits<float>::infinity();
      uint64_t place = options.draws.empty() ? number : options.draws[number];
      data::SeedTree draw = data::SeedTree(options.seed) / place / answer.tokens.size();
      int32_t token = sampleToken(row, options.sampling, draw);
      if (take(answer, token, prompts[number].size()))
        continue;
      if (options.sink)
        streams[rows[i]].grow(answer.text);
      next.push_back(rows[i]);
      tokens.push_back(token);
    }
    rows = std::move(next);
    logits.resize(rows.size() * vocabulary);
    if (!rows.empty())
      model.decode(rows, tokens, logits);
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    Answer &answer = answers[numbers[i]];
    if (answer.ending != Ending::StopText)
      answer.text = data::withWholeCharacters(decode(answer.tokens));
    if (options.sink)
      streams[i].finish(answer.text);
  }
}

std::vector<Answer> generate(LanguageModel &model, const DecodeText &decode,
                             std::span<const std::vector<int32_t>> prompts,
                             const GenerateOptions &options) {
  std::vector<Answer> answers(prompts.size());
  std::vector<size_t> waiting;
  for (size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].empty())
      throw std::invalid_argument(fmt::format("prompt {} has no tokens", i));
    if (options.tokens == 0)
      continue;
    if (prompts[i].size() >= model.context())
      answers[i].ending = Ending::Context;
    else
      waiting.push_back(i);
  }
  Batch batch(model, decode, options);
  for (size_t at = 0; at < waiting.size(); at += options.batch)
    batch.run(prompts,
              std::span(waiting).subspan(at, std::min<size_t>(options.batch, waiting.size() - at)),
              answers);
  return answers;
}

} // namespace roux::eval
