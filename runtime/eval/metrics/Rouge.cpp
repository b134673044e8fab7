//===- Rouge.cpp - ROUGE-L as the `rouge` package 1.0.1 computes it -------===//
//
// Words become numbers first. Of the table of lengths only the choices are kept, a
// bit a cell: they are all that the way back reads.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/metrics/Rouge.h"

#include "runtime/eval/metrics/Characters.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace roux::eval {

namespace {

using Words = std::vector<uint32_t>;

/// Gives equal words equal numbers. Views must outlive it.
class WordNumbers {
public:
  uint32_t operator[](std::u32string_view word) {
    return numbers.try_emplace(word, static_cast<uint32_t>(numbers.size())).first->second;
  }

private:
  std::unordered_map<std::u32string_view, uint32_t> numbers;
};

/// One way through a table of longest common subsequences.
class Subsequence {
public:
  Subsequence(const Words &rows, const Words &columns);
  /// Adds the words of the subsequence that the package would find. False after more than
  /// `mostSteps` steps.
  bool trace(uint64_t mostSteps, std::unordered_set<uint32_t> &words) const;

private:
  const Words &rows, &columns;
  size_t stride;            ///< of `up`, in words of 64 bits
  std::vector<uint64_t> up; ///< whether the way back goes a row up, where two words differ
};

} // namespace

Subsequence::Subsequence(const Words &rows, const Words &columns)
    : rows(rows), columns(columns), stride(columns.size() / 64 + 1), up(rows.size() * stride) {
  std::vector<uint32_t> above(columns.size() + 1), here(columns.size() + 1);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < columns.size(); ++j) {
      bool higher = above[j + 1] > here[j];
      uint32_t unequal = higher ? above[j + 1] : here[j];
      here[j + 1] = rows[i] == columns[j] ? above[j] + 1 : unequal;
      up[i * stride + j / 64] |= uint64_t(higher) << (j % 64);
    }
    std::swap(above, here);
  }
}

bool Subsequence::trace(uint64_t mostSteps, std::unordered_set<uint32_t> &words) const {
  size_t i = rows.size(), j = columns.size();
  for (uint64_t steps = 0; i > 0 && j > 0; ++steps) {
    if (steps == mostSteps)
      return false;
    if (rows[i - 1] == columns[j - 1]) {
      words.insert(rows[i - 1]);
      --i, --j;
    } else if (up[(i - 1) * stride + (j - 1) / 64] >> ((j - 1) % 64) & 1) {
      --i;
    } else {
      --j;
    }
  }
  return true;
}

/// The words of each sentence. A sentence of white space has one word, which is empty.
static std::vector<Words> sentencesOf(std::u32string_view text, WordNumbers &numbers) {
  std::vector<Words> sentences;
  for (std::u32string_view piece : split(text, U'.')) {
    if (piece.empty())
      continue;
    Words &words = sentences.emplace_back();
    for (std::u32string_view word : splitSpaces(piece))
      words.push_back(numbers[word]);
    if (words.empty())
      words.push_back(numbers[U""]);
  }
  return sentences;
}

static double distinct(const std::vector<Words> &sentences) {
  std::unordered_set<uint32_t> all;
  for (const Words &words : sentences)
    all.insert(words.begin(), words.end());
  return static_cast<double>(all.size());
}

double rougeL(std::u32string_view prediction, std::u32string_view reference, uint64_t mostTraced) {
  WordNumbers numbers;
  std::vector<Words> written = sentencesOf(prediction, numbers),
                     expected = sentencesOf(reference, numbers);
  if (written.empty() || expected.empty())
    return 0;
  std::unordered_set<uint32_t> found;
  for (const Words &rows : expected)
    for (const Words &columns : written) {
      // A step shortens each side by one word at most, so this is known without a table.
      if (std::min(rows.size(), columns.size()) > mostTraced ||
          !Subsequence(rows, columns).trace(mostTraced, found))
        return 0;
    }
  double common = static_cast<double>(found.size());
  double recall = common / distinct(expected), precision = common / distinct(written);
  return 2.0 * ((precision * recall) / (precision + recall + 1e-8));
}

} // namespace roux::eval
