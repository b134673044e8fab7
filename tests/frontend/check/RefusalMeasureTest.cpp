//===- RefusalMeasureTest.cpp - what is refused in score, eval and run ----===//
//
// What can be wrong in measuring, and in how it is run.
//
//===----------------------------------------------------------------------===//
#include "tests/frontend/check/Refusals.h"

namespace roux {

static constexpr Refusal refusals[] = {
    {Around::Score, R"(value: perplexity(sequence | later))",
     R"(sequence | later: '|' passes data on and means nothing in an expression; a condition is written perplexity(x, given: y))",
     R"(value: perplexity(sequence))"},
    {Around::Score, R"(spans: tokens(128, tail: drop)
pairs: earlier(fewer: all)
value: sum(perplexity(later | earlier) over pairs))",
     R"(later | earlier: '|' passes data on and means nothing in an expression; a condition is written perplexity(x, given: y))",
     R"(spans: tokens(128, tail: drop)
pairs: earlier(fewer: all)
value: sum(perplexity(later, given: earlier) over pairs))"},
    {Around::Score, R"(let a = b
let b = a
value: a)",
     R"(a: cyclic definition: a -> b -> a)",
     R"(let a = 1
let b = a
value: b + sequence.tokens)"},
    {Around::Score, R"(model: none)", R"(x: perplexity() asks a model; write 'model:')",
     R"(value: sequence.tokens)"},
    {Around::Score, R"(value: sum(later.index over pairs))",
     R"(sum(later.index over pairs): this is of pairs; write 'pairs:')",
     R"(spans: sentence
pairs: earlier(fewer: all)
value: sum(later.index over pairs))"},
    {Around::Score, R"(spans: sentence
pairs: earlier(fewer: all)
value: perplexity(later))",
     R"(perplexity(later): a score belongs to a token, a span, a turn or a sequence; reduce what pairs have, as in sum(… over pairs))",
     R"(spans: sentence
pairs: earlier(fewer: all)
value: mean(perplexity(later) over pairs))"},
    {Around::Score, R"(spans: sentence
value: perplexity(span, given: sequence))",
     R"(perplexity(span, given: sequence): what is given is the other span of a pair: perplexity(later, given: earlier))",
     R"(spans: sentence
value: perplexity(span))"},
    {Around::Score, R"(windows: 3 steps)",
     R"(3 steps: expected tokens or none for 'windows' of score, found steps)",
     R"(windows: 3 tokens)"},
    {Around::Score, R"(value: logit(docs, token))",
     R"(docs: expected the name of a model, found 'docs')", R"(value: logit(base, token))"},
    {Around::Score, R"(pairs: earlier(fewer: all))",
     R"(earlier(fewer: all): pairs are pairs of spans; write 'spans:')",
     R"(spans: sentence
pairs: earlier(fewer: all))"},
    {Around::Eval, R"(target: none)", R"(none: expected a truth, found none)", R"(target: true)"},
    {Around::Eval, R"(haystack: needle(docs, lengths: [50%], depths: [50%]))",
     R"(50%: expected tokens or spread(…) for 'lengths' of needle, found a percentage)",
     R"(haystack: needle(docs, lengths: [1_000], depths: [50%]))"},
    {Around::Eval, R"(haystack: needle(docs, lengths: spread(60_000..1_000, 10), depths: [50%]))",
     R"(60_000..1_000: the range runs backwards: its first end is the larger one)",
     R"(haystack: needle(docs, lengths: spread(1_000..60_000, 10), depths: [50%]))"},
    {Around::Eval, R"(haystack: needle(docs, lengths: [1_000], depths: [150%]))",
     R"(150%: 'depths' of needle is a share: at most 100%)",
     R"(haystack: needle(docs, lengths: [1_000], depths: [100%]))"},
    {Around::Eval, R"(during: every(50 steps))",
     R"(every(50 steps): 'during' measures while a train runs, but 'model' names none
	base: the model is here)",
     R"(during: none)"},
    {Around::File, R"(train t {
  model: base
  data: chats
  target: true
  weight: 1 / step.targets
  batch: each(8 sequences, overflow: error, last: keep)
  optimizer: adamw(lr: 1e-3)
  length: 2 epochs
}
eval e {
  model: t
  during: every(5 min)
  unseen: loss(held)
})",
     R"(5 min: 'during' counts steps or epochs, so that every run measures at the same ones)",
     R"(train t {
  model: base
  data: chats
  target: true
  weight: 1 / step.targets
  batch: each(8 sequences, overflow: error, last: keep)
  optimizer: adamw(lr: 1e-3)
  length: 2 epochs
}
eval e {
  model: t
  during: every(5 steps)
  unseen: loss(held)
})"},
    {Around::File, R"(train t {
  model: base
  data: chats
  target: true
  weight: 1 / step.targets
  batch: each(8 sequences, overflow: error, last: keep)
  optimizer: adamw(lr: 1e-3)
  length: 2 epochs
}
eval e {
  model: t { context: 32Ki }
  during: every(5 steps)
  unseen: loss(held)
})",
     R"(every(5 steps): 'during' measures while a train runs, but 'model' is a block over one, which is another model
	t { context: 32Ki }: the model is here)",
     R"(train t {
  model: base
  data: chats
  target: true
  weight: 1 / step.targets
  batch: each(8 sequences, overflow: error, last: keep)
  optimizer: adamw(lr: 1e-3)
  length: 2 epochs
}
eval e {
  model: t
  during: every(5 steps)
  unseen: loss(held)
})"},
    {Around::Eval, R"(writes: samples(docs))",
     R"(docs: expected a list of a text for 'prompts' of samples, found the data 'docs')",
     R"(writes: samples(["Once"]))"},
    {Around::Eval, R"(writes: samples(["Once"], tokens: 0))",
     R"(0: 'tokens' of samples must be at least 1)", R"(writes: samples("Once", tokens: 9))"},
    {Around::Eval, R"(writes: samples(["Once"], top_p: 120%))",
     R"(120%: 'top_p' of samples is a share: at most 100%)",
     R"(writes: samples(["Once"], temperature: 0.8, top_p: 90%))"},
    {Around::Eval, R"(writes: samples(["Once"], as: assistant))",
     R"(assistant: expected text or user for 'as' of samples, found 'assistant')",
     R"(writes: samples(["Once"], as: user))"},
    {Around::Eval, R"(tempalte: chatml)",
     R"(tempalte: unknown key 'tempalte' in eval; did you mean 'template'?)",
     R"(template: chatml)"},
    {Around::Eval, R"(other: adamw(lr: 1))",
     R"(adamw: expected a measurement for 'measurement' of eval, found 'adamw', which is an optimizer)",
     R"(other: loss(docs))"},
    {Around::Run, R"(dtype: fp16)",
     R"(fp16: expected bf16, f32, tf32 or f64 for 'dtype' of run, found 'fp16'; write bf16)",
     R"(dtype: bf16)"},
    {Around::Run, R"(memory: 80)",
     R"(80: expected auto or bytes for 'memory' of run, found a plain number; bytes are written 80GB)",
     R"(memory: 80GB)"},
    {Around::Run, R"(memory: 80 tokens)",
     R"(80 tokens: expected auto or bytes for 'memory' of run, found tokens)", R"(memory: 80GiB)"},
    {Around::Run, R"(micro_batch: 16Ki steps)",
     R"(16Ki steps: expected auto or tokens for 'micro_batch' of run, found steps)",
     R"(micro_batch: 16Ki tokens)"},
    {Around::Run, R"(threads: 0)", R"(0: 'threads' of run must be at least 1)", R"(threads: 1)"},
    {Around::Run, R"(threads: 1025)", R"(1025: found 1025 threads, expected at most 1024)",
     R"(threads: 1024)"},
    {Around::Run, R"(save: every(3 sequences))",
     R"(3 sequences: expected steps, epochs, minutes or hours for 'interval' of every, found sequences)",
     R"(save: every(3 epochs))"},
    {Around::Run, R"(log: every(10 steps, keep: 3))",
     R"(3: 'keep' is of 'save'; a line of the log is never removed)", R"(log: every(10 steps))"},
    {Around::Run, R"(save: 200)",
     R"(200: expected every(…) or none for 'save' of run, found a plain number; as in every(30 min, keep: 2))",
     R"(save: every(200 steps))"},
    {Around::Run, R"(dtype: f64
device: cuda)",
     R"(f64: f64 is for the CPU, where tests use it)",
     R"(dtype: f64
device: cpu)"},
    {Around::Run, R"(arch: sm_90a)",
     R"(sm_90a: sm_90a is of a GPU, and device: cpu is the processor; expected native, or portable, avx2 or avx512)",
     R"(arch: avx2)"},
    {Around::Run, R"(device: simt
arch: avx2)",
     R"(avx2: avx2 is of a processor, and device: simt is a GPU; expected native, or sm_80, sm_90a, sm_100a or sm_120a)",
     R"(device: simt
arch: sm_80)"},
    {Around::Run, R"(lr: 1e-3)", R"(lr: unknown key 'lr' in run; write optimizer: adamw(lr: 2e-5))",
     R"(log: every(10 steps))"},
    {Around::Run, R"(deterministic: 1)",
     R"(1: expected true or false for 'deterministic' of run, found a plain number)",
     R"(deterministic: false)"},
};

TEST(Refusals, Measuring) {
  expectRefusals(refusals);
}

} // namespace roux
