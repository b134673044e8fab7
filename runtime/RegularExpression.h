//===- RegularExpression.h - the patterns of matches() --------------------===//
//
// PCRE2 with Unicode on: linear stack use whatever the text, and a limit on
// backtracking, so that no pattern and no record can bring a run down.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace roux {

class RegularExpression {
public:
  /// Throws std::invalid_argument with PCRE2's message and the offset in the pattern. Compiled
  /// patterns are kept a thread, so making the same one again is cheap.
  explicit RegularExpression(const std::string &pattern);

  /// Whether the pattern is found anywhere in `text`, which is UTF-8. Throws std::runtime_error
  /// when the text is not, or when backtracking goes on too long.
  bool found(std::string_view text) const;

private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled;
};

} // namespace roux
