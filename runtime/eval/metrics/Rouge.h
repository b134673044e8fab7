//===- Rouge.h - ROUGE-L as the `rouge` package 1.0.1 computes it ---------===//
//
// LongBench's summaries are scored with a package whose ROUGE-L is not the usual
// one: distinct words, one longest common subsequence for each pair of sentences,
// and which of several equally long ones it takes changes the score.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace roux::eval {

/// No bound on how far a subsequence is traced.
inline constexpr uint64_t unboundedTrace = UINT64_MAX;

/// F of ROUGE-L, 0 to 1. 0 where either text is nothing but full stops, as the package's error is
/// caught, and where tracing a subsequence takes more than `mostTraced` steps: Python's recursion
/// ends there.
double rougeL(std::u32string_view prediction, std::u32string_view reference, uint64_t mostTraced);

} // namespace roux::eval
