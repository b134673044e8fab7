//===- PeerKeys.h - what is known of other tools' keys --------------------===//
//
// Keys that no recipe is made of still have to be accounted for: most change
// nothing that is trained, some have no equivalent.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string_view>

namespace roux::peers {

struct PeerKey {
  bool isHarmless = false; ///< changes where or how fast, not what is trained
  std::string_view text;   ///< what there is instead, or why there is nothing
};

/// Null for a key that no table knows.
const PeerKey *knownKey(std::string_view name);

} // namespace roux::peers
