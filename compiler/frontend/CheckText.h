//===- CheckText.h - is this a text at all? -------------------------------===//
//
// Bytes that no editor would show (NUL, broken UTF-8, a byte order mark, CR LF)
// are looked for before parsing, wherever they hide, also in comments and
// texts, so that the lexer may pass over them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Diagnostic.h"

namespace roux {

/// Reports what makes `file` no plain UTF-8 text with LF line ends.
void checkText(const SourceManager &sources, uint32_t file, Diagnostics &diagnostics);

} // namespace roux
