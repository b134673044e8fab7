//===- LongBenchChat.cpp - open questions whose answers are marked --------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/scoring/LongBenchChat.h"

#include "runtime/data/FileError.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <simdjson.h>
#include <xxhash.h>

namespace roux::eval {

using data::FileError;
using simdjson::dom::element;

namespace {

/// One of the folder's files.
struct ChatFile {
  std::filesystem::path path;
  std::string content;

  explicit ChatFile(std::filesystem::path where) : path(std::move(where)) {
    std::ifstream in(path, std::ios::binary);
    content.assign(std::istreambuf_iterator<char>(in), {});
    if (!in)
      throw FileError(
          fmt::format("{} cannot be read; expected LongBench-Chat's own file", path.string()));
  }
  [[noreturn]] void fail(size_t number, std::string_view what) const {
    throw FileError(fmt::format("{}: case {}: {}", path.string(), number, what));
  }
  std::string text(element object, const char *key, size_t number) const {
    std::string_view found;
    if (object[key].get(found) != simdjson::SUCCESS)
      fail(number, fmt::format("has no text '{}'", key));
    return std::string(found);
  }
  simdjson::dom::array list(simdjson::dom::parser &parser) const {
    simdjson::dom::array all;
    if (parser.parse(content).get(all) != simdjson::SUCCESS)
      throw FileError(fmt::format("{} is no JSON list", path.string()));
    return all;
  }
};

} // namespace

static size_t countHoles(std::string_view prompt) {
  size_t holes = 0;
  for (size_t at = 0; (at = prompt.find("{}", at)) != prompt.npos; at += 2)
    ++holes;
  return holes;
}

static void readExamples(const ChatFile &file, LongBenchChat &chat, size_t wanted) {
  simdjson::dom::parser parser;
  size_t number = 0;
  for (element each : file.list(parser)) {
    simdjson::dom::array examples;
    if (number >= chat.cases.size())
      file.fail(number, "there is no such case in test_cases.json");
    if (each.get(examples) != simdjson::SUCCESS || examples.size() != wanted)
      file.fail(number, fmt::format("is no list of {} answers, as the judge's prompt has", wanted));
    for (element example : examples) {
      MarkedAnswer &marked = chat.cases[number].examples.emplace_back();
      marked.answer = file.text(example, "answer", number);
      if (example["score"].get(marked.mark) != simdjson::SUCCESS)
        file.fail(number, "an answer has no whole number as 'score'");
    }
    ++number;
  }
  if (number < chat.cases.size())
    file.fail(number, "has no marked answers");
}

LongBenchChat readLongBenchChat(const std::filesystem::path &folder) {
  LongBenchChat chat;
  ChatFile cases(folder / "test_cases.json"), shots(folder / "few_shots.json"),
      prompt(folder / "prompt_fs.txt");
  chat.judgePrompt = prompt.content;
  size_t holes = countHoles(chat.judgePrompt);
  if (holes < 3 || holes % 2 == 0)
    throw FileError(fmt::format("{}: has {} holes {{}}; expected query, reference, pairs of answer "
                                "and mark, and the answer",
                                prompt.path.string(), holes));
  simdjson::dom::parser parser;
  for (element each : cases.list(parser)) {
    size_t number = chat.cases.size();
    chat.cases.push_back({cases.text(each, "prompt", number),
                          cases.text(each, "query", number),
                          cases.text(each, "answer", number),
                          {}});
  }
  if (chat.cases.empty())
    throw FileError(fmt::format("{}: has no cases", cases.path.string()));
  readExamples(shots, chat, (holes - 3) / 2);
  std::string all = cases.content + shots.content + prompt.content;
  chat.contentHash = XXH3_64bits(all.data(), all.size());
  return chat;
}

std::string LongBenchChat::judged(const ChatCase &chat, const std::string &answer) const {
  std::vector<std::string> values = {chat.query, chat.reference};
  for (const MarkedAnswer &example : chat.examples) {
    values.push_back(example.answer);
    values.push_back(std::to_string(example.mark));
  }
  // The official script asks about one line.
  std::string line = answer;
  std::ranges::replace(line, '\n', ' ');
  values.push_back(line);
  std::string out;
  size_t at = 0;
  for (const std::string &value : values) {
    size_t hole = judgePrompt.find("{}", at);
    out += judgePrompt.substr(at, hole - at) + value;
    at = hole + 2;
  }
  return out + judgePrompt.substr(at);
}

std::optional<double> markOf(std::string_view said) {
  size_t open = said.rfind("[[");
  size_t close = open == said.npos ? said.npos : said.find("]]", open);
  if (close == said.npos)
    return std::nullopt;
  std::string_view inside = said.substr(open + 2, close - open - 2);
  size_t digit = inside.find_first_of("0123456789");
  double mark = 0;
  if (digit == inside.npos)
    return std::nullopt;
  std::from_chars(inside.data() + digit, inside.data() + inside.size(), mark);
  return mark >= 1 && mark <= 10 ? std::optional(mark) : std::nullopt;
}

} // namespace roux::eval
