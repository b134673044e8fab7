//===- RefusalFileTest.cpp - what is refused in names, uses and params ----===//
//
// What can be wrong between the definitions of a recipe.
//
//===----------------------------------------------------------------------===//
#include "tests/frontend/check/Refusals.h"

namespace roux {

static constexpr Refusal refusals[] = {
    {Around::File, R"(data x = docs | shufle)",
     R"(shufle: expected an operation on data, found 'shufle'; did you mean 'shuffle'?)",
     R"(data x = docs | shuffle)"},
    {Around::File, R"(modle x = base)", R"(modle: unknown kind 'modle'; did you mean 'model'?)",
     R"(model x = base)"},
    {Around::File, R"(param a = 1)", R"(a: nothing uses the param 'a')",
     R"(param a = 1
data x = docs | sample(a))"},
    {Around::File, R"(prompt p = "{document}")", R"(p: nothing uses the prompt 'p')",
     R"(prompt p = "{document}"
data x = docs | ask(teacher, q: p))"},
    {Around::File, R"(tokenizer t = load("t.json"))", R"(t: nothing uses the tokenizer 't')",
     R"(tokenizer t = load("t.json")
model m = base { tokenizer: t })"},
    {Around::File, R"(data docs = chats)",
     R"(docs: 'docs' is defined twice
	docs: first defined here)",
     R"(data more = chats)"},
    {Around::File, R"(data a = b | shuffle
data b = a | shuffle)",
     R"(b: cyclic definition: b -> a -> b
	a: 'a' is defined here)",
     R"(data a = docs | shuffle
data b = a | shuffle)"},
    {Around::File, R"(model a = a)", R"(a: cyclic definition: a -> a)", R"(model a = base)"},
    {Around::File, R"(seed 1
seed 2)",
     R"(seed 2: a recipe has one seed
	seed 1: the first is here)",
     R"(seed 1)"},
    {Around::File, R"(seed 1.5)", R"(seed 1.5: a seed is a whole number from 0)", R"(seed 15)"},
    {Around::File, R"(run { dtype: f32 }
run { dtype: bf16 })",
     R"(run: a recipe has one run block
	run: the first is here)",
     R"(run { dtype: f32 })"},
    {Around::File, R"(data x = docs { })", R"({ }: data has no block)", R"(data x = docs)"},
    {Around::File, R"(train x = base)",
     R"(base: a train is made by its block alone; found a value)",
     R"(train x { model: base, data: docs, target: true, weight: 1 / step.targets, batch: tokens(4Ki, overflow: drop, last: keep), optimizer: adamw(lr: 1e-3), length: 1 epochs })"},
    {Around::File, R"(use "missing.recipe")", R"("missing.recipe": cannot read 'missing.recipe')",
     R"()"},
    {Around::File, R"(param a = 3 steps
train x { model: base, data: docs, target: true, weight: 1 / step.targets, batch: tokens(a, overflow: drop, last: keep), optimizer: adamw(lr: 1e-3), length: 1 epochs })",
     R"(a: expected tokens for 'budget' of tokens, found steps)",
     R"(param a = 3Ki tokens
train x { model: base, data: docs, target: true, weight: 1 / step.targets, batch: tokens(a, overflow: drop, last: keep), optimizer: adamw(lr: 1e-3), length: 1 epochs })"},
    {Around::File, R"(param a = 3 steps + 2 tokens
data x = docs | sample(a))",
     R"(3 steps + 2 tokens: sums and differences need one unit; found steps and tokens)",
     R"(param a = 3 records + 2 records
data x = docs | sample(a))"},
    {Around::File, R"(param a = docs
data x = docs | sample(a))",
     R"(docs: expected a number, a text, true, false, a range or a list, found the data 'docs')",
     R"(param a = 3
data x = docs | sample(a))"},
    {Around::File, R"(param a = 1 / 0
data x = docs | sample(a))",
     R"(1 / 0: the value is not a finite number)",
     R"(param a = 4 / 2
data x = docs | sample(a))"},
};

TEST(Refusals, Definitions) {
  expectRefusals(refusals);
}

} // namespace roux
