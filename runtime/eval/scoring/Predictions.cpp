//===- Predictions.cpp - what a model answered, in LongBench's own form ---===//
//
// Of a key that stands twice the last counts, as in Python. What is no prediction is
// refused at its line: a score over the rest would look like one over all.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/scoring/Predictions.h"

#include "runtime/data/JsonText.h"
#include "runtime/data/records/RecordError.h"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <simdjson.h>
#include <xxhash.h>

namespace roux::eval {

using data::jsonText;
using simdjson::dom::element;

static std::string listOf(const std::vector<std::string> &texts) {
  std::string out;
  for (const std::string &text : texts)
    out += (out.empty() ? "" : ", ") + jsonText(text);
  return "[" + out + "]";
}

std::string lineOf(const Prediction &prediction) {
  return fmt::format(R"({{"pred": {}, "answers": {}, "all_classes": {}, "length": {}}})"
                     "\n",
                     jsonText(prediction.prediction), listOf(prediction.answers),
                     prediction.classes ? listOf(*prediction.classes) : "null",
                     prediction.length ? data::jsonNumber(*prediction.length) : "null");
}

PredictionFile::PredictionFile(std::filesystem::path file) : path(std::move(file)) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored))
    throw data::FileError(fmt::format("{} cannot be read; expected predictions, a JSON line each "
                                      "with pred, answers, all_classes and length",
                                      path.string()));
  content.assign(std::istreambuf_iterator<char>(in), {});
  uint64_t number = 0;
  for (size_t at = 0; at < content.size();) {
    size_t end = std::min(content.find('\n', at), content.size());
    ++number;
    if (content.find_first_not_of(" \t\r", at) < end)
      lines.push_back({at, end - at, number});
    at = end + 1;
  }
  if (lines.empty())
    throw data::FileError(
        fmt::format("{} holds no predictions, so there is nothing to score", path.string()));
  content.reserve(content.size() + simdjson::SIMDJSON_PADDING);
}

std::string PredictionFile::placeOf(size_t index) const {
  return fmt::format("{}:{}", path.string(), lines[index].number);
}

uint64_t PredictionFile::contentHash() const {
  return XXH3_64bits(content.data(), content.size());
}

struct PredictionFile::Reader::State {
  simdjson::dom::parser parser;
};

PredictionFile::Reader::Reader(const PredictionFile &file)
    : file(file), state(std::make_unique<State>()) {}
PredictionFile::Reader::~Reader() = default;

namespace {

/// The values of one line, each checked.
struct LineReader {
  const PredictionFile &file;
  size_t index;

  [[noreturn]] void fail(std::string_view what) const {
    throw data::RecordError(fmt::format("{}: {}", file.placeOf(index), what));
  }

  std::string text(element value) const {
    std::string_view found;
    if (value.get(found) != simdjson::SUCCESS)
      fail("'pred' is no text");
    return std::string(found);
  }

  /// Numbers among `answers` are taken as they are written: a count is often no text.
  std::vector<std::string> texts(std::string_view key, element value) const {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS)
      fail(fmt::format("'{}' is no list of texts", key));
    std::vector<std::string> found;
    for (element each : list) {
      std::string_view one;
      if (each.get(one) == simdjson::SUCCESS)
        found.emplace_back(one);
      else if (each.is_number())
        found.push_back(simdjson::minify(each));
      else
        fail(fmt::format("'{}' holds something that is no text", key));
    }
    return found;
  }

  double number(element value) const {
    double found;
    if (value.get(found) != simdjson::SUCCESS)
      fail("'length' is no number");
    return found;
  }
};

} // namespace

Prediction PredictionFile::Reader::read(size_t index) {
  const Line &line = file.lines[index];
  LineReader reader{file, index};
  // The room behind a line is the next one, and behind the last what was reserved.
  simdjson::dom::object object;
  element root;
  auto error = state->parser.parse(file.content.data() + line.begin, line.size, false).get(root);
  if (error == simdjson::UTF8_ERROR)
    reader.fail("the line is not UTF-8");
  if (error != simdjson::SUCCESS)
    reader.fail(fmt::format("the line is no JSON: {}", simdjson::error_message(error)));
  if (root.get(object) != simdjson::SUCCESS)
    reader.fail("the line is no object with pred and answers");
  Prediction found;
  bool hasPrediction = false, hasAnswers = false;
  for (auto [key, value] : object) {
    if (key == "pred")
      found.prediction = reader.text(value), hasPrediction = true;
    else if (key == "answers")
      found.answers = reader.texts(key, value), hasAnswers = true;
    else if (key == "all_classes")
      found.classes = value.is_null() ? std::nullopt : std::optional(reader.texts(key, value));
    else if (key == "length")
      found.length = value.is_null() ? std::nullopt : std::optional(reader.number(value));
  }
  if (!hasPrediction || !hasAnswers)
    reader.fail(fmt::format("the line has no '{}'", hasPrediction ? "answers" : "pred"));
  return found;
}

} // namespace roux::eval
