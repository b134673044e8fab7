//===- Scoring.cpp - the rows of `score` ----------------------------------===//
//
// A score evaluates an expression with a model in the loop and is read later as
// an attribute.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow fewers[] = {
    {.name = "none", .text = "a sequence with fewer pairs has no score"},
    {.name = "all", .text = "all it has are scored"},
};
static constexpr WordRow places[] = {
    {.name = "sentence", .text = "one a sentence"},
    {.name = "turn", .text = "one a turn"},
};

static constexpr Parameter keys[] = {
    {.name = "data", .types = Data, .text = "what is scored", .example = "data: docs"},
    {.name = "model",
     .types = Model | None,
     .fallback = "none",
     .text = "the model that perplexity() asks; none where the value names its models",
     .example = "model: base"},
    {.name = "spans",
     .types = Word | Call,
     .fallback = "none",
     .text = "what `span` means",
     .words = places,
     .family = Family::Spans,
     .example = "spans: tokens(128, tail: drop, at_most: 256)"},
    {.name = "pairs",
     .types = Call,
     .fallback = "none",
     .text = "what `later` and `earlier` mean",
     .family = Family::Pairs,
     .example = "pairs: earlier(sample: 500, fewer: none)"},
    {.name = "value",
     .types = Formula,
     .text = "the score",
     .place = Place::Score,
     .example = "value: perplexity(sequence)"},
    {.name = "nan",
     .types = Number | None,
     .fallback = "none",
     .text = "the score where the value is not a number; none: an error",
     .example = "nan: 0"},
    {.name = "windows",
     .types = Number | None,
     .fallback = "none",
     .text = "a text longer than a model's context is read in windows that share so many tokens; "
             "none: it is an error",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count,
     .example = "windows: 256 tokens"},
};
const std::span<const Parameter> scoreKeys = keys;

static const Parameter tokens[] = {
    {.name = "length",
     .types = Number,
     .text = "of a span",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count,
     .positional = true},
    {.name = "tail", .types = Word, .text = "the last span, when it is short", .words = tailWords},
    {.name = "at_most",
     .types = Number | None,
     .fallback = "none",
     .text = "more spans than this: a random choice, in order",
     .bound = Bound::Count}};
static constexpr Parameter delimiters[] = {{.name = "texts",
                                            .types = List | Text,
                                            .text = "a span ends after each of these",
                                            .positional = true}};
static constexpr Parameter earlier[] = {{.name = "sample",
                                         .types = Number | None,
                                         .fallback = "none",
                                         .text = "pairs drawn; none: every pair",
                                         .bound = Bound::Count},
                                        {.name = "fewer",
                                         .types = Word,
                                         .text = "a sequence with fewer pairs than `sample`",
                                         .words = fewers}};

static constexpr Construct rows[] = {
    {.name = "tokens",
     .family = Family::Spans,
     .parameters = tokens,
     .text = "spans of a fixed length",
     .example = "tokens(128, tail: drop)",
     .state = State::Runs},
    {.name = "delimiters",
     .family = Family::Spans,
     .parameters = delimiters,
     .text = "spans end after these texts",
     .example = R"(delimiters([".", "\n"]))",
     .state = State::Runs},
    {.name = "earlier",
     .family = Family::Pairs,
     .parameters = earlier,
     .text = "each span with each one before it",
     .example = "earlier(sample: 500, fewer: none)",
     .state = State::Runs},
};
const std::span<const Construct> scoring = rows;

} // namespace roux::parts
