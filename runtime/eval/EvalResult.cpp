//===- EvalResult.cpp - what an eval found, kept --------------------------===//
//
// Writer and reader of each part stand together. Reading throws inside and gives
// nothing outside: what cannot be read is measured again.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/EvalResult.h"

#include "runtime/data/JsonText.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace roux::eval {

using data::jsonNumber;
using data::jsonText;
using simdjson::dom::element;

static constexpr int64_t format = 1;

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
  double sum = 0;
  for (const NeedleCell &cell : cells)
    sum += cell.score;
  return cells.empty() ? 0 : sum / static_cast<double>(cells.size());
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
  return fmt::format(R"("task": "loss", "all": {}, "positions": {}, "sources": {})",
                     write(result.all), list(result.byPosition, one), list(result.bySource, one));
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

std::string toJson(const EvalResult &result) {
  return fmt::format("{{\"format\": {}, \"eval\": {}, \"tasks\": {}}}\n", format,
                     jsonText(result.name), list(result.tasks, [](const TaskResult &task) {
                       return fmt::format(
                           R"({{"name": {}, {}}})", jsonText(task.name),
                           std::visit([](const auto &what) { return write(what); }, task.what));
                     }));
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

static NeedleCell readCell(element object) {
  return {uint64_t(object["length"]), double(object["depth"]), uint64_t(object["tokens"]),
          text(object, "answer"), double(object["score"])};
}

static WrittenSample readSample(element object) {
  return {text(object, "prompt"), text(object, "answer"), bool(object["ended"])};
}

static TaskResult readTask(element object) {
  std::string task = text(object, "task"), name = text(object, "name");
  if (task == "loss")
    return {name, HeldOutResult{readMean(object["all"]), items(object, "positions", readMean),
                                items(object, "sources", readMean)}};
  if (task == "needle")
    return {name, NeedleResult{items(object, "cells", readCell)}};
  return {name, SamplesResult{items(object, "samples", readSample)}};
}

std::optional<EvalResult> readEvalResult(const std::filesystem::path &file) {
  simdjson::dom::parser parser;
  try {
    element root = parser.load(file.string());
    if (int64_t(root["format"]) != format)
      return std::nullopt;
    return EvalResult{text(root, "eval"), items(root, "tasks", readTask)};
  } catch (const simdjson::simdjson_error &) {
    return std::nullopt;
  }
}

} // namespace roux::eval
