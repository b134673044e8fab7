//===- PeerAdapter.h - another tool's LoRA as adapt: ----------------------===//
//
// Modules are called after their weights there and after what they do here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/peers/PeerConfig.h"

#include <functional>

namespace roux::peers {

using SayOfKey = std::function<void(std::string_view key, std::string text)>;

/// `adapt: lora(…)` for the model's block; empty for a config that trains all weights. What had to
/// be decided or has no equivalent goes to `decide` and `miss`.
std::string adapterOf(PeerConfig &config, const SayOfKey &decide, const SayOfKey &miss);

} // namespace roux::peers
