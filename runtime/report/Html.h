//===- Html.h - text inside a page ----------------------------------------===//
//
// Recipes, names of files and what models write end up in the report; none of them
// may be taken for markup.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>

namespace roux::report {

/// `text` with the five characters escaped that mean something in HTML, and control characters that
/// no page may hold replaced by U+FFFD.
std::string escaped(std::string_view text);

} // namespace roux::report
