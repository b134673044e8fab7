//===- Journal.cpp - answers that were paid for are kept ------------------===//
//
// One write a line, then fdatasync: a line is there whole, or is the last one.
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

[[noreturn]] static void fail(const std::filesystem::path &path, std::string_view what) {
  throw FileError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

void Journal::take(std::string_view line, uint64_t number) {
  simdjson::dom::parser parser;
  element root;
  std::string_view key, text;
  Reply reply;
  if (parser.parse(simdjson::padded_string(line)).get(root) != simdjson::SUCCESS ||
      root["key"].get(key) != simdjson::SUCCESS || root["answer"].get(text) != simdjson::SUCCESS ||
      root["prompt_tokens"].get(reply.promptTokens) != simdjson::SUCCESS ||
      root["answer_tokens"].get(reply.answerTokens) != simdjson::SUCCESS ||
      root["cut"].get(reply.cut) != simdjson::SUCCESS)
    throw FileError(fmt::format("{}:{}: no answer that was kept; the file is not a journal, or was "
                                "changed",
                                path.string(), number));
  reply.text = text;
  spent += reply.promptTokens + reply.answerTokens;
  replies[std::string(key)] = std::move(reply);
}

Journal::Journal(std::filesystem::path where) : path(std::move(where)) {
  if (path.has_parent_path())
    std::filesystem::create_directories(path.parent_path());
  file = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
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
      R"({{"key": {}, "answer": {}, "prompt_tokens": {}, "answer_tokens": {}, "cut": {}}})"
      "\n",
      jsonText(key), jsonText(reply.text), reply.promptTokens, reply.answerTokens, reply.cut);
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
