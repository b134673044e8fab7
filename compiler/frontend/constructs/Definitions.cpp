//===- Definitions.cpp - the rows of the kinds of definition --------------===//
//
// The words a definition may begin with, and what their blocks may say.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static const Construct rows[] = {
    {.name = "param",
     .family = Family::Definition,
     .text = "a value with a name, set on the command line with --set",
     .example = "param peak = 2e-5",
     .state = State::Runs},
    {.name = "prompt",
     .family = Family::Definition,
     .text = "a text with `{field}` holes",
     .example = R"(prompt summary = "{document}\n\nSum this up.")",
     .state = State::Runs},
    {.name = "tokenizer",
     .family = Family::Definition,
     .text = "text to ids and back",
     .example = R"(tokenizer small = load("tokenizer.json"))",
     .state = State::Runs},
    {.name = "model",
     .family = Family::Definition,
     .text = "weights, their shape, tokenizer and template; a block overrides what it names",
     .example = "model wide = base { context: 64Ki, rope: base(2_000_000) }",
     .state = State::Runs},
    {.name = "data",
     .family = Family::Definition,
     .text = "records",
     .example = R"(data books = text("books/*.txt", ends: both) | shuffle)",
     .state = State::Runs},
    {.name = "score",
     .family = Family::Definition,
     .parameters = scoreKeys,
     .text = "a number for each token, span or sequence, from a model; read as an attribute",
     .example = "score hard { data: docs, model: base, value: perplexity(sequence) }",
     .state = State::Runs},
    {.name = "train",
     .family = Family::Definition,
     .parameters = trainKeys,
     .text = "a model made from a model by training",
     .example = R"(train tuned {
  model:     base
  data:      chats
  target:    role == assistant
  weight:    1 / step.targets
  batch:     8 * pack(8Ki tokens, overflow: drop, last: drop)
  optimizer: adamw(lr: 2e-5)
  length:    2 epochs
})",
     .state = State::Runs},
    {.name = "eval",
     .family = Family::Definition,
     .parameters = evalKeys,
     .named = &evalTask,
     .text = "measurements of a model",
     .example = "eval report { model: base, target: true, unseen: loss(docs) }",
     .state = State::Runs},
    {.name = "run",
     .family = Family::Definition,
     .parameters = runKeys,
     .text = "how it is done, never what",
     .example = "run { dtype: bf16, memory: 80GB }",
     .state = State::Runs},
};
const std::span<const Construct> definitions = rows;

} // namespace roux::parts
