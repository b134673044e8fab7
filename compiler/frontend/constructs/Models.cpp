//===- Models.cpp - the rows of models and tokenizers ---------------------===//
//
// A model is a value: loaded, made, changed by a block, added to another. Its
// context and its rotary positions belong to it and are written nowhere else.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow architectures[] = {
    {.name = "llama", .text = "pre-norm, rotary positions, gated feed-forward, no bias"}};
static constexpr WordRow patterns[] = {
    {.name = "none", .text = "the file brings its own"},
    {.name = "gpt2", .text = "GPT-2's and r50k's"},
    {.name = "cl100k", .text = "GPT-4's"},
    {.name = "o200k", .text = "GPT-4o's"},
    {.name = "llama3", .text = "Llama 3's"},
    {.name = "qwen2", .text = "Qwen's"},
};
static constexpr WordRow templates[] = {
    {.name = "own", .text = "the model's `chat_template`"},
    {.name = "longalign", .text = "LongAlign's: an end-of-sequence label after every answer"},
    {.name = "llama2", .text = "Llama 2's `[INST]`"},
    {.name = "llama3", .text = "Llama 3's headers"},
    {.name = "chatml", .text = "`<|im_start|>`"},
    {.name = "mistral", .text = "Mistral's `[INST]`"},
    {.name = "plain", .text = "the turns one after the other"},
};

static constexpr Parameter loadTokenizer[] = {
    {.name = "file",
     .types = Path,
     .text = "tokenizer.json, SentencePiece .model, tiktoken ranks or llama2.c's tok*.bin",
     .positional = true},
    {.name = "pattern",
     .types = Word,
     .fallback = "none",
     .text = "how text is cut before merging; tiktoken ranks need it",
     .words = patterns}};
static constexpr Parameter bpe[] = {
    {.name = "data", .types = Data, .text = "what it is trained on", .positional = true},
    {.name = "vocab",
     .types = Number,
     .text = "number of ids, special ones included",
     .bound = Bound::Count}};
static constexpr Parameter load[] = {{.name = "path",
                                      .types = Path,
                                      .text = "a Hugging Face folder or a llama2.c file",
                                      .positional = true}};
static constexpr Parameter fresh[] = {
    {.name = "architecture",
     .types = Word,
     .text = "its shape",
     .words = architectures,
     .positional = true},
    {.name = "tokenizer", .types = Tokenizer, .text = "gives the vocabulary too"},
    {.name = "layers", .types = Number, .text = "transformer blocks", .bound = Bound::Count},
    {.name = "dim", .types = Number, .text = "width of the residual stream", .bound = Bound::Count},
    {.name = "heads", .types = Number, .text = "attention heads", .bound = Bound::Count},
    {.name = "kv_heads",
     .types = Number,
     .fallback = "=heads",
     .text = "heads with keys and values of their own; divides `heads`",
     .bound = Bound::Count},
    {.name = "ffn",
     .types = Number,
     .text = "width inside the feed-forward",
     .bound = Bound::Count},
    {.name = "context",
     .types = Number,
     .text = "longest sequence",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "tied",
     .types = Boolean,
     .fallback = "false",
     .text = "input and output embedding are one tensor"},
    {.name = "deviation",
     .types = Number,
     .fallback = "0.02",
     .text = "of the normal distribution that fresh weights are drawn from; the projections back "
             "into the residual stream use it over sqrt(2 * layers)",
     .bound = Bound::Positive}};
static constexpr Parameter endpoint[] = {
    {.name = "url", .types = Text, .text = "an OpenAI-style endpoint", .positional = true},
    {.name = "name", .types = Text, .text = "the model's name there", .positional = true},
    {.name = "key", .types = Call, .text = "where the key is kept", .family = Family::Secret},
    {.name = "spend",
     .types = Number,
     .text = "asking stops when this many dollars are spent",
     .bound = Bound::Positive}};
static constexpr Parameter secret[] = {
    {.name = "variable", .types = Text, .text = "name of the variable", .positional = true}};
static constexpr Parameter base[] = {{.name = "theta",
                                      .types = Number,
                                      .text = "base of the angles",
                                      .bound = Bound::Positive,
                                      .positional = true}};
static constexpr Parameter factor[] = {{.name = "factor",
                                        .types = Number,
                                        .text = "new context over the old one",
                                        .bound = Bound::Positive}};
static constexpr Parameter lora[] = {
    {.name = "rank", .types = Number, .text = "of the update", .bound = Bound::Count},
    {.name = "alpha",
     .types = Number,
     .fallback = "=rank",
     .text = "the update is scaled by alpha / rank",
     .bound = Bound::Positive}};

static constexpr Parameter overrides[] = {
    {.name = "tokenizer",
     .types = Tokenizer,
     .fallback = "none",
     .text = "instead of the model's own",
     .example = "tokenizer: ids"},
    {.name = "template",
     .types = Word,
     .fallback = "none",
     .text = "how conversations are rendered; a model without one of its own needs it",
     .words = templates,
     .example = "template: longalign"},
    {.name = "rope",
     .types = Call,
     .fallback = "none",
     .text = "rotary positions",
     .family = Family::Rope,
     .example = "rope: base(2_000_000)"},
    {.name = "context",
     .types = Number,
     .fallback = "none",
     .text = "longest sequence",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count,
     .example = "context: 64Ki"},
    {.name = "adapt",
     .types = Call,
     .fallback = "none",
     .text = "trains an addition to the weights instead of the weights",
     .family = Family::Adapter,
     .state = State::CheckedOnly,
     .example = "adapt: lora(rank: 16)"}};
const Construct modelOverride = {.name = "override",
                                 .family = Family::Model,
                                 .parameters = overrides,
                                 .text = "a model with some of its properties changed",
                                 .example = "base { context: 64Ki }",
                                 .state = State::Runs};

static constexpr Construct rows[] = {
    {.name = "load",
     .family = Family::Tokenizer,
     .parameters = loadTokenizer,
     .text = "a tokenizer from a file",
     .example = R"(load("tokenizers/cl100k.tiktoken", pattern: cl100k))",
     .state = State::Runs},
    {.name = "bpe",
     .family = Family::Tokenizer,
     .parameters = bpe,
     .text = "trains a byte-pair tokenizer",
     .example = "bpe(docs, vocab: 4Ki)",
     .state = State::Runs},
    {.name = "load",
     .family = Family::Model,
     .parameters = load,
     .text = "a model from disk, with its tokenizer and template",
     .example = R"(load("models/llama-2-7b"))",
     .state = State::Runs},
    {.name = "new",
     .family = Family::Model,
     .parameters = fresh,
     .text = "a model with fresh weights",
     .example = "new(llama, tokenizer: ids, layers: 5, dim: 64, heads: 8, kv_heads: 4, ffn: 172, "
                "context: 512)",
     .state = State::Runs},
    {.name = "endpoint",
     .family = Family::Model,
     .parameters = endpoint,
     .text = "a model elsewhere, which can only answer",
     .example = R"(endpoint("https://host/v1", "large", key: env("KEY"), spend: 20))"},
    {.name = "env",
     .family = Family::Secret,
     .parameters = secret,
     .text = "an environment variable; never printed or saved",
     .example = R"(endpoint("https://host/v1", "large", key: env("KEY"), spend: 20))"},
    {.name = "base",
     .family = Family::Rope,
     .parameters = base,
     .text = "another base of the angles",
     .example = "base(2_000_000)",
     .state = State::Runs},
    {.name = "ntk",
     .family = Family::Rope,
     .parameters = factor,
     .text = "the base that dynamic NTK scaling gives for this factor, fixed",
     .example = "ntk(factor: 10)",
     .state = State::Runs},
    {.name = "linear",
     .family = Family::Rope,
     .parameters = factor,
     .text = "position interpolation: positions divided by the factor",
     .example = "linear(factor: 4)",
     .state = State::Runs},
    {.name = "yarn",
     .family = Family::Rope,
     .parameters = factor,
     .text = "YaRN: interpolation by wavelength",
     .example = "yarn(factor: 16)",
     .state = State::Runs},
    {.name = "lora",
     .family = Family::Adapter,
     .parameters = lora,
     .text = "low-rank updates of every linear layer",
     .example = "lora(rank: 16)"},
};
const std::span<const Construct> models = rows;

} // namespace roux::parts
