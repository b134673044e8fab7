//===- UnicodeForm.cpp - NFC, NFD, NFKC, NFKD -----------------------------===//
//
// A character is inert in a form when it is its own normal form, starts a
// combining sequence, and never composes with what stands before it. The normal
// form of a text is then the concatenation of what lies between inert ones.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/UnicodeForm.h"

#include "runtime/data/tokenizer/CharacterClass.h"

#include <cstdlib>
#include <fmt/format.h>
#include <utf8proc.h>

namespace roux::data {

namespace {

struct Form {
  std::string_view name;
  int options;
};

constexpr Form forms[] = {
    {"NFC", UTF8PROC_STABLE | UTF8PROC_COMPOSE},
    {"NFD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE},
    {"NFKC", UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
    {"NFKD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT},
};

/// Planes above have only ideographs, tags and private use, and go the slow way.
constexpr char32_t tableSize = 0x20000;

struct FreeMalloc {
  void operator()(void *memory) const { std::free(memory); }
};

} // namespace

static const Form *findForm(std::string_view name) {
  for (const Form &form : forms)
    if (form.name == name)
      return &form;
  return nullptr;
}

/// Marks the characters that are the second half of a canonical composition, Hangul's included.
static void markTrailing(std::vector<bool> &inert) {
  for (char32_t codepoint = 0; codepoint < inert.size(); ++codepoint) {
    // Decompositions are full; their last character is the one the last composition adds.
    utf8proc_int32_t parts[32];
    int boundary = 0;
    auto count = utf8proc_decompose_char(codepoint, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    if (count > 1 && char32_t(parts[count - 1]) < inert.size())
      inert[parts[count - 1]] = false;
  }
}

static std::string normalForm(std::string_view text, int options) {
  utf8proc_uint8_t *bytes = nullptr;
  auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), text.size(),
                             &bytes, static_cast<utf8proc_option_t>(options));
  std::unique_ptr<utf8proc_uint8_t, FreeMalloc> owner(bytes);
  if (length < 0)
    throw TokenizerError(fmt::format("text cannot be normalised: {}", utf8proc_errmsg(length)));
  return std::string(reinterpret_cast<const char *>(bytes), length);
}

bool UnicodeForm::isForm(std::string_view name) {
  return findForm(name) != nullptr;
}

UnicodeForm::UnicodeForm(std::string_view name)
    : options(findForm(name)->options), inert(tableSize) {
  for (char32_t codepoint = 0; codepoint < tableSize; ++codepoint) {
    if (codepoint >= 0xD800 && codepoint < 0xE000)
      continue;
    utf8proc_uint8_t bytes[4];
    std::string_view text(reinterpret_cast<char *>(bytes), utf8proc_encode_char(codepoint, bytes));
    inert[codepoint] = utf8proc_get_property(codepoint)->combining_class == 0 &&
                       (codepoint < 0x80 || normalForm(text, options) == text);
  }
  markTrailing(inert);
}

std::size_t UnicodeForm::findActive(std::string_view piece, std::size_t from) const {
  while (from < piece.size()) {
    Character character = characterAt(piece, from);
    if (!isInert(character.codepoint))
      break;
    from += character.length;
  }
  return from;
}

bool UnicodeForm::leaves(std::string_view piece) const {
  return findActive(piece, 0) == piece.size();
}

void UnicodeForm::rewrite(std::string_view piece, TextEdit &edit) const {
  std::size_t kept = 0;
  for (std::size_t at = findActive(piece, 0); at < piece.size(); at = findActive(piece, at)) {
    // What is active may join the inert character before it.
    std::size_t begin = at > kept ? previousCharacter(piece, at) : at;
    std::size_t end = at;
    for (Character next = characterAt(piece, end); !isInert(next.codepoint);
         next = characterAt(piece, end)) {
      end += next.length;
      if (end == piece.size())
        break;
    }
    std::string normal = normalForm(piece.substr(begin, end - begin), options);
    edit.keep(kept, begin);
    if (normal == piece.substr(begin, end - begin))
      edit.keep(begin, end);
    else
      edit.replace(begin, end, normal);
    kept = at = end;
  }
  edit.keep(kept, piece.size());
}

} // namespace roux::data
