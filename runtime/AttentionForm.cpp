//===- AttentionForm.cpp - a kernel's attention in numbers ----------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/AttentionForm.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

bool AttentionForm::isWhole() const {
  auto hasAll = [&](std::initializer_list<Argument> all) {
    return std::ranges::all_of(all, [&](Argument each) { return has(each); });
  };
  return hasAll({Query, Key, Value, Output, Logsumexp}) &&
         (!isGradient ||
          hasAll({OutputGradient, Workspace, QueryGradient, KeyGradient, ValueGradient}));
}

std::string AttentionForm::text() const {
  std::string text = isGradient ? "gradient of attention" : "attention";
  text += fmt::format(", {} heads of {} over {}, causal", heads, headColumns, keyValueHeads);
  if (window)
    text += fmt::format(", window {}", window);
  text += fmt::format(", scale {}", scale);
  if (softcap != 0)
    text += fmt::format(", softcap {}", softcap);
  return text + ", " + element;
}

int64_t workspaceBytes(int64_t heads, int64_t keyValueHeads, int64_t headColumns) {
  constexpr int64_t beside = 64 * 1024;
  int64_t gradients = heads == keyValueHeads ? 1 : 3;
  return workspaceTokens * heads * 4 * (gradients * headColumns + 1) + beside;
}

} // namespace roux
