//===- Parts.h - the parts that the table of constructs is written in -----===//
//
// One file a part of the language, so that a new batch policy is a change to
// the file that lists batch policies.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Constructs.h"

namespace roux::parts {

extern const std::span<const Construct> definitions;
extern const std::span<const Construct> sources;
extern const std::span<const Construct> records;
extern const std::span<const Construct> generation;
extern const std::span<const Construct> models;
extern const std::span<const Construct> policies;
extern const std::span<const Construct> positions;
extern const std::span<const Construct> training;
extern const std::span<const Construct> scoring;
extern const std::span<const Construct> evaluation;
extern const std::span<const Construct> running;

// The keys of the definitions whose blocks are long, beside the functions they use.
extern const std::span<const Parameter> trainKeys;
extern const std::span<const Parameter> scoreKeys;
extern const std::span<const Parameter> evalKeys;
extern const std::span<const Parameter> runKeys;
extern const Construct modelOverride;
/// What an `eval` measures under a name of the author's own.
extern const Parameter evalTask;

/// How far into a text record a row reaches: `tail:` of spans() and split().
extern const std::span<const WordRow> tailWords;

} // namespace roux::parts
