//===- EvalResult.cpp - what an eval found, kept --------------------------===//
//
// Writer and reader of each part stand together. Reading throws inside and gives
// nothing outside: what cannot be read is measured again.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/EvalResult.h"

#include "runtime/data/JsonText.h"

#include <cmath>
#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

namespace roux::eval {

using data::jsonNumber;
using data::jsonText;
using simdjson::dom::element;

/// What ends a file whose text so far is `text`.
static std::string seal(std::string_view text) {
  return fmt::format(", \"sum\": \"{:016x}\"}}\n", XXH3_64bits(text.data(), text.size()));
}

static MeanLoss meanOf(const LossSum &sum, const LossGroup &group) {
  return {group.name, group.first, group.last, sum.mean(), sum.count()};
}

HeldOutResult resultOf(const LossGroups &groups) {
  HeldOutResult result;
  result.all = meanOf(groups.all(), {});
  for (const LossGroup &group : groups.byPosition())
    result.byPosition.push_back(meanOf(group.sum, group));
  for (const LossGroup &group : groups.bySource())
    result.bySource.push_back(meanOf(group.sum, group));
  return result;
}

double NeedleResult::mean() const {
  double sum = 0, marked = 0;
  for (const NeedleCell &cell : cells)
    if (!std::isnan(cell.score))
      sum += cell.score, ++marked;
  return marked == 0 ? 0 : sum / marked;
}

/// "[…]" of what `write` makes of each item.
template <typename Item, typename Write>
static std::string list(const std::vector<Item> &items, Write write) {
  std::string out;
  for (const Item &item : items)
    out += (out.empty() ? "" : ", ") + write(item);
  return "[" + out + "]";
}

static std::string write(const MeanLoss &loss) {
  return fmt::format(R"({{"name": {}, "first": {}, "last": {}, "mean": {}, "targets": {}}})",
                     jsonText(loss.name), loss.first, loss.last, jsonNumber(loss.mean),
                     loss.targets);
}

static std::string write(const HeldOutResult &result) {
  auto one = [](const MeanLoss &loss) { return write(loss); };
  std::string pairs;
  if (result.pairs)
    pairs = fmt::format(R"(, "margin": {}, "accuracy": {})", jsonNumber(result.pairs->margin),
                        jsonNumber(result.pairs->accuracy));
  return fmt::format(R"("task": "loss", "all": {}, "positions": {}, "sources": {}{})",
                     write(result.all), list(result.byPosition, one), list(result.bySource, one),
                     pairs);
}

static std::string write(const NeedleResult &result) {
  return R"("task": "needle", "cells": )" + list(result.cells, [](const NeedleCell &cell) {
           return fmt::format(
               R"({{"length": {}, "depth": {}, "tokens": {}, "score": {}, "answer": {}}})",
               cell.length, jsonNumber(cell.depth), cell.promptTokens, jsonNumber(cell.score),
               jsonText(cell.answer));
         });
}

static std::string write(const SamplesResult &result) {
  return R"("task": "samples", "samples": )" +
         list(result.samples, [](const WrittenSample &sample) {
           return fmt::format(R"({{"prompt": {}, "answer": {}, "ended": {}}})",
                              jsonText(sample.prompt), jsonText(sample.answer), sample.ended);
         });
}

static std::string orNull(std::optional<double> number) {
  return number ? jsonNumber(*number) : "null";
}

/// A data set's items stand one a line, so that two runs can be compared line by line.
static std::string write(const DataSetScore &score) {
  std::string items, lengths;
  for (double item : score.items)
    items += (items.empty() ? "\n" : ",\n") + jsonNumber(item);
  for (size_t i = 0; i < lengthClasses.size(); ++i)
    lengths += fmt::format("{}{}: {}", i == 0 ? "" : ", ", jsonText(lengthClasses[i]),
                           orNull(score.lengths[i]));
  return fmt::format(
      R"({{"name": {}, "metric": {}, "score": {:.2f}, "lengths": {{{}}}, "items": [{}]}})",
      jsonText(score.name), jsonText(score.metric), score.score, lengths, items + "\n");
}

static std::string write(const LanguageAverage &average) {
  std::string out;
  for (const auto &[category, score] : average.categories)
    out += fmt::format("{}: {:.2f}, ", jsonText(category), score);
  return fmt::format("{}: {{{}\"average\": {:.2f}}}", jsonText(average.language), out,
                     average.average);
}

static std::string write(const ScoredResult &result) {
  std::string averages = list(result.averages, [](const auto &each) { return write(each); });
  return fmt::format(R"("task": {}, "truncation": {}, "averages": {{{}}}, "datasets": {})",
                     jsonText(result.task), jsonText(result.truncation),
                     averages.substr(1, averages.size() - 2),
                     list(result.dataSets, [](const auto &each) { return write(each); }));
}

double ScoredResult::headline() const {
  if (!averages.empty())
    return averages.front().average;
  return dataSets.empty() ? 0 : dataSets.front().score;
}

std::string toJson(const EvalResult &result) {
  std::string text = fmt::format(
      "{{\"format\": {}, \"eval\": {}, \"tasks\": {}", resultFormat, jsonText(result.name),
      list(result.tasks, [](const TaskResult &task) {
        return fmt::format(R"({{"name": {}, {}}})", jsonText(task.name),
                           std::visit([](const auto &what) { return write(what); }, task.what));
      }));
  return text + seal(text);
}

static std::string text(element object, const char *key) {
  return std::string(std::string_view(object[key]));
}

/// What `read` makes of each item of the list at `key`.
template <typename Read>
static auto items(element object, const char *key, Read read) {
  std::vector<decltype(read(object))> all;
  for (element item : simdjson::dom::array(object[key]))
    all.push_back(read(item));
  return all;
}

static MeanLoss readMean(element object) {
  return {text(object, "name"), uint64_t(object["first"]), uint64_t(object["last"]),
          double(object["mean"]), uint64_t(object["targets"])};
}

static std::optional<Preference> readPreference(element object) {
  if (object["margin"].error())
    return std::nullopt;
  return Preference{double(object["margin"]), double(object["accuracy"])};
}

static NeedleCell readCell(element object) {
  return {uint64_t(object["length"]), double(object["depth"]), uint64_t(object["tokens"]),
          text(object, "answer"),
          object["score"].is_null() ? std::nan("") : double(object["score"])};
}

static WrittenSample readSample(element object) {
  return {text(object, "prompt"), text(object, "answer"), bool(object["ended"])};
}

static DataSetScore readScore(element object) {
  DataSetScore score;
  score.name = text(object, "name"), score.metric = text(object, "metric");
  score.score = double(object["score"]);
  for (element item : simdjson::dom::array(object["items"]))
    score.items.push_back(double(item));
  for (size_t i = 0; i < lengthClasses.size(); ++i)
    if (element mean = object["lengths"][lengthClasses[i]]; !mean.is_null())
      score.lengths[i] = double(mean);
  return score;
}

static std::vector<LanguageAverage> readAverages(element object) {
  std::vector<LanguageAverage> averages;
  for (auto [language, values] : simdjson::dom::object(object)) {
    LanguageAverage &average = averages.emplace_back();
    average.language = language;
    for (auto [category, mean] : simdjson::dom::object(values))
      if (category == "average")
        average.average = double(mean);
      else
        average.categories.emplace_back(category, double(mean));
  }
  return averages;
}

static TaskResult readTask(element object) {
  std::string task = text(object, "task"), name = text(object, "name");
  if (task == "loss")
    return {name, HeldOutResult{readMean(object["all"]), items(object, "positions", readMean),
                                items(object, "sources", readMean), readPreference(object)}};
  if (task == "needle")
    return {name, NeedleResult{items(object, "cells", readCell)}};
  if (task == "samples")
    return {name, SamplesResult{items(object, "samples", readSample)}};
  return {name, ScoredResult{task, text(object, "truncation"), items(object, "datasets", readScore),
                             readAverages(object["averages"])}};
}

std::optional<EvalResult> readEvalResult(const std::filesystem::path &file) {
  simdjson::dom::parser parser;
  try {
    simdjson::padded_string bytes = simdjson::padded_string::load(file.string());
    std::string_view all = bytes;
    std::string_view sealed = all.substr(0, all.rfind(", \"sum\": "));
    if (all.substr(sealed.size()) != seal(sealed))
      return std::nullopt;
    element root = parser.parse(bytes);
    if (int64_t(root["format"]) != resultFormat)
      return std::nullopt;
    return EvalResult{text(root, "eval"), items(root, "tasks", readTask)};
  } catch (const simdjson::simdjson_error &) {
    return std::nullopt;
  }
}

} // namespace roux::eval
