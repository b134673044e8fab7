//===- UnicodeForm.h - NFC, NFD, NFKC, NFKD -------------------------------===//
//
// Most text is normal already, so the form keeps a table of the characters that
// no neighbour can change and copies runs of them untouched; only the rest goes
// through utf8proc.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Normalizer.h"

namespace roux::data {

class UnicodeForm final : public Normalizer {
public:
  /// The form's name as in tokenizer.json ("NFC", "NFD", "NFKC", "NFKD").
  static bool isForm(std::string_view name);
  explicit UnicodeForm(std::string_view name);

  void rewrite(std::string_view piece, TextEdit &edit) const override;
  bool leaves(std::string_view piece) const override;

private:
  bool isInert(char32_t codepoint) const { return codepoint < inert.size() && inert[codepoint]; }
  /// The first byte from `from` on that starts a character which may change or join its left
  /// neighbour.
  std::size_t findActive(std::string_view piece, std::size_t from) const;

  int options;
  std::vector<bool> inert;
};

} // namespace roux::data
