//===- SplitRows.h - where a sequence is cut into powers of two -----------===//
//
// Apart from the runner so that it can be tested against the published algorithm.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/pipeline/DataPipeline.h"

#include <vector>

namespace roux::data {

/// The pieces of `tokens` tokens, front to back: 2^k + 1 tokens each, 2^k in [low, high], the
/// largest that fits; what is left is one more piece unless the rule drops it.
std::vector<TokenRange> splitPowersOfTwo(uint32_t tokens, const SplitRule &rule, SeedTree draws);

} // namespace roux::data
