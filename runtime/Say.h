//===- Say.h - words for a person, which must not cost the work -----------===//
//
// A log fills its disk, a terminal closes, the reader of a pipe leaves: none of that is
// a reason to lose a training. What is said on the way is said as well as it can be.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

namespace roux {

/// Why words were first lost on stdout; 0: none were.
inline int lostWords = 0;

/// Whether only what went wrong is wanted: nothing is said on stdout then, nor how far things are.
inline bool isQuiet = false;

/// Writes and goes on, whatever became of it.
template <typename... Values>
void say(std::FILE *out, fmt::format_string<Values...> form, Values &&...values) {
  if (isQuiet && out == stdout)
    return;
  std::string text = fmt::format(form, std::forward<Values>(values)...);
  bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  if (!written && out == stdout && lostWords == 0)
    lostWords = errno;
}

} // namespace roux
