//===- LanguageServer.h - `roux lsp` ---------------------------------------===//
//
// Answers an editor until it says goodbye.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdio>
#include <string_view>

namespace roux::language {

/// Reads requests from `in` and writes answers to `out`. The exit status: 0 after a goodbye.
int serve(std::FILE *in, std::FILE *out, std::string_view version);

} // namespace roux::language
