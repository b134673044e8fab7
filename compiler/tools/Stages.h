//===- Stages.h - what `roux inspect` can show ----------------------------===//
//
// The one list of stages: `roux` answers those of the front end itself and
// hands the others to roux-compiler.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string_view>

namespace roux {

struct Stage {
  std::string_view name;     ///< as spelled in --emit=
  std::string_view produces; ///< one line for --help
  bool needsMLIR;            ///< shown by roux-compiler
};

inline constexpr Stage stages[] = {
    {"ast", "what was written, as a tree", false},
    {"recipe", "what was asked: everything resolved, every value with its origin", true},
    {"loss", "the objective as a formula", false},
    {"plan", "the steps of a train: packs, cuts, places, counts", false},
};

} // namespace roux
