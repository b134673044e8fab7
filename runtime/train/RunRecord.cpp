//===- RunRecord.cpp - how a train came to be ------------------------------===//
//
// A key a line, for who looks with their eyes, and a sum at its end: a recipe with
// another number in it would be believed.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/RunRecord.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/JsonText.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>
#include <xxhash.h>

#include <chrono>
#include <cmath>
#include <fstream>

namespace roux::train {

using data::jsonNumber;
using data::jsonText;
using simdjson::dom::element;

/// Rises with every change of the form.
static constexpr uint64_t recordFormat = 1;

std::filesystem::path recordOf(const std::filesystem::path &folder) {
  return folder / "run.json";
}

/// What ends a file whose text so far is `text`.
static std::string seal(std::string_view text) {
  return fmt::format(",\n\"sum\": \"{:016x}\"}}\n", XXH3_64bits(text.data(), text.size()));
}

/// `open` what `write` makes of each item `close`.
template <typename Item, typename Write>
static std::string listOf(std::string_view open, const std::vector<Item> &items,
                          std::string_view close, Write write) {
  std::string out(open);
  for (const Item &item : items)
    out += (&item == &items.front() ? "" : ", ") + write(item);
  return out + std::string(close);
}

static std::string pairsText(const RunRecord::Pairs &pairs) {
  return listOf("[", pairs, "]", [](const auto &pair) {
    return fmt::format("[{}, {}]", jsonText(pair.first), jsonText(pair.second));
  });
}

void writeRecord(const std::filesystem::path &file, const RunRecord &record) {
  std::string text = fmt::format("{{\"format\": {}", recordFormat);
  auto add = [&](std::string_view key, const std::string &value) {
    text += fmt::format(",\n\"{}\": {}", key, value);
  };
  add("train", jsonText(record.train));
  add("recipe", jsonText(record.recipe));
  add("started", jsonText(record.started));
  add("seconds", jsonNumber(record.seconds));
  add("steps", fmt::format("{}", record.steps));
  add("finished", record.isFinished ? "true" : "false");
  add("ended", jsonText(record.ended));
  add("results", listOf("[", record.results, "]", [](const auto &result) {
        return fmt::format("[{}, {}]", jsonText(result.first), jsonNumber(result.second));
      }));
  add("seed", jsonText(fmt::format("{}", record.seed))); // JSON's numbers end at 2^53
  add("dtype", jsonText(record.dtype));
  add("machine", jsonText(record.machine));
  add("version", jsonText(record.version));
  add("command",
      listOf("[", record.command, "]", [](const std::string &word) { return jsonText(word); }));
  add("folder", jsonText(record.folder));
  add("settings", pairsText(record.settings));
  add("flags", pairsText(record.flags));
  add("files", pairsText(record.files));
  data::writeWhole(file, text + seal(text));
}

static std::string text(element object, const char *key) {
  return std::string(std::string_view(object[key]));
}

static RunRecord::Pairs pairs(element object, const char *key) {
  RunRecord::Pairs all;
  for (element pair : simdjson::dom::array(object[key]))
    all.emplace_back(std::string_view(pair.at(0)), std::string_view(pair.at(1)));
  return all;
}

static RunRecord recordIn(element root) {
  RunRecord record{.train = text(root, "train"),
                   .recipe = text(root, "recipe"),
                   .files = pairs(root, "files"),
                   .settings = pairs(root, "settings"),
                   .flags = pairs(root, "flags"),
                   .folder = text(root, "folder"),
                   .machine = text(root, "machine"),
                   .version = text(root, "version"),
                   .seed = std::stoull(text(root, "seed")),
                   .dtype = text(root, "dtype"),
                   .started = text(root, "started"),
                   .seconds = double(root["seconds"]),
                   .steps = uint64_t(root["steps"]),
                   .ended = text(root, "ended"),
                   .isFinished = bool(root["finished"])};
  for (element word : simdjson::dom::array(root["command"]))
    record.command.emplace_back(std::string_view(word));
  for (element result : simdjson::dom::array(root["results"]))
    record.results.emplace_back(std::string_view(result.at(0)),
                                result.at(1).is_null() ? std::nan("") : double(result.at(1)));
  return record;
}

std::optional<RunRecord> readRecord(const std::filesystem::path &file) {
  simdjson::dom::parser parser;
  try {
    simdjson::padded_string bytes = simdjson::padded_string::load(file.string());
    std::string_view all = bytes;
    std::string_view sealed = all.substr(0, all.rfind(",\n\"sum\": "));
    if (all.substr(sealed.size()) != seal(sealed))
      return std::nullopt;
    element root = parser.parse(bytes);
    if (uint64_t(root["format"]) != recordFormat)
      return std::nullopt;
    return recordIn(root);
  } catch (const std::exception &) {
    return std::nullopt;
  }
}

/// What the system calls its processor.
static std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (size_t colon = line.find(": "); line.starts_with("model name") && colon != line.npos)
      return line.substr(colon + 2);
  return "an unnamed processor";
}

std::string machineText(unsigned threads) {
  char host[128] = {};
  gethostname(host, sizeof host - 1);
  return fmt::format("{}, {}, {} thread{}", host, processorName(), threads,
                     threads == 1 ? "" : "s");
}

std::string utcText() {
  using namespace std::chrono;
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", floor<milliseconds>(system_clock::now()));
}

} // namespace roux::train
