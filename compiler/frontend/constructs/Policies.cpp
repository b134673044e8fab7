//===- Policies.cpp - the rows of batch policies and positions ------------===//
//
// Which sequences meet in an optimizer step, and where in the pack they stand.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow overflows[] = {
    {.name = "error", .text = "planning stops and names the sequence"},
    {.name = "drop", .text = "left out and counted"},
    {.name = "split", .text = "into sequences of the capacity"},
};
static constexpr WordRow lasts[] = {
    {.name = "keep", .text = "an unfinished unit and step are trained on"},
    {.name = "drop", .text = "they are left out and counted"},
};
static constexpr WordRow orders[] = {
    {.name = "same", .text = "one order serves all epochs"},
    {.name = "shuffle", .text = "a fresh order each epoch"},
};
static constexpr WordRow withins[] = {
    {.name = "data", .text = "units mix all data"},
    {.name = "source", .text = "a unit holds sequences of one source"},
};
static constexpr WordRow attends[] = {
    {.name = "sequence", .text = "attention does not leave the sequence"},
    {.name = "pack", .text = "attention reaches back to the pack's begin"},
};
static constexpr WordRow labels[] = {
    {.name = "sequence", .text = "a sequence's first token is no label"},
    {.name = "pack", .text = "only the pack's first token is no label"},
};
static constexpr WordRow fits[] = {
    {.name = "next", .text = "next-fit: the open pack, else a new one"},
    {.name = "first", .text = "first-fit: the first open pack with room"},
    {.name = "best", .text = "best-fit: the fullest open pack with room; packs are shuffled after"},
    {.name = "decreasing", .text = "best-fit, longest first; packs are shuffled afterwards"},
};
static constexpr WordRow rests[] = {
    {.name = "next", .text = "the rest of a cut sequence begins the next pack"},
    {.name = "drop", .text = "the rest is left out and counted"},
};
static constexpr WordRow sides[] = {
    {.name = "right", .text = "the end is cut off"},
    {.name = "left", .text = "the beginning is cut off"},
    {.name = "middle", .text = "the first and the last half stay"},
};
static constexpr WordRow shorts[] = {
    {.name = "error", .text = "planning stops and names the bucket"},
    {.name = "repeat", .text = "its sequences are used again"},
};
static constexpr WordRow places[] = {
    {.name = "sentence", .text = "where a sentence begins"},
    {.name = "turn", .text = "where a turn begins"},
    {.name = "token", .text = "anywhere"},
};

static constexpr Parameter options[] = {
    {.name = "overflow",
     .types = Word | Call,
     .text = "a sequence longer than the capacity (the pack's, else the model's context)",
     .words = overflows,
     .family = Family::Overflow},
    {.name = "last", .types = Word, .text = "what remains of an epoch", .words = lasts},
    {.name = "order",
     .types = Word,
     .fallback = "same",
     .text = "of the sequences in later epochs",
     .words = orders},
    {.name = "within",
     .types = Word,
     .fallback = "data",
     .text = "which sequences may share a unit",
     .words = withins},
    {.name = "attend",
     .types = Word,
     .fallback = "sequence",
     .text = "how far attention reaches",
     .words = attends},
    {.name = "labels",
     .types = Word,
     .fallback = "sequence",
     .text = "whether a sequence's first token is predicted from the one before it",
     .words = labels}};
static constexpr Parameter units = {.name = "units",
                                    .types = Number,
                                    .fallback = "1",
                                    .text = "written `8 * …`: units in a step",
                                    .bound = Bound::Count,
                                    .multiplier = true};
static constexpr Parameter each[] = {{.name = "count",
                                      .types = Number,
                                      .text = "sequences a step",
                                      .measures = bit(Measure::Sequences),
                                      .bound = Bound::Count,
                                      .positional = true}};
static constexpr Parameter tokens[] = {{.name = "budget",
                                        .types = Number,
                                        .text = "a step takes sequences up to this",
                                        .measures = bit(Measure::Tokens),
                                        .bound = Bound::Count,
                                        .positional = true}};
static constexpr Parameter pack[] = {{.name = "capacity",
                                      .types = Number,
                                      .text = "of a pack",
                                      .measures = bit(Measure::Tokens),
                                      .bound = Bound::Count,
                                      .positional = true},
                                     {.name = "fit",
                                      .types = Word | Call,
                                      .fallback = "next",
                                      .text = "which pack takes a sequence",
                                      .words = fits,
                                      .family = Family::Fit},
                                     units};
static constexpr Parameter sorted[] = {{.name = "group",
                                        .types = Number,
                                        .text = "neighbours in length that stay together",
                                        .measures = bit(Measure::Sequences),
                                        .bound = Bound::Count},
                                       units};
static constexpr Parameter bucket[] = {
    {.name = "tokens",
     .types = Number,
     .text = "a step's tokens, whatever its length",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "odds",
     .types = Formula,
     .fallback = "1",
     .text = "how likely a bucket with sequences left is drawn",
     .place = Place::Odds},
    {.name = "quota",
     .types = Formula,
     .fallback = "bucket.tokens",
     .text = "tokens taken from a bucket in an epoch",
     .place = Place::Quota},
    {.name = "cycles",
     .types = Number,
     .fallback = "1",
     .text = "each bucket is dealt into this many parts, used up one after the other",
     .bound = Bound::Count},
    {.name = "short",
     .types = Word,
     .fallback = "error",
     .text = "a bucket with less than its quota",
     .words = shorts}};
static constexpr Parameter cut[] = {
    {.name = "side", .types = Word, .text = "which side goes", .words = sides, .positional = true}};
static constexpr Parameter fill[] = {
    {.name = "rest", .types = Word, .text = "of the sequence at a pack's end", .words = rests}};
static constexpr Parameter gaps[] = {
    {.name = "at", .types = Word, .text = "where a jump may be", .words = places},
    {.name = "sites",
     .types = Number | None,
     .fallback = "none",
     .text = "jumps in a sequence, at places drawn at random; none: at every place",
     .bound = Bound::Count},
    {.name = "span",
     .types = Number,
     .text = "positions reach up to this",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "prefix",
     .types = Formula,
     .fallback = "0",
     .text = "tokens at the begin that keep their positions",
     .place = Place::Prefix},
    {.name = "chance",
     .types = Number,
     .fallback = "100%",
     .text = "that a sequence is bent at all",
     .measures = bit(Measure::Percent),
     .bound = Bound::NotNegative}};

static constexpr Construct policyRows[] = {
    {.name = "each",
     .family = Family::Policy,
     .parameters = each,
     .options = options,
     .text = "that many sequences a step",
     .example = "each(96 sequences, overflow: cut(right), last: drop)",
     .state = State::Runs},
    {.name = "tokens",
     .family = Family::Policy,
     .parameters = tokens,
     .options = options,
     .text = "sequences until the token budget",
     .example = "tokens(4Mi, overflow: error, last: keep)",
     .state = State::Runs},
    {.name = "pack",
     .family = Family::Policy,
     .parameters = pack,
     .options = options,
     .text = "sequences laid end to end in packs, segments kept apart",
     .example = "8 * pack(64Ki tokens, fit: next, overflow: drop, last: drop)",
     .state = State::Runs},
    {.name = "sorted",
     .family = Family::Policy,
     .parameters = sorted,
     .options = options,
     .text = "sorted by length, grouped, groups shuffled",
     .example = "12 * sorted(group: 8, overflow: cut(right), last: drop)",
     .state = State::Runs},
    {.name = "bucket",
     .family = Family::Policy,
     .parameters = bucket,
     .options = options,
     .text = "one length a step, drawn by odds without replacement",
     .example = "bucket(tokens: 512Ki, odds: 8Ki / bucket.length, cycles: 8, overflow: error, "
                "last: drop)",
     .state = State::Runs},
    {.name = "cut",
     .family = Family::Overflow,
     .parameters = cut,
     .text = "down to the capacity",
     .example = "each(8 sequences, overflow: cut(middle), last: drop)",
     .state = State::Runs},
    {.name = "fill",
     .family = Family::Fit,
     .parameters = fill,
     .text = "a sequence is cut where the pack ends",
     .example = "pack(8Ki tokens, fit: fill(rest: next), overflow: split, last: drop)",
     .state = State::Runs},
};
const std::span<const Construct> policies = policyRows;

static constexpr Construct positionRows[] = {
    {.name = "gaps",
     .family = Family::Position,
     .parameters = gaps,
     .text = "positions with jumps: LongRecipe, PoSE, SkipAlign",
     .example = "gaps(at: sentence, span: 32Ki, prefix: uniform(1..sequence.tokens / 2))",
     .state = State::Runs},
};
const std::span<const Construct> positions = positionRows;

} // namespace roux::parts
