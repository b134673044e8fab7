//===- Recall.h - does it find a key's value among many -------------------===//
//
// As RULER's key-value tests: sentences that each give a number to a name stand all
// over a long text, and each name is asked for. One that is found by its look alone, as
// a needle may be, does not help among others that look the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/Needle.h"

namespace roux::eval {

struct RecallOptions {
  std::vector<uint64_t> lengths; ///< of the whole prompt, in tokens
  uint64_t pairs = 0;            ///< hidden in each text, and asked for one by one
  uint64_t seed = 0;
  uint64_t answerTokens = 16; ///< room that is left for the answer
};

struct KeyValue {
  std::string key, value;
  std::string sentence() const { return "The number of the " + key + " is " + value + "."; }
  std::string question() const { return "What is the number of the " + key + "?"; }
};

/// Most pairs that have keys of their own.
inline constexpr uint64_t mostPairs = 400;

/// `count` keys, no two equal, and numbers of seven digits. `count` is at most mostPairs.
std::vector<KeyValue> drawPairs(uint64_t seed, uint64_t count);

/// Throws NeedleError as checkNeedle() does.
void checkRecall(uint64_t context, uint64_t haystackTokens, const RecallOptions &options,
                 const NeedleText &text);

/// Every length with every pair; a cell's depth is the pair's place. A cell is 1 where the answer
/// has the value, else 0.
std::vector<NeedleCell> runRecall(LanguageModel &model, const std::string &haystack,
                                  const RecallOptions &options, const NeedleText &text,
                                  const GenerateOptions &generation);

} // namespace roux::eval
