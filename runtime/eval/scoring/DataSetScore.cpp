//===- DataSetScore.cpp - the score of a file of predictions --------------===//
//
// Means are rounded by two rules, because eval.py rounds a Python number in one
// place and NumPy's in the other.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/scoring/DataSetScore.h"

#include "runtime/data/records/Parallel.h"
#include "runtime/data/records/RecordError.h"
#include "runtime/eval/metrics/ChineseWords.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux::eval {

/// The first of `[+-]?\d[\d,]*(\.\d+)?`, without its commas.
static std::string firstNumber(const std::string &text) {
  auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  size_t begin = text.find_first_of("0123456789");
  if (begin == text.npos)
    return "";
  size_t end = begin;
  while (digit(end) || (end < text.size() && text[end] == ',' && digit(end + 1)))
    ++end;
  if (end < text.size() && text[end] == '.' && digit(end + 1))
    for (++end; digit(end);)
      ++end;
  if (begin > 0 && (text[begin - 1] == '-' || text[begin - 1] == '+'))
    --begin;
  std::string number = text.substr(begin, end - begin);
  std::erase(number, ',');
  return number;
}

std::string extracted(const std::string &answer, Extract extract) {
  if (extract == Extract::Number)
    return firstNumber(answer);
  if (extract == Extract::Whole)
    return answer;
  size_t begin = std::min(answer.find_first_not_of('\n'), answer.size());
  return answer.substr(begin, answer.find('\n', begin) - begin);
}

double DataSetScore::mean() const {
  double sum = 0;
  for (double item : items)
    sum += item;
  return items.empty() ? 0 : 100 * sum / static_cast<double>(items.size());
}

/// Python's `round(value, 2)`.
static double rounded(double value) {
  return std::stod(fmt::format("{:.2f}", value));
}

/// `numpy.sum`: in pairs, eight at a time.
static double pairwiseSum(std::span<const double> values) {
  if (values.size() < 8) {
    double sum = 0;
    for (double value : values)
      sum += value;
    return sum;
  }
  if (values.size() > 128) {
    size_t half = values.size() / 2 / 8 * 8;
    return pairwiseSum(values.first(half)) + pairwiseSum(values.subspan(half));
  }
  std::array<double, 8> sums;
  std::copy_n(values.begin(), 8, sums.begin());
  size_t at = 8;
  for (; at + 8 <= values.size(); at += 8)
    for (size_t lane = 0; lane < 8; ++lane)
      sums[lane] += values[at + lane];
  double sum =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; at < values.size(); ++at)
    sum += values[at];
  return sum;
}

/// `round(100 * numpy.mean(values), 2)`.
static std::optional<double> meanOf(std::span<const double> values) {
  if (values.empty())
    return std::nullopt;
  double mean = 100 * (pairwiseSum(values) / static_cast<double>(values.size()));
  return std::nearbyint(mean * 100) / 100;
}

static size_t classOf(double length) {
  return length < 4000 ? 0 : length < 8000 ? 1 : 2;
}

namespace {

/// Scores the lines of a file; from several threads.
struct LineScorer {
  const PredictionFile &file;
  const Scoring &scoring;
  std::vector<std::string> lastClasses;
  std::vector<double> items;
  std::vector<std::optional<double>> lengths;

  LineScorer(const PredictionFile &file, const Scoring &scoring)
      : file(file), scoring(scoring), items(file.size()), lengths(file.size()) {
    if (scoring.metric->classes)
      lastClasses = classesOf(PredictionFile::Reader(file).read(file.size() - 1), file.size() - 1);
  }

  std::vector<std::string> classesOf(const Prediction &prediction, size_t index) const {
    if (!prediction.classes)
      throw data::RecordError(fmt::format("{}: 'all_classes' is null; {} needs the list of classes",
                                          file.placeOf(index), scoring.metric->name));
    return *prediction.classes;
  }

  void score(PredictionFile::Reader &reader, size_t index) {
    Prediction item = reader.read(index);
    std::vector<std::string> own;
    if (scoring.metric->classes && scoring.edition == Edition::Clean)
      own = classesOf(item, index);
    std::string answer = extracted(item.prediction, scoring.extract);
    for (const std::string &reference : item.answers) {
      Compared compared{answer, reference, own.empty() ? lastClasses : own, scoring.edition};
      try {
        items[index] = std::max(items[index], scoring.metric->score(compared));
      } catch (const MetricError &error) {
        throw data::RecordError(fmt::format("{}: {}", file.placeOf(index), error.what()));
      }
    }
    lengths[index] = item.length;
  }
};

} // namespace

DataSetScore scoreOf(std::string name, const PredictionFile &file, const Scoring &scoring) {
  DataSetScore score;
  score.name = std::move(name);
  // Asked first: a missing dictionary is one error, and not one of a thread.
  score.metric = versioned(*scoring.metric, scoring.edition);
  LineScorer scorer(file, scoring);
  constexpr size_t linesAtATime = 64;
  data::inParallel((file.size() + linesAtATime - 1) / linesAtATime, 0, [&](size_t piece, unsigned) {
    PredictionFile::Reader reader(file);
    size_t end = std::min(file.size(), (piece + 1) * linesAtATime);
    for (size_t index = piece * linesAtATime; index < end; ++index)
      scorer.score(reader, index);
  });
  std::array<std::vector<double>, 3> byLength;
  for (size_t i = 0; i < file.size(); ++i)
    if (scorer.lengths[i])
      byLength[classOf(*scorer.lengths[i])].push_back(scorer.items[i]);
  for (size_t i = 0; i < byLength.size(); ++i)
    score.lengths[i] = meanOf(byLength[i]);
  score.items = std::move(scorer.items);
  score.score = rounded(score.mean());
  return score;
}

} // namespace roux::eval
