//===- Sources.cpp - the rows of what reads files -------------------------===//
//
// A source is the only construct that names training files. Its definition is
// what `source` means for every record that comes from it.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow layouts[] = {
    {.name = "auto", .text = "told from the record's keys and named in the ledger"},
    {.name = "messages", .text = "`messages: [{role, content}]`"},
    {.name = "sharegpt", .text = "`conversations: [{from, value}]`"},
    {.name = "alpaca", .text = "`instruction`, `input`, `output`"},
};
static constexpr WordRow ends[] = {
    {.name = "none", .text = "neither"},
    {.name = "bos", .text = "begin-of-sequence before the text; never a label"},
    {.name = "eos", .text = "end-of-sequence after the text; a label"},
    {.name = "both", .text = "both"},
};
static constexpr WordRow onError[] = {
    {.name = "stop", .text = "the first bad record ends the run"},
    {.name = "skip", .text = "a bad record is left out and counted in the ledger"},
};

static constexpr Parameter readingOptions[] = {
    {.name = "on_error",
     .types = Word,
     .fallback = "stop",
     .text = "what to do with a record that cannot be read",
     .words = onError},
    {.name = "max_record",
     .types = Number,
     .fallback = "1GiB",
     .text = "a longer record is a bad record",
     .measures = bit(Measure::Bytes),
     .bound = Bound::Positive},
};
static constexpr Parameter files = {.name = "files",
                                    .types = Pattern,
                                    .text = "a file or a pattern with `*`; JSONL or plain, gzip or "
                                            "zstd; relative to the recipe",
                                    .positional = true};
static constexpr Parameter specialEnds = {.name = "ends",
                                          .types = Word,
                                          .text = "special tokens around each record's text",
                                          .words = ends};
static constexpr Parameter chat[] = {
    files,
    {.name = "layout",
     .types = Word,
     .fallback = "auto",
     .text = "the keys of a record",
     .words = layouts},
};
static constexpr Parameter written[] = {files, specialEnds};
static constexpr Parameter tokenized[] = {files};

static constexpr Construct rows[] = {
    {.name = "chat",
     .family = Family::Source,
     .parameters = chat,
     .options = readingOptions,
     .text = "conversations; the model's chat template renders them",
     .example = R"(chat("data/sharegpt.jsonl"))",
     .state = State::Runs},
    {.name = "completion",
     .family = Family::Source,
     .parameters = written,
     .options = readingOptions,
     .text = "records of `prompt` and `completion`",
     .example = R"(completion("data/completions.jsonl", ends: eos))",
     .state = State::Runs},
    {.name = "text",
     .family = Family::Source,
     .parameters = written,
     .options = readingOptions,
     .text = "documents: one a plain file, one a JSONL record with `text`",
     .example = R"(text("books/*.txt", ends: both))",
     .state = State::Runs},
    {.name = "tokens",
     .family = Family::Source,
     .parameters = tokenized,
     .options = readingOptions,
     .text = "records of ids, already tokenized",
     .example = R"(tokens("data/ids.jsonl"))",
     .state = State::Runs},
    {.name = "pairs",
     .family = Family::Source,
     .parameters = tokenized,
     .options = readingOptions,
     .text = "a prompt with a `chosen` and a `rejected` answer; the model's chat template renders "
             "both, a pair is one sequence with two segments, and only the answers have targets",
     .example = R"(pairs("data/preferences.jsonl"))",
     .state = State::Runs},
};
const std::span<const Construct> sources = rows;

} // namespace roux::parts
