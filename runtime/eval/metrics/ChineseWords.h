//===- ChineseWords.h - Chinese text cut into words, as jieba cuts it -----===//
//
// LongBench's Chinese scores are over the words that jieba 0.42.1 finds, so another
// way to cut would be another metric. The dictionary is that of the installed Python
// package, read where it lies: its words are not ours to carry along.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace roux::eval {

/// A dictionary that is not there or cannot be read. The text names the file.
struct DictionaryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class ChineseWords {
public:
  /// Reads the package in `folder`, which holds `dict.txt` and `finalseg/`.
  explicit ChineseWords(const std::filesystem::path &folder);

  /// The package of the environment variable ROUX_JIEBA, else the first one found in Debian's and
  /// Python's usual places; read once. Throws DictionaryError, each time, where there is none.
  static const ChineseWords &installed();

  /// `jieba.cut(text)`: accurate mode, unknown words by the hidden Markov model. Nothing is lost;
  /// the pieces are views of `text`, one after the other.
  std::vector<std::u32string_view> cut(std::u32string_view text) const;
  /// The package's own version.
  const std::string &version() const { return packageVersion; }

private:
  static constexpr uint32_t root = 0, nowhere = UINT32_MAX;

  void readDictionary(const std::filesystem::path &file);
  void readModel(const std::filesystem::path &folder);
  void addWord(std::u32string_view word, double count);
  uint32_t &edge(uint32_t node, char32_t character);
  uint32_t next(uint32_t node, char32_t character) const;
  void grow();
  bool isWord(std::u32string_view text) const;

  void cutBlock(std::u32string_view block, std::vector<std::u32string_view> &words) const;
  std::vector<size_t> likeliestEnds(std::u32string_view block) const;
  void cutUnknown(std::u32string_view text, std::vector<std::u32string_view> &words) const;
  void cutByModel(std::u32string_view han, std::vector<std::u32string_view> &words) const;

  // A tree of characters whose edges are in one open hash table.
  std::vector<uint64_t> keys; ///< node and character, plus one; 0: free
  std::vector<uint32_t> targets;
  std::vector<double> counts; ///< of each node; 0: a beginning of words only
  std::vector<double> logarithms;
  double total = 0;

  /// Of the states B, E, M, S, in this order.
  using States = std::array<double, 4>;
  States start{};
  std::array<States, 4> change{}; ///< [from][to]
  std::vector<States> emission;   ///< from U+4E00 on
  std::string packageVersion;
};

} // namespace roux::eval
