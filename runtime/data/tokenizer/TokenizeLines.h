//===- TokenizeLines.h - JSONL texts in, JSONL ids out --------------------===//
//
// What `roux tokenize` does: a filter that keeps the order of lines, uses every
// thread it is given, and holds a bounded part of its input.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <cstdio>

namespace roux::data {

/// Reads lines {"text": "…"} from `in` and writes a line {"ids": […]} for each to `out`, without
/// tokens around them; other keys are passed over. At the first bad line, with all before it
/// written, throws TokenizerError "line N: …".
void tokenizeLines(const Tokenizer &tokenizer, std::FILE *in, std::FILE *out, unsigned threads);

} // namespace roux::data
