//===- AskData.h - a model asked about the records of some data -----------===//
//
// Records in groups, so that not all documents are in memory at once; who answers keeps
// every answer before this sees it, so a run that is killed asks nothing twice.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ask/AnswerFile.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/endpoint/Endpoint.h"

namespace roux::ask {

/// Who answers, in the order of the questions, and how an answer is found again.
struct Answers {
  std::string model; ///< as the recipe calls it
  std::function<std::vector<endpoint::Answered>(std::span<const endpoint::Question>)> ask;
  std::function<std::string(const endpoint::Question &)> keyOf;
};

/// What is done of it.
struct AskProgress {
  uint64_t records = 0, done = 0, missing = 0;
};

/// Asks `rule` of every row of `runner`, whose steps have run. `construct` is its place in the tree
/// of seeds. Chunks are counted by `tokenizer`. Returns the lines of an answer file. Throws
/// RecordError naming the record that has not what a prompt asks for, and what `answers` throws.
std::string askData(const data::AskRule &rule, data::SeedTree construct,
                    data::PipelineRunner &runner, const data::Tokenizer *tokenizer,
                    const Answers &answers, const std::function<void(const AskProgress &)> &tell);

} // namespace roux::ask
