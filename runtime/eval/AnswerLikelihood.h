//===- AnswerLikelihood.h - how likely a model finds the answers of pairs -===//
//
// What a reference says of pairs, and what a held-out loss of pairs is made of.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/PlanInput.h"
#include "runtime/eval/EvalResult.h"
#include "runtime/eval/HeldOutLoss.h"

namespace roux::eval {

/// Of each sequence of `store`, all of which are pairs, the log-probabilities of its chosen and its
/// rejected answer: sums over their targets. A pair with an answer that has more than `context`
/// tokens, which no plan takes, is not asked about and has 0. Answers go through `program` together
/// while they have no more than `streamTokens` tokens. Throws std::runtime_error, naming the pair,
/// for one that is no number.
data::PairReference answerLikelihoods(NllProgram &program, const data::TokenStore &store,
                                      uint64_t context, uint64_t streamTokens = 4096);

/// `loss`, of every pair of `store` alike, whose answers are all within the model's context;
/// `reference` is of these pairs, or null where the loss reads none. Throws as answerLikelihoods,
/// and PlanError for what the store does not carry.
HeldOutResult heldOutPairs(NllProgram &program, const data::TokenStore &store,
                           const Expression &loss, const data::PairReference *reference);

} // namespace roux::eval
