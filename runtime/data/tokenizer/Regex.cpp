//===- Regex.cpp - the patterns inside tokenizer files --------------------===//
//
// Compiles with the JIT and falls back to PCRE2's interpreter, which keeps its
// stack on the heap, when a text needs more than the JIT's stack.
//
//===----------------------------------------------------------------------===//
#define PCRE2_CODE_UNIT_WIDTH 8
#include "runtime/data/tokenizer/Regex.h"

#include "runtime/data/tokenizer/CharacterClass.h"

#include <fmt/format.h>
#include <pcre2.h>

namespace roux::data {

static std::string messageOf(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char *>(buffer);
}

void Regex::FreeCode::operator()(pcre2_real_code_8 *code) const {
  pcre2_code_free(code);
}

Regex::Regex(std::string_view pattern) {
  std::string translated = translateRegex(pattern);
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);

  int error = 0;
  std::size_t at = 0;
  code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                           PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at,
                           context.get()));
  if (!code)
    throw TokenizerError(fmt::format("regular expression '{}' cannot be compiled: {}",
                                     pattern.substr(0, 80), messageOf(error)));
  // Without a JIT for this machine the interpreter does the same, slower.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
}

/// Matches once from `from` on; false when there is no match.
static bool match(const pcre2_code *code, std::string_view text, std::size_t from,
                  pcre2_match_data *data) {
  auto run = [&](std::uint32_t options) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                       PCRE2_NO_UTF_CHECK | options, data, nullptr);
  };
  int result = run(0);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT)
    result = run(PCRE2_NO_JIT);
  if (result == PCRE2_ERROR_NOMATCH)
    return false;
  if (result < 0)
    throw TokenizerError(fmt::format("a regular expression of the tokenizer gave up at byte {} of "
                                     "{}: {}",
                                     from, text.size(), messageOf(result)));
  return true;
}

void Regex::findAll(std::string_view text, std::vector<ByteRange> &matches) const {
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code.get(), nullptr), pcre2_match_data_free);
  const std::size_t *bounds = pcre2_get_ovector_pointer(data.get());

  std::size_t lastEnd = SIZE_MAX;
  for (std::size_t from = 0; from <= text.size() && match(code.get(), text, from, data.get());) {
    std::size_t begin = bounds[0], end = bounds[1];
    // An empty match right behind the last match is the same place again.
    if (begin == end && end == lastEnd) {
      from += from < text.size() ? characterAt(text, from).length : 1;
      continue;
    }
    matches.push_back({std::uint32_t(begin), std::uint32_t(end)});
    from = lastEnd = end;
  }
}

} // namespace roux::data
