//===- RefusalModelTest.cpp - what is refused in models and tokenizers ----===//
//
// What can be wrong in a model, its block and its arithmetic.
//
//===----------------------------------------------------------------------===//
#include "tests/frontend/check/Refusals.h"

namespace roux {

static constexpr Refusal refusals[] = {
    {Around::Model, R"(lode("x"))",
     R"(lode: expected a model, found 'lode'; there is load, new, endpoint, average and saved)",
     R"(load("x"))"},
    {Around::Model, R"(docs)", R"(docs: expected a model, found the data 'docs')", R"(base)"},
    {Around::Model, R"(base { contxt: 64Ki })",
     R"(contxt: unknown key 'contxt' in a model; did you mean 'context'?)",
     R"(base { context: 64Ki })"},
    {Around::Model, R"(base { context: 64Ki steps })",
     R"(64Ki steps: expected tokens for 'context' of a model, found steps)",
     R"(base { context: 64Ki tokens })"},
    {Around::Model, R"(base { rope: base })",
     R"(base: expected base(…), ntk(…), linear(…) or yarn(…) for 'rope' of a model, found 'base'; it takes arguments, as in base(2_000_000))",
     R"(base { rope: base(2e6) })"},
    {Around::Model, R"(base { rope: cosine(to: 0) })",
     R"(cosine: expected base(…), ntk(…), linear(…) or yarn(…) for 'rope' of a model, found 'cosine', which is a part of a schedule)",
     R"(base { rope: linear(factor: 4) })"},
    {Around::Model, R"(base { context: 64Ki, context: 32Ki })",
     R"(context: 'context' is written twice
	context: first written here)",
     R"(base { context: 64Ki })"},
    {Around::Model, R"(0.5 * base + docs)", R"(docs: expected a model, found the data 'docs')",
     R"(0.5 * base + 0.5 * blank)"},
    {Around::Model, R"(base / 2)",
     R"(/: models are added, subtracted and multiplied by a number on their left)",
     R"(0.5 * base)"},
    {Around::Model,
     R"(new(llama, tokenizer: ids, layers: 2, dim: 64, heads: 5, ffn: 128, context: 512))",
     R"(5: 'heads' must divide 'dim'; found 5 and 64)",
     R"(new(llama, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, context: 512))"},
    {Around::Model,
     R"(new(gpt9, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, context: 512))",
     R"(gpt9: expected llama, qwen2, qwen3, olmo2 or openlm for 'architecture' of new, found 'gpt9')",
     R"(new(llama, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, context: 512))"},
    {Around::Model,
     R"(new(qwen3, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, context: 512, truncate: 0.1))",
     R"(0.1: found 0.1 deviations, expected at least 1, or most draws would be drawn again)",
     R"(new(qwen3, tokenizer: ids, layers: 2, dim: 64, heads: 4, ffn: 128, context: 512, truncate: 3))"},
    {Around::Tokenizer, R"(load("ranks.tiktoken"))",
     R"(load("ranks.tiktoken"): tiktoken ranks do not say how text is cut; write 'pattern:')",
     R"(load("ranks.tiktoken", pattern: cl100k))"},
    {Around::Tokenizer, R"(bpe(docs))",
     R"(bpe: bpe needs 'vocab:', number of ids, special ones included)",
     R"(bpe(docs, vocab: 4Ki))"},
    {Around::Model, R"(average(base, saves: 3))",
     R"(base: 'average' is of what a train saved; expected the name of a train)",
     R"(average(trained, saves: 3))"},
};

TEST(Refusals, Models) {
  expectRefusals(refusals);
}

} // namespace roux
