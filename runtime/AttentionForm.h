//===- AttentionForm.h - a kernel's attention in numbers ------------------===//
//
// A device may have a library that does what a kernel does, and quicker. What that is
// the compiler says here, so that a runtime can ask the library for it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace roux {

/// Causal attention over segments, or its gradient, as kernel.attention has them: queries in rows
/// of heads * headColumns numbers, keys and values in rows of keyValueHeads * headColumns.
struct AttentionForm {
  /// What the kernel's arguments are. The workspace is for a library alone, and the output a
  /// gradient has for one.
  enum Argument : uint8_t {
    Query,
    Key,
    Value,
    Output,
    Logsumexp,
    OutputGradient,
    Workspace,
    QueryGradient,
    KeyGradient,
    ValueGradient,
  };
  static constexpr size_t argumentKinds = ValueGradient + 1;

  int64_t kernel = 0; ///< of Program::kernels
  bool isGradient = false;
  int64_t heads = 1, keyValueHeads = 1, headColumns = 1;
  int64_t window = 0; ///< keys that a query sees, itself with them; 0: all before it
  double scale = 1;
  double softcap = 0;  ///< 0: none
  std::string element; ///< of queries, keys, values, what is made of them, and their gradients
  /// Which argument of the kernel each is; -1: none.
  std::array<int64_t, argumentKinds> arguments = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

  bool has(Argument argument) const { return arguments[argument] >= 0; }
  /// The parts that it has whichever its direction.
  bool isWhole() const;
  /// "gradient of attention, 32 heads of 64 over 8, causal, window 4096, scale 0.125, bf16".
  std::string text() const;

  bool operator==(const AttentionForm &) const = default;
};

/// Bytes of the workspace that a gradient is given, for each so many tokens that are begun: an f32
/// gradient of the queries and, of grouped heads, one of each query head's keys and values, and a
/// sum a row; and something for what does not grow with the tokens.
inline constexpr int64_t workspaceTokens = 1024;
constexpr int64_t workspaceSteps(int64_t tokens) {
  return (tokens + workspaceTokens - 1) / workspaceTokens;
}
int64_t workspaceBytes(int64_t heads, int64_t keyValueHeads, int64_t headColumns);

} // namespace roux
