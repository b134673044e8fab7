//===- LongBenchChat.h - open questions whose answers are marked ----------===//
//
// LongBench-Chat as LongAlign released it: cases, a judge's prompt, and for each case
// answers that people have marked. What the judge sees never has the document in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace roux::eval {

struct MarkedAnswer {
  std::string answer;
  int64_t mark = 0;
};

struct ChatCase {
  std::string prompt;    ///< document and question, as the model is asked
  std::string query;     ///< the question alone
  std::string reference; ///< an expert's answer
  std::vector<MarkedAnswer> examples;
};

struct LongBenchChat {
  std::vector<ChatCase> cases;
  std::string judgePrompt;  ///< its `{}` are query, reference, each example and mark, the answer
  uint64_t contentHash = 0; ///< of all three files

  /// What the judge is asked about `answer`.
  std::string judged(const ChatCase &chat, const std::string &answer) const;
};

/// test_cases.json, few_shots.json and prompt_fs.txt of `folder`. Throws FileError naming the file
/// and the case that is not as published.
LongBenchChat readLongBenchChat(const std::filesystem::path &folder);

/// The mark in what a judge said: the first number in the last [[…]]; none where there is no such,
/// or it is not from 1 to 10.
std::optional<double> markOf(std::string_view said);

} // namespace roux::eval
