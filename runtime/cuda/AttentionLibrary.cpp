//===- AttentionLibrary.cpp - what cuDNN's attention is asked for ---------===//
//
// Tried with cuDNN 9.19 and 9.26: what they refuse, and what they take only with more
// memory than there is.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/AttentionLibrary.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux::cuda {

/// The first version whose deterministic gradient needs no memory for all scores.
static constexpr int64_t deterministicVersion = 92500;

static int64_t stepAt(int power) {
  return static_cast<int64_t>(std::ceil(std::exp2(power / 2.0) - 1e-9));
}

int64_t stepUp(int64_t count) {
  for (int power = 0;; ++power)
    if (int64_t step = stepAt(power); step >= count)
      return step;
}

std::string classText(int64_t step) {
  int64_t below = 0;
  for (int power = 0; stepAt(power) < step; ++power)
    below = stepAt(power);
  return below + 1 == step ? fmt::format("{} row{}", step, step == 1 ? "" : "s")
                           : fmt::format("{} to {} rows", below + 1, step);
}

std::string SegmentClass::text() const {
  return fmt::format("at most {} segment{} of at most {} tokens, together at most {}", segments,
                     segments == 1 ? "" : "s", longest, tokens);
}

SegmentClass SegmentClass::of(std::span<const int32_t> offsets) {
  SegmentClass found;
  auto count = static_cast<int64_t>(offsets.size()) - 1;
  for (int64_t i = 0; i < count; ++i)
    found.longest = std::max<int64_t>(found.longest, offsets[i + 1] - offsets[i]);
  constexpr int64_t blockRows = 128; // of the library's kernels
  found.longest = (stepUp(found.longest) + blockRows - 1) / blockRows * blockRows;
  found.segments = stepUp(std::max<int64_t>(count, 1));
  int64_t tokens = offsets.empty() ? 1 : std::max(offsets.back(), 1);
  found.tokens = workspaceSteps(tokens) * workspaceTokens;
  found.longest = std::min(found.longest, found.tokens);
  return found;
}

std::string versionText(int64_t version) {
  return fmt::format("{}.{}", version / 10000, version / 100 % 100);
}

static std::string whyNotThere(const std::string &architecture) {
  if (architecture == "sm_90a" || architecture == "sm_100a")
    return "";
  return fmt::format("cuDNN's ragged attention with its sums wants sm_90 or sm_100, not {}",
                     architecture);
}

std::string whyNoGradient(const std::string &architecture, int64_t version, bool deterministic) {
  if (std::string why = whyNotThere(architecture); !why.empty())
    return why;
  if (deterministic && version < deterministicVersion)
    return fmt::format("cuDNN {} has no deterministic gradient in bounded memory, {} has one; "
                       "deterministic: false takes what is here",
                       versionText(version), versionText(deterministicVersion));
  return "";
}

std::string whyNotLibrary(const AttentionForm &form, const std::string &architecture,
                          int64_t version, bool deterministic) {
  std::string why = form.isGradient ? whyNoGradient(architecture, version, deterministic)
                                    : whyNotThere(architecture);
  if (!why.empty())
    return why;
  if (form.element != "bf16")
    return fmt::format("cuDNN's attention is of bf16, not {}", form.element);
  if (form.softcap != 0)
    return "cuDNN's attention has no softcap";
  int64_t most = form.isGradient && architecture == "sm_100a" ? 128 : 256;
  if (form.headColumns % 8 != 0 || form.headColumns > most)
    return fmt::format("cuDNN's attention has heads of a multiple of 8 up to {}, not {}", most,
                       form.headColumns);
  if (!form.isWhole())
    return "the program was compiled without what a library needs";
  return "";
}

} // namespace roux::cuda
