//===- Needle.h - does it find one sentence in a long text ----------------===//
//
// A sentence is hidden at every depth of texts of every length, and the model is
// asked for it. Lengths are in the model's own tokens; the sentence goes in after
// the end of another one, which is found by its text and not by a token's number.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/Generate.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace roux::eval {

/// A haystack that cannot be built. The text is in the recipe's words.
struct NeedleError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct NeedleOptions {
  std::vector<uint64_t> lengths; ///< of the whole prompt, in tokens
  std::vector<double> depths;    ///< 0 is the text's beginning, 1 its end
  std::string needle;
  std::string question;
  uint64_t answerTokens = 64; ///< room that is left for the answer
};

/// What the harness needs of a model besides its next tokens.
struct NeedleText {
  std::function<std::vector<int32_t>(const std::string &)> encode; ///< no special tokens
  DecodeText decode;
  /// The prompt for a document and a question, by the model's template or without one.
  std::function<std::vector<int32_t>(const std::string &document, const std::string &question)>
      prompt;
};

struct NeedleCell {
  uint64_t length = 0;
  double depth = 0;
  uint64_t promptTokens = 0; ///< as built: at most length - answerTokens, within a few tokens
  std::string answer;
  double score = 0; ///< of the judge, 0 to 1; NaN where it gave no mark
};

/// 1 if the answer has, in order, the words of the needle that are not in the question, whatever
/// their case and whatever stands between them; else 0.
double judgeExact(const std::string &answer, const std::string &needle,
                  const std::string &question);

/// At most the first `length` tokens, and no character that its tokens end inside of.
std::span<const int32_t> firstTokens(const std::vector<int32_t> &haystack, size_t length,
                                     const NeedleText &text);

/// The place in `hay`, at most `at`, where a sentence ends; 0 where none does.
size_t sentenceEndBefore(std::span<const int32_t> hay, size_t at, const NeedleText &text);

/// `tokens` tokens, the haystack's first and the needle after the sentence that ends nearest before
/// `depth`. Throws NeedleError where haystack or length has no room for it.
std::string buildHaystack(const std::vector<int32_t> &haystack, uint64_t tokens, double depth,
                          const std::string &needle, const NeedleText &text);

/// Throws NeedleError, before any model is there, for a test that cannot be: a length beyond
/// `context` or beyond a haystack of `haystackTokens`, or one without room for the needle.
void checkNeedle(uint64_t context, uint64_t haystackTokens, const NeedleOptions &options,
                 const NeedleText &text);

/// Every length with every depth, in this order. `haystack`: the documents, one after the other.
/// Throws what checkNeedle() throws.
std::vector<NeedleCell> runNeedle(LanguageModel &model, const std::string &haystack,
                                  const NeedleOptions &options, const NeedleText &text,
                                  const GenerateOptions &generation);

} // namespace roux::eval
