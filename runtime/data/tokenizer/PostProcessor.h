//===- PostProcessor.h - what stands around a sequence --------------------===//
//
// For one sequence, which is all training has, every published post-processor
// is ids before and ids after; anything else is refused.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/Vocabulary.h"

#include <vector>

namespace roux::data {

struct Surround {
  std::vector<TokenId> before;
  std::vector<TokenId> after;
};

/// The `post_processor` of a tokenizer.json. Throws TokenizerError for one that is not supported
/// and for ids that `vocabulary` lacks.
Surround readPostProcessor(const JsonNode &node, const Vocabulary &vocabulary);

} // namespace roux::data
