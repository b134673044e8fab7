//===- LongBenchFolder.cpp - LongBench's items, ready to be asked ---------===//
//
// Prompts are Python format strings over an item's keys.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/scoring/LongBenchFolder.h"

#include "runtime/data/records/RecordError.h"
#include "runtime/eval/scoring/LongBench.h"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <simdjson.h>
#include <xxhash.h>

namespace roux::eval {

namespace fs = std::filesystem;
using data::FileError;
using data::RecordError;
using simdjson::dom::element;

static fs::path firstThere(const std::vector<fs::path> &places, std::string_view what) {
  for (const fs::path &place : places)
    if (fs::is_regular_file(place))
      return place;
  throw FileError(fmt::format("{} is not there, nor {}; expected {}", places[0].string(),
                              places[1].string(), what));
}

static std::string contentOf(const fs::path &file) {
  std::ifstream in(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in)
    throw FileError(fmt::format("{} cannot be read", file.string()));
  return content;
}

/// The members of the object in `file`, each read by `read`.
template <typename Value, typename Read>
static std::map<std::string, Value, std::less<>> membersOf(const fs::path &file, Read read) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::map<std::string, Value, std::less<>> members;
  std::string content = contentOf(file);
  if (parser.parse(content).get(object) != simdjson::SUCCESS)
    throw FileError(fmt::format("{} is no JSON object", file.string()));
  for (auto [key, value] : object)
    if (read(value, members[std::string(key)]) != simdjson::SUCCESS)
      throw FileError(
          fmt::format("{}: '{}' is not of the type that LongBench's has", file.string(), key));
  return members;
}

LongBenchFolder::LongBenchFolder(fs::path where) : folder(std::move(where)) {
  auto configuration = [&](const char *name) {
    return firstThere({folder / name, folder / "config" / name}, "LongBench's own configuration");
  };
  promptFile = configuration("dataset2prompt.json");
  prompts = membersOf<std::string>(promptFile, [](element value, std::string &text) {
    std::string_view found;
    auto error = value.get(found);
    text = found;
    return error;
  });
  tokens = membersOf<uint64_t>(configuration("dataset2maxlen.json"),
                               [](element value, uint64_t &count) { return value.get(count); });
}

fs::path LongBenchFolder::dataFile(const std::string &name) const {
  std::string file = name + ".jsonl";
  return firstThere({folder / file, folder / "data" / file}, "the data set's items");
}

namespace {

/// One line of a data set.
struct ItemReader {
  std::string place; ///< FILE:LINE
  simdjson::dom::object item;

  [[noreturn]] void fail(std::string_view what) const {
    throw RecordError(fmt::format("{}: {}", place, what));
  }

  std::string textOf(std::string_view key, element value) const {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS)
      return std::string(text);
    if (value.is_number() || value.is_bool())
      return simdjson::minify(value);
    fail(fmt::format("'{}' is no text", key));
  }

  /// `format.format(**item)` of Python, for holes that are names.
  std::string filled(std::string_view format, std::string_view promptFile) const {
    std::string out;
    for (size_t at = 0; at < format.size(); ++at) {
      char each = format[at];
      if ((each == '{' || each == '}') && at + 1 < format.size() && format[at + 1] == each) {
        out += each, ++at;
        continue;
      }
      if (each != '{') {
        out += each;
        continue;
      }
      size_t end = format.find('}', at);
      if (end == format.npos)
        throw FileError(fmt::format("{}: a prompt has a {{ without its }}", promptFile));
      std::string_view key = format.substr(at + 1, end - at - 1);
      element value;
      if (item[key].get(value) != simdjson::SUCCESS)
        fail(fmt::format("the item has no '{}', which its prompt asks for", key));
      out += textOf(key, value), at = end;
    }
    return out;
  }

  std::vector<std::string> texts(std::string_view key, element value) const {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS)
      fail(fmt::format("'{}' is no list of texts", key));
    std::vector<std::string> found;
    for (element each : list)
      found.push_back(textOf(key, each));
    return found;
  }

  Prediction expected() const {
    Prediction prediction;
    element value;
    double length = 0;
    if (item["answers"].get(value) != simdjson::SUCCESS)
      fail("the item has no 'answers'");
    prediction.answers = texts("answers", value);
    if (item["all_classes"].get(value) == simdjson::SUCCESS && !value.is_null())
      prediction.classes = texts("all_classes", value);
    if (item["length"].get(length) == simdjson::SUCCESS)
      prediction.length = length;
    return prediction;
  }
};

} // namespace

AskedSet LongBenchFolder::read(const std::string &name) const {
  std::string_view base = longBenchSet(name)->name;
  auto prompt = prompts.find(base);
  auto most = tokens.find(base);
  if (prompt == prompts.end() || most == tokens.end())
    throw FileError(fmt::format("{} says nothing of '{}'", promptFile.string(), base));
  fs::path file = dataFile(name);
  std::string content = contentOf(file);
  AskedSet set{{},
               most->second,
               XXH3_64bits_withSeed(content.data(), content.size(),
                                    XXH3_64bits(prompt->second.data(), prompt->second.size()))};
  simdjson::dom::parser parser;
  uint64_t number = 0;
  for (size_t at = 0; at < content.size();) {
    size_t end = std::min(content.find('\n', at), content.size());
    std::string_view line = std::string_view(content).substr(at, end - at);
    at = end + 1;
    ItemReader reader{fmt::format("{}:{}", file.string(), ++number), {}};
    if (line.find_first_not_of(" \t\r") == line.npos)
      continue;
    element root;
    if (auto error = parser.parse(line.data(), line.size(), true).get(root);
        error != simdjson::SUCCESS)
      reader.fail(error == simdjson::UTF8_ERROR ? "the line is not UTF-8" : "the line is no JSON");
    if (root.get(reader.item) != simdjson::SUCCESS)
      reader.fail("the line is no object");
    set.items.push_back({reader.filled(prompt->second, promptFile.string()), reader.expected()});
  }
  if (set.items.empty())
    throw FileError(fmt::format("{} holds no items", file.string()));
  return set;
}

} // namespace roux::eval
