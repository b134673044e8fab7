//===- EvalJudge.cpp - answers marked by a model --------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalJudge.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <stdexcept>

namespace roux {

/// Tokens of what a judge says: a mark, and a few words around it.
static constexpr uint64_t markTokens = 64;

std::vector<std::optional<double>> marksOf(Answerer &judge, const std::string &name,
                                           std::vector<endpoint::Question> questions) {
  for (endpoint::Question &question : questions)
    question.tokens = markTokens;
  std::vector<std::optional<double>> marks;
  std::string first;
  for (const endpoint::Answered &said : judge.ask(questions)) {
    const std::string &words = said.refused.empty() ? said.reply.text : said.refused;
    if (marks.empty())
      first = words.substr(0, 200);
    marks.push_back(said.refused.empty() ? eval::markOf(words) : std::nullopt);
  }
  if (!marks.empty() && std::ranges::none_of(marks, [](const auto &mark) { return bool(mark); }))
    throw std::runtime_error(
        fmt::format("the judge '{}' gave none of {} answers a mark from 1 to 10 in [[ ]]; of the "
                    "first it said: {}",
                    name, marks.size(), first));
  return marks;
}

/// LongAlign's needle test is marked 1 to 10 with five anchors; the words are ours.
static std::string needleQuestion(const eval::NeedleOptions &options, const std::string &answer) {
  return fmt::format(
      "How right is the answer to the question, held against the reference? "
      "1: it has nothing to do with the reference. 3: it is near the subject and is not the "
      "reference. 5: it has some of the reference and mistakes. 7: it is the reference with small "
      "things left out. 10: it is the reference, and nothing in it is wrong.\n\n"
      "Question: {}\nReference: {}\nAnswer: {}\n\n"
      "Say only the number, as in [[5]].",
      options.question, options.needle, answer);
}

void markNeedles(Answerer &judge, const std::string &name, const eval::NeedleOptions &options,
                 std::vector<eval::NeedleCell> &cells) {
  std::vector<endpoint::Question> questions(cells.size());
  for (size_t i = 0; i < cells.size(); ++i)
    questions[i].prompt = needleQuestion(options, cells[i].answer);
  std::vector<std::optional<double>> marks = marksOf(judge, name, std::move(questions));
  for (size_t i = 0; i < cells.size(); ++i)
    cells[i].score = marks[i] ? *marks[i] / 10 : std::numeric_limits<double>::quiet_NaN();
}

eval::ScoredResult markChat(Answerer &judge, const std::string &name,
                            const eval::LongBenchChat &chat, std::span<const std::string> answers,
                            std::string truncation) {
  std::vector<endpoint::Question> questions(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    questions[i].prompt = chat.judged(chat.cases[i], answers[i]);
    questions[i].system = "You mark the quality of texts.";
  }
  eval::DataSetScore score;
  score.name = "longbench_chat";
  score.metric = fmt::format("mark of 10 by {}@longalign-450ecc8", name);
  size_t none = 0;
  for (const std::optional<double> &mark : marksOf(judge, name, std::move(questions)))
    if (mark)
      score.items.push_back(*mark / 10);
    else
      ++none;
  score.score = std::round(score.mean() * 100) / 100;
  if (none > 0)
    truncation += fmt::format("; {} of {} answers got no mark", none, answers.size());
  return {"longbench_chat", std::move(truncation), {std::move(score)}, {}};
}

} // namespace roux
