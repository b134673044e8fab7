//===- Regex.h - the patterns inside tokenizer files ----------------------===//
//
// Tokenizer files are written for Oniguruma (Hugging Face) or Rust (tiktoken).
// PCRE2 runs them here, after a translation that accepts only what means the
// same in all of them and refuses the rest by name.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;

namespace roux::data {

/// A compiled pattern; const members may be called from any thread.
class Regex {
public:
  /// Throws TokenizerError saying what in `pattern` is wrong or not supported.
  explicit Regex(std::string_view pattern);

  /// Appends the matches of `text` (UTF-8), in order and without overlap. Throws TokenizerError
  /// where matching would take more memory than PCRE2 allows.
  void findAll(std::string_view text, std::vector<ByteRange> &matches) const;

private:
  struct FreeCode {
    void operator()(pcre2_real_code_8 *code) const;
  };
  std::unique_ptr<pcre2_real_code_8, FreeCode> code;
};

/// `pattern`, written for Oniguruma, as PCRE2 must read it to match the same text.
std::string translateRegex(std::string_view pattern);

/// A pattern that matches exactly `text`.
std::string quoteRegex(std::string_view text);

} // namespace roux::data
