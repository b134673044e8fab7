//===- ScoreFile.h - scores kept record by record -------------------------===//
//
// Scoring a corpus takes as long as training on it, so what is found is kept as soon
// as it is found: a process that is killed loses the records in flight and asks for
// no other again.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/ScoreTable.h"

#include <filesystem>
#include <unordered_set>

namespace roux::score {

/// Rises when the same scores become other bytes: files made before are then asked for again.
inline constexpr unsigned scoreFormat = 1;

/// What the scores of one record are, on their way to the file.
struct NewScore {
  uint64_t key = 0;
  std::vector<double> numbers = {};
  std::vector<data::TokenRange> spans = {};
  std::vector<float> tokens = {};
};

/// A file of scores that grows by whole records. A record that was cut short, or whose bytes have
/// changed, ends what is believed of the file: it and what follows is found again.
class ScoreFile {
public:
  /// Opens `path` for `records` records, making it if it is not there, and cuts off what is
  /// damaged. Throws FileError.
  ScoreFile(std::filesystem::path path, uint64_t records);
  ~ScoreFile();
  ScoreFile(const ScoreFile &) = delete;
  ScoreFile &operator=(const ScoreFile &) = delete;

  bool has(uint64_t key) const { return keys.contains(key); }
  uint64_t size() const { return keys.size(); }
  /// Throws FileError where not all can be written.
  void append(const NewScore &score);

private:
  std::filesystem::path path;
  std::unordered_set<uint64_t> keys;
  int descriptor = -1;
};

/// The scores in the file at `path`, which holds all of its records; nothing where it is not there
/// or lacks some. The caller says what they are scores of. Throws FileError for a file of another
/// kind.
std::shared_ptr<data::ScoreTable> readScores(const std::filesystem::path &path);

} // namespace roux::score
