//===- Normalizer.h - rewriting text before it is cut ---------------------===//
//
// A normalizer sees one piece of text and says what to keep and what to put
// instead; the edit carries the origins of bytes. A chain of them is a list.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/WorkingText.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace roux::data {

class Normalizer {
public:
  virtual ~Normalizer() = default;
  /// Writes all of `piece`, rewritten, to `edit`.
  virtual void rewrite(std::string_view piece, TextEdit &edit) const = 0;
  /// True if rewrite() would surely change nothing; saves the copy.
  virtual bool leaves(std::string_view piece) const { return false; }
};

using Normalizers = std::vector<std::unique_ptr<Normalizer>>;

/// Bytes that `bytes` of text may become on their way; no script that is composed, decomposed or
/// respelled needs as many.
constexpr std::uint64_t mostGrown(std::uint64_t bytes) {
  return 64 * bytes + (1 << 20);
}

/// Runs `normalizers` over every piece of `text`.
void normalize(const Normalizers &normalizers, WorkingText &text);

/// The `normalizer` of a tokenizer.json. Throws TokenizerError for one that is not supported.
Normalizers readNormalizers(const JsonNode &node);

/// Puts `text` before every piece that is not empty.
std::unique_ptr<Normalizer> prependText(std::string text);

/// The text or regular expression under `pattern`, as a pattern for Regex.
std::string readPattern(const JsonNode &node);

} // namespace roux::data
