//===- Records.cpp - the rows of what changes records ---------------------===//
//
// Data flow from left to right: every row takes data first, which `|` supplies.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow mixedBy[] = {
    {.name = "tokens", .text = "shares of tokens"},
    {.name = "sequences", .text = "shares of sequences"},
};
static constexpr WordRow shorts[] = {
    {.name = "stop", .text = "the epoch ends with it; what the others have left is never seen"},
    {.name = "repeat", .text = "it begins again, until every source has been read to its end"},
};
static constexpr WordRow directions[] = {
    {.name = "rising", .text = "smallest first"},
    {.name = "falling", .text = "largest first"},
};
static constexpr WordRow roles[] = {
    {.name = "any", .text = "every turn, and documents"},
    {.name = "system", .text = "system turns"},
    {.name = "user", .text = "user turns"},
    {.name = "assistant", .text = "assistant turns"},
    {.name = "tool", .text = "tool turns"},
};
static constexpr WordRow tails[] = {
    {.name = "drop", .text = "the piece that is too short is left out and counted"},
    {.name = "keep", .text = "it stays, shorter than the others"},
};
const std::span<const WordRow> tailWords = tails;
static constexpr WordRow sides[] = {
    {.name = "right", .text = "the end is cut off"},
    {.name = "left", .text = "the beginning is cut off"},
    {.name = "middle", .text = "the first and the last half stay"},
};
static constexpr WordRow overlongs[] = {
    {.name = "random", .text = "a length drawn so that every length gets the same tokens"},
    {.name = "largest", .text = "the largest length, again and again"},
};
static constexpr WordRow sites[] = {
    {.name = "sentence", .text = "after `.`, `?`, `!` or a line's end"},
    {.name = "turn", .text = "at every turn of a chat"},
};

static constexpr Parameter input = {.name = "data",
                                    .types = Data,
                                    .text = "the records, usually from the left of `|`",
                                    .positional = true};
static constexpr Parameter condition[] = {input,
                                          {.name = "condition",
                                           .types = Formula,
                                           .text = "a truth for each sequence",
                                           .place = Place::Where,
                                           .positional = true}};
static constexpr Parameter sample[] = {input,
                                       {.name = "amount",
                                        .types = Number,
                                        .text = "how many, or which share",
                                        .measures = bit(Measure::Records) | bit(Measure::Percent),
                                        .bound = Bound::NotNegative,
                                        .positional = true}};
static constexpr Parameter without[] = {
    input, {.name = "others", .types = Data, .text = "records to leave out", .positional = true}};
static constexpr Parameter plain[] = {input};
static constexpr Parameter concat[] = {{.name = "data",
                                        .types = Data,
                                        .text = "data, in this order",
                                        .positional = true,
                                        .repeated = true}};
static constexpr Parameter mix[] = {
    {.name = "by", .types = Word, .text = "what the shares are shares of", .words = mixedBy},
    {.name = "short",
     .types = Word,
     .fallback = "stop",
     .text = "a source that runs out before another; what is not written is warned of",
     .words = shorts}};
static constexpr Parameter share = {.name = "share",
                                    .types = Number,
                                    .text = "named after the data: its share of the mix",
                                    .measures = bit(Measure::Percent),
                                    .bound = Bound::Positive};
static constexpr Parameter repeat[] = {input,
                                       {.name = "times",
                                        .types = Number,
                                        .text = "how often each record appears in an epoch",
                                        .bound = Bound::Count,
                                        .positional = true}};
static constexpr Parameter join[] = {input,
                                     {.name = "by",
                                      .types = Formula,
                                      .text = "records of equal value become one, in their order",
                                      .place = Place::JoinBy}};
static constexpr Parameter sort[] = {
    input,
    {.name = "by", .types = Formula, .text = "a number for each sequence", .place = Place::By},
    {.name = "order",
     .types = Word,
     .fallback = "rising",
     .text = "which end comes first",
     .words = directions}};
static constexpr Parameter keep[] = {
    input,
    {.name = "top",
     .types = Number,
     .text = "how many, or which share, with the largest values",
     .measures = bit(Measure::Records) | bit(Measure::Percent),
     .bound = Bound::Positive},
    {.name = "by", .types = Formula, .text = "a number for each sequence", .place = Place::By}};
static constexpr Parameter strip[] = {input,
                                      {.name = "characters",
                                       .types = Text,
                                       .text = "each of these characters is deleted",
                                       .positional = true},
                                      {.name = "from",
                                       .types = Word,
                                       .fallback = "any",
                                       .text = "the turns it is deleted from",
                                       .words = roles}};
static constexpr Parameter spans[] = {input,
                                      {.name = "tokens",
                                       .types = Number,
                                       .fallback = "none",
                                       .text = "spans of this many tokens; this or `at`",
                                       .measures = bit(Measure::Tokens),
                                       .bound = Bound::Count},
                                      {.name = "at",
                                       .types = Word | Call,
                                       .fallback = "none",
                                       .text = "spans that end here; this or `tokens`",
                                       .words = sites,
                                       .family = Family::Site},
                                      {.name = "tail",
                                       .types = Word,
                                       .fallback = "keep",
                                       .text = "the last span, when it is short of `tokens`",
                                       .words = tails},
                                      {.name = "at_most",
                                       .types = Number | None,
                                       .fallback = "none",
                                       .text = "more spans than this: a random choice, in order",
                                       .bound = Bound::Count}};
static constexpr Parameter keepSpans[] = {input,
                                          {.name = "condition",
                                           .types = Formula,
                                           .text = "a truth for each span; the rest is cut out",
                                           .place = Place::KeepSpans,
                                           .positional = true}};
static constexpr Parameter cut[] = {
    input,
    {.name = "length",
     .types = Number,
     .text = "no sequence stays longer",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count,
     .positional = true},
    {.name = "side", .types = Word, .text = "which side goes", .words = sides},
    {.name = "field",
     .types = Text | None,
     .fallback = "none",
     .text = "cut this field of the record instead, or its `document`"}};
static constexpr Parameter split[] = {
    input,
    {.name = "pow2",
     .types = Range,
     .text = "pieces with powers of two of positions, the largest first",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "overlong",
     .types = Word,
     .text = "the length of a piece cut from more than the largest",
     .words = overlongs},
    {.name = "tail", .types = Word, .text = "what is left below the smallest", .words = tails}};
static constexpr Parameter delimiters[] = {{.name = "texts",
                                            .types = List | Text,
                                            .text = "a span ends after each of these",
                                            .positional = true}};

static constexpr Construct rows[] = {
    {.name = "where",
     .family = Family::Record,
     .parameters = condition,
     .text = "the sequences for which the condition holds",
     .example = "docs | where(sequence.tokens in 8Ki..64Ki)",
     .state = State::Runs},
    {.name = "sample",
     .family = Family::Record,
     .parameters = sample,
     .text = "a random choice, in order",
     .example = "docs | sample(5%)",
     .state = State::Runs},
    {.name = "without",
     .family = Family::Record,
     .parameters = without,
     .text = "the records that are not among the others",
     .example = "chats | without(held)",
     .state = State::Runs},
    {.name = "shuffle",
     .family = Family::Record,
     .parameters = plain,
     .text = "a random order, the same in every epoch",
     .example = "docs | shuffle",
     .bare = true,
     .state = State::Runs},
    {.name = "concat",
     .family = Family::Record,
     .parameters = concat,
     .text = "one after the other",
     .example = "concat(docs, chats)",
     .state = State::Runs},
    {.name = "mix",
     .family = Family::Record,
     .parameters = mix,
     .named = &share,
     .text = "sources interleaved by shares, which add up to 100%",
     .example = "mix(docs: 60%, chats: 40%, by: tokens, short: repeat)",
     .state = State::Runs},
    {.name = "repeat",
     .family = Family::Record,
     .parameters = repeat,
     .text = "every record several times",
     .example = "docs | repeat(2)",
     .state = State::Runs},
    {.name = "join",
     .family = Family::Record,
     .parameters = join,
     .text = "one record of all that share a value",
     .example = R"(docs | join(by: field("repo")))",
     .state = State::Runs},
    {.name = "sort",
     .family = Family::Record,
     .parameters = sort,
     .text = "ordered by a number",
     .example = "docs | sort(by: sequence.tokens)",
     .state = State::Runs},
    {.name = "keep",
     .family = Family::Record,
     .parameters = keep,
     .text = "the best by a number, in their order",
     .example = "docs | keep(top: 50%, by: sequence.tokens)",
     .state = State::Runs},
    {.name = "strip",
     .family = Family::Record,
     .parameters = strip,
     .text = "characters deleted from the text",
     .example = R"(chats | strip("\t", from: assistant))",
     .state = State::Runs},
    {.name = "spans",
     .family = Family::Record,
     .parameters = spans,
     .text = "marks spans; rows stay as they are",
     .example = "docs | spans(at: sentence)",
     .state = State::Runs},
    {.name = "keep_spans",
     .family = Family::Record,
     .parameters = keepSpans,
     .text = "only the spans for which the condition holds",
     .example = "docs | spans(tokens: 128) | keep_spans(span.index < 8)",
     .state = State::Runs},
    {.name = "cut",
     .family = Family::Record,
     .parameters = cut,
     .text = "no sequence longer than this",
     .example = "docs | cut(24Ki tokens, side: right)",
     .state = State::Runs},
    {.name = "split",
     .family = Family::Record,
     .parameters = split,
     .text = "one record into several sequences",
     .example = "docs | split(pow2: 256..8Ki, overlong: random, tail: drop)",
     .state = State::Runs},
    {.name = "delimiters",
     .family = Family::Site,
     .parameters = delimiters,
     .text = "spans end after these texts",
     .example = R"(docs | spans(at: delimiters([".", "\n"])))",
     .state = State::Runs},
};
const std::span<const Construct> records = rows;

} // namespace roux::parts
