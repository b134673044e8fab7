//===- Journal.h - answers that were paid for are kept --------------------===//
//
// A line an answer, appended and on the disk before it is used. A run that was killed
// reads what is there and asks only for the rest.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/endpoint/ChatProtocol.h"

#include <filesystem>
#include <mutex>
#include <unordered_map>

namespace roux::endpoint {

class Journal {
public:
  /// Reads the file, or begins it. A last line without an end was being written when a run was
  /// killed and is taken away. Throws FileError for a file that cannot be read or written, or that
  /// holds another line that is no answer.
  explicit Journal(std::filesystem::path file);
  ~Journal();
  Journal(const Journal &) = delete;
  Journal &operator=(const Journal &) = delete;

  /// The answer to a question of this key; null where it was never answered.
  const Reply *find(const std::string &key) const;
  /// Keeps `reply`; on the disk when this returns.
  void add(const std::string &key, const Reply &reply);

  size_t size() const { return replies.size(); }
  /// As the servers counted, over all lines.
  uint64_t tokens() const { return spent; }

private:
  void take(std::string_view line, uint64_t number);

  std::filesystem::path path;
  int file = -1;
  uint64_t spent = 0;
  std::unordered_map<std::string, Reply> replies;
};

/// What a question's answer is found by: model, texts and draw, and not the endpoint's address or
/// key, which may change from day to day.
std::string keyOf(const Question &question, std::string_view model);

} // namespace roux::endpoint
