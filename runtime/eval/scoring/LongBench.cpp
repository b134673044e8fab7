//===- LongBench.cpp - the 21 data sets of LongBench, version 1 -----------===//
//
// The table of pred.py and eval.py, and the averages of its README.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/scoring/LongBench.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::eval {

static constexpr std::string_view single = "single-document QA", multi = "multi-document QA",
                                  summary = "summarization", few = "few-shot",
                                  synthetic = "synthetic", code = "code";

static constexpr LongBenchSet sets[] = {
    {.name = "narrativeqa", .category = single, .language = "en", .metric = "qa_f1"},
    {.name = "qasper", .category = single, .language = "en", .metric = "qa_f1", .inE = true},
    {.name = "multifieldqa_en",
     .category = single,
     .language = "en",
     .metric = "qa_f1",
     .inE = true},
    {.name = "multifieldqa_zh", .category = single, .language = "zh", .metric = "qa_f1_zh"},
    {.name = "hotpotqa", .category = multi, .language = "en", .metric = "qa_f1", .inE = true},
    {.name = "2wikimqa", .category = multi, .language = "en", .metric = "qa_f1", .inE = true},
    {.name = "musique", .category = multi, .language = "en", .metric = "qa_f1"},
    {.name = "dureader", .category = multi, .language = "zh", .metric = "rouge_zh"},
    {.name = "gov_report", .category = summary, .language = "en", .metric = "rouge", .inE = true},
    {.name = "qmsum", .category = summary, .language = "en", .metric = "rouge"},
    {.name = "multi_news", .category = summary, .language = "en", .metric = "rouge", .inE = true},
    {.name = "vcsum", .category = summary, .language = "zh", .metric = "rouge_zh"},
    {.name = "trec",
     .category = few,
     .language = "en",
     .metric = "classification",
     .firstLine = true,
     .chatTemplate = false,
     .inE = true},
    {.name = "triviaqa",
     .category = few,
     .language = "en",
     .metric = "qa_f1",
     .firstLine = true,
     .chatTemplate = false,
     .inE = true},
    {.name = "samsum",
     .category = few,
     .language = "en",
     .metric = "rouge",
     .firstLine = true,
     .chatTemplate = false,
     .inE = true},
    {.name = "lsht",
     .category = few,
     .language = "zh",
     .metric = "classification",
     .firstLine = true,
     .chatTemplate = false},
    {.name = "passage_count",
     .category = synthetic,
     .language = "en",
     .metric = "count",
     .inE = true},
    {.name = "passage_retrieval_en",
     .category = synthetic,
     .language = "en",
     .metric = "retrieval",
     .inE = true},
    {.name = "passage_retrieval_zh",
     .category = synthetic,
     .language = "zh",
     .metric = "retrieval_zh"},
    {.name = "lcc", .category = code, .metric = "code_sim", .chatTemplate = false, .inE = true},
    {.name = "repobench-p",
     .category = code,
     .metric = "code_sim",
     .chatTemplate = false,
     .inE = true},
};

std::span<const LongBenchSet> longBenchSets() {
  return sets;
}

const LongBenchSet *longBenchSet(std::string_view name) {
  for (const LongBenchSet &set : sets)
    if (name == set.name ||
        (set.inE && name.ends_with("_e") && name.substr(0, name.size() - 2) == set.name))
      return &set;
  return nullptr;
}

Scoring scoringOf(const LongBenchSet &set, Edition edition) {
  return {metricNamed(set.metric), edition, set.firstLine ? Extract::FirstLine : Extract::Whole};
}

static double toTwoDecimals(double value) {
  return std::stod(fmt::format("{:.2f}", value));
}

static LanguageAverage averageOf(std::string_view language, std::span<const DataSetScore> scores) {
  LanguageAverage average{std::string(language), {}, 0};
  for (std::string_view category : {single, multi, summary, few, synthetic, code}) {
    double sum = 0, count = 0;
    for (const DataSetScore &score : scores)
      if (const LongBenchSet *set = longBenchSet(score.name);
          set->category == category && (set->language.empty() || set->language == language))
        sum += score.mean(), ++count;
    if (count == 0)
      continue;
    average.categories.emplace_back(category, toTwoDecimals(sum / count));
    average.average += sum / count;
  }
  if (!average.categories.empty())
    average.average =
        toTwoDecimals(average.average / static_cast<double>(average.categories.size()));
  return average;
}

std::vector<LanguageAverage> averagesOf(std::span<const DataSetScore> scores) {
  std::vector<LanguageAverage> averages;
  for (std::string_view language : {"en", "zh"})
    if (LanguageAverage average = averageOf(language, scores); !average.categories.empty())
      averages.push_back(std::move(average));
  return averages;
}

} // namespace roux::eval
