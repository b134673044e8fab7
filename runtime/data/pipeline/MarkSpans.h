//===- MarkSpans.h - where spans begin and end ----------------------------===//
//
// `spans(…)` of data and `spans:` of a score are one rule.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/data/pipeline/DataPipeline.h"
#include "runtime/data/pipeline/TokenizedRecord.h"

namespace roux::data {

/// Marks `tokens.spans` by `rule`. Where there are more than it admits, those with the smallest of
/// `draws` stay, in order.
void markSpans(const SpanRule &rule, SeedTree draws, TokenizedRecord &tokens);

} // namespace roux::data
