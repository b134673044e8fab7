//===- PeerRecipe.h - a config of another tool as a recipe ----------------===//
//
// There a config names switches of one training program; here a recipe says what is
// computed. What the switches leave open is decided, and every decision is listed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/peers/PeerConfig.h"

namespace roux::peers {

struct PeerNote {
  enum Kind : uint8_t {
    Decided, ///< it could mean several things here
    Missing, ///< there is no equivalent: the recipe trains without it
    Unknown, ///< no table knows the key: nothing was made of it
    Harmless ///< it changes nothing that is trained
  };
  Kind kind = Decided;
  int line = 0; ///< 0: of a key that is not there
  std::string key, text;
};

struct PeerRecipe {
  std::string text; ///< with the notes but the harmless ones as comments at its top
  std::vector<PeerNote> notes;
};

/// Throws std::runtime_error, naming file and line, for an objective that no recipe has (dpo, …)
/// and for numbers that are none.
PeerRecipe recipeOf(PeerConfig config);

/// "missing   line 12  deepspeed: …"
std::string print(const PeerNote &note);

} // namespace roux::peers
