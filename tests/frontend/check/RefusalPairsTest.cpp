//===- RefusalPairsTest.cpp - what is refused of pairs of answers ---------===//
//
// A pair is torn nowhere, and its rejected answer is trained towards nowhere.
//
//===----------------------------------------------------------------------===//
#include "tests/frontend/check/Refusals.h"

namespace roux {

#define PAIRS "data: pairs(\"p.jsonl\")\n"
#define LOSS "loss: rejected.logp - chosen.logp\n"

static constexpr Refusal refusals[] = {
    {Around::Train, PAIRS,
     R"(pairs("p.jsonl"): the data are pairs, and a loss of targets would train the rejected answers too; write a loss of chosen.logp and rejected.logp)",
     PAIRS LOSS},
    {Around::Train, "loss: rejected.logp - chosen.logp",
     "rejected.logp - chosen.logp: 'chosen' and 'rejected' are the answers of pairs(…), and these "
     "data are none\n\tchats: the data are here",
     "loss: token.nll"},
    {Around::Train, PAIRS "loss: token.nll - chosen.logp",
     "token.nll - chosen.logp: a loss is of targets or of pairs; token.… and the answers of a pair "
     "cannot be in one formula, and chosen.logp has the targets of an answer together",
     PAIRS "loss: -chosen.logp"},
    {Around::Train, PAIRS "loss: chosen.targets",
     "chosen.targets: the loss of a pair reads chosen.logp or rejected.logp; without them there is "
     "nothing to train",
     PAIRS "loss: -chosen.logp / chosen.targets"},
    {Around::Train, PAIRS "loss: chosen.reference - chosen.logp",
     "chosen.reference - chosen.logp: the loss reads a reference; write 'reference:' with the "
     "model "
     "that it is of, as in reference: base",
     PAIRS "loss: chosen.reference - chosen.logp\nreference: base"},
    {Around::Train, PAIRS LOSS "reference: base",
     "base: nothing reads the reference; a loss does, as in chosen.logp - chosen.reference",
     PAIRS LOSS},
    {Around::Train, PAIRS "loss: chosen.reference - chosen.logp\nreference: teacher",
     "teacher: an endpoint can only answer; a reference says how likely given answers are\n"
     "\tendpoint(\"https://host/v1\", \"large\", key: env(\"KEY\"), spend: 20): the endpoint is "
     "here",
     PAIRS "loss: chosen.reference - chosen.logp\nreference: base"},
    {Around::Train, PAIRS LOSS "weight: if role == user then 1 else 2",
     "if role == user then 1 else 2: the weight of a pair is one number; it may read sequence, "
     "which "
     "is the pair, pack and step, as in 1 / step.sequences",
     PAIRS LOSS "weight: 1 / step.sequences"},
    {Around::Train, PAIRS LOSS "batch: each(8 sequences, overflow: cut(right), last: keep)",
     "cut(right): a pair is laid down whole and in two segments; expected overflow: error or drop",
     PAIRS LOSS "batch: each(8 sequences, overflow: drop, last: keep)"},
    {Around::Train,
     PAIRS LOSS "batch: pack(4Ki, fit: fill(rest: drop), overflow: drop, last: keep)",
     "fill(rest: drop): a pair is laid down whole and in two segments; expected fit: next, first, "
     "best or decreasing",
     PAIRS LOSS "batch: pack(4Ki, fit: best, overflow: drop, last: keep)"},
    {Around::Train, PAIRS LOSS "batch: pack(4Ki, attend: pack, overflow: drop, last: keep)",
     "pack: a pair is laid down whole and in two segments; expected attend: sequence",
     PAIRS LOSS "batch: pack(4Ki, overflow: drop, last: keep)"},
    {Around::Train, PAIRS LOSS "batch: bucket(tokens: 8Ki, overflow: error, last: drop)",
     "bucket(tokens: 8Ki, overflow: error, last: drop): a pair is laid down whole and in two "
     "segments; expected each, tokens, pack or sorted",
     PAIRS LOSS "batch: tokens(8Ki, overflow: error, last: drop)"},
    {Around::Train, PAIRS LOSS "position: gaps(at: turn, span: 32Ki)",
     "gaps(at: turn, span: 32Ki): a pair is laid down whole and in two segments; expected "
     "position: "
     "token.index",
     PAIRS LOSS},
    {Around::Train, "data: pairs(\"p.jsonl\") | cut(4Ki tokens, side: right)\n" LOSS,
     "pairs(\"p.jsonl\") | cut(4Ki tokens, side: right): 'cut' works on one text, and a pair has "
     "two; "
     "expected where, sample, without, shuffle, concat, mix, repeat, sort or keep",
     "data: pairs(\"p.jsonl\") | where(sequence.tokens < 4Ki) | shuffle\n" LOSS},
    {Around::Train, "data: concat(chats, pairs(\"p.jsonl\"))\n" LOSS,
     "concat(chats, pairs(\"p.jsonl\")): 'concat' puts pairs of answers beside other records, and "
     "one "
     "loss is of one of the two",
     "data: concat(pairs(\"q.jsonl\"), pairs(\"p.jsonl\"))\n" LOSS},
    {Around::Score, "data: pairs(\"p.jsonl\")",
     "pairs(\"p.jsonl\"): a score is of one text a record, and a pair has two; what a model says "
     "of "
     "answers is chosen.reference",
     "data: chats"},
    {Around::Eval, "unseen: loss(pairs(\"p.jsonl\"))",
     "pairs(\"p.jsonl\"): these data are pairs, whose loss is that of a train on pairs; expected "
     "the "
     "model of such a train",
     "unseen: loss(chats)"},
    {Around::Train, "weight: chosen.targets",
     "chosen.targets: there is no chosen where 'weight' is decided; it may read token, turn, span, "
     "sequence, pack and step",
     "weight: sequence.targets"},
};

TEST(Refusal, OfPairs) {
  expectRefusals(refusals);
}

} // namespace roux
