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

/// `text` with the five characters escaped that mean something in HTML, and U+FFFD for
/// control characters and halves of characters, which no page may hold.
std::string escaped(std::string_view text);

} // namespace roux::report
