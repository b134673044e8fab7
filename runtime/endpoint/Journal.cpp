//===- Journal.cpp - answers that were paid for are kept ------------------===//
//
// One write a line, then fdatasync: a line is there whole, or is the last one. Each ends in its own
// sum, because an answer with another letter in it looks as good as the one that was paid for.
//
//===----------------------------------------------------------------------===//
#include "runtime/endpoint/Journal.h"

#include "runtime/data/FileError.h"
#include "runtime/data/JsonText.h"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <simdjson.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

namespace roux::endpoint {

using data::FileError;
using data::jsonText;
using simdjson::dom::element;

/// Rises when a line means something else. A reader of the next one reads this one too, or what was
/// paid for is lost.
static constexpr int64_t format = 1;

/// What ends a line whose text so far is `text`.
static std::string seal(std::string_view text) {
  return fmt::format(", \"sum\": \"{:016x}\"}}", XXH3_64bits(text.data(), text.size()));
}

[[noreturn]] static void fail(const std::filesystem::path &path, std::string_view what) {
  throw FileError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

void Journal::take(std::string_view line, uint64_t number) {
  simdjson::dom::parser parser;
  element root;
  std::string_view key, text;
  Reply reply;
  int64_t itsFormat = 0;
  std::string_view sealed = line.substr(0, line.rfind(", \"sum\": "));
  if (line.substr(sealed.size()) != seal(sealed) ||
      parser.parse(simdjson::padded_string(line)).get(root) != simdjson::SUCCESS ||
      root["format"].get(itsFormat) != simdjson::SUCCESS || itsFormat != format ||
      root["key"].get(key) != simdjson::SUCCESS || root["answer"].get(text) != simdjson::SUCCESS ||
      root["prompt_tokens"].get(reply.promptTokens) != simdjson::SUCCESS ||
      root["answer_tokens"].get(reply.answerTokens) != simdjson::SUCCESS ||
      root["cut"].get(reply.cut) != simdjson::SUCCESS)
    throw FileError(
        fmt::format("{}:{}: no answer as it was kept; without that line its question is "
                    "asked again",
                    path.string(), number));
  reply.text = text;
  spent += reply.promptTokens + reply.answerTokens;
  replies[std::string(key)] = std::move(reply);
}

Journal::Journal(std::filesystem::path where) : path(std::move(where)) {
  if (path.has_parent_path())
    std::filesystem::create_directories(path.parent_path());
  file = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file < 0)
    fail(path, "the answers that were paid for cannot be kept there");
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  size_t whole = content.rfind('\n') + 1; // 0 where there is none
  try {
    uint64_t number = 0;
    for (size_t at = 0; at < whole; ++number) {
      size_t end = content.find('\n', at);
      take(std::string_view(content).substr(at, end - at), number + 1);
      at = end + 1;
    }
  } catch (...) {
    close(file);
    throw;
  }
  if (whole < content.size() && ftruncate(file, static_cast<off_t>(whole)) != 0)
    fail(path, "its last line, which was cut off, cannot be taken away");
}

Journal::~Journal() {
  close(file);
}

const Reply *Journal::find(const std::string &key) const {
  auto found = replies.find(key);
  return found == replies.end() ? nullptr : &found->second;
}

void Journal::add(const std::string &key, const Reply &reply) {
  std::string line = fmt::format(
      R"({{"format": {}, "key": {}, "answer": {}, "prompt_tokens": {}, "answer_tokens": {}, "cut": {})",
      format, jsonText(key), jsonText(reply.text), reply.promptTokens, reply.answerTokens,
      reply.cut);
  line += seal(line) + '\n';
  if (write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      fdatasync(file) != 0)
    fail(path, "an answer cannot be kept");
  spent += reply.promptTokens + reply.answerTokens;
  replies[key] = reply;
}

std::string keyOf(const Question &question, std::string_view model) {
  std::string identity;
  for (std::string_view part : {model, std::string_view(question.system),
                                std::string_view(question.prompt), std::string_view(question.draw)})
    identity += fmt::format("{}:{}\n", part.size(), part);
  identity += fmt::format("{} {}", question.tokens, question.temperature);
  XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

} // namespace roux::endpoint
