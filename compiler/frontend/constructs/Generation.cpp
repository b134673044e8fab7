//===- Generation.cpp - the rows of data written by a model ---------------===//
//
// LongAlign's questions and answers, Llama 2 Long's self-instruct: a model adds
// fields to records, the rest is choosing among them.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow wholes[] = {{.name = "whole", .text = "all of it"}};

static constexpr Parameter input = {.name = "data",
                                    .types = Data,
                                    .text = "the records, usually from the left of `|`",
                                    .positional = true};
static constexpr Parameter ask[] = {
    input,
    {.name = "model", .types = Model, .text = "who answers", .positional = true},
    {.name = "parse",
     .types = Word | Call,
     .fallback = "whole",
     .text = "what of the answer is the field's value",
     .words = wholes,
     .family = Family::Parse},
    {.name = "on",
     .types = Word | Call,
     .fallback = "whole",
     .text = "how much of the document a prompt sees",
     .words = wholes,
     .family = Family::Chunk},
    {.name = "tokens",
     .types = Number,
     .fallback = "1Ki",
     .text = "at most, of an answer",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "temperature",
     .types = Number,
     .fallback = "0",
     .text = "0: the likeliest token",
     .bound = Bound::NotNegative}};
static constexpr Parameter field = {.name = "field",
                                    .types = Prompt | Call,
                                    .text = "named after the field it makes: what is asked",
                                    .family = Family::Choice};
static constexpr Parameter pick[] = {
    input,
    {.name = "field", .types = Field, .text = "a field with several values", .positional = true},
    {.name = "count",
     .types = Number,
     .text = "how many, drawn at random",
     .bound = Bound::Count,
     .positional = true}};
static constexpr Parameter asChat[] = {
    input,
    {.name = "user", .types = Prompt, .text = "the user's turn"},
    {.name = "assistant", .types = Prompt, .text = "the assistant's turn"},
    {.name = "system", .types = Prompt | None, .fallback = "none", .text = "the system's turn"}};
static constexpr Parameter numbered[] = {{.name = "count",
                                          .types = Number,
                                          .text = "items expected; another number fails the record",
                                          .bound = Bound::Count,
                                          .positional = true}};
static constexpr Parameter tag[] = {
    {.name = "name", .types = Text, .text = "the tag around the value", .positional = true}};
static constexpr Parameter tags[] = {{.name = "names",
                                      .types = List | Text,
                                      .text = "tags, each around a value of its own",
                                      .positional = true}};
static constexpr Parameter chunk[] = {{.name = "length",
                                       .types = Number,
                                       .text = "of the chunk",
                                       .measures = bit(Measure::Tokens),
                                       .bound = Bound::Count,
                                       .positional = true}};
static constexpr Parameter choice[] = {{.name = "prompts",
                                        .types = Prompt,
                                        .text = "one of these, drawn for each record",
                                        .positional = true,
                                        .repeated = true}};

static constexpr Construct rows[] = {
    {.name = "ask",
     .family = Family::Record,
     .parameters = ask,
     .named = &field,
     .text = "adds a field to each record: a model's answer to a prompt; `field.chunk` and "
             "`field.choice` are what was drawn for it",
     .example = R"(docs | ask(teacher, q: "{document}\n\nAsk a question.", parse: numbered(5)))",
     .state = State::Runs},
    {.name = "pick",
     .family = Family::Record,
     .parameters = pick,
     .text = "keeps some of a field's values",
     .example = R"(docs | ask(teacher, q: "Ask: {document}", parse: numbered(5)) | pick(q, 1))",
     .state = State::Runs},
    {.name = "as_chat",
     .family = Family::Record,
     .parameters = asChat,
     .text = "records become conversations",
     .example =
         R"(docs | ask(teacher, a: "Sum up: {document}") | as_chat(user: "{document}", assistant: "{a}"))",
     .state = State::Runs},
    {.name = "numbered",
     .family = Family::Parse,
     .parameters = numbered,
     .text = "the items of a numbered list",
     .example = R"(docs | ask(teacher, q: "{document}", parse: numbered(5)))",
     .state = State::Runs},
    {.name = "tag",
     .family = Family::Parse,
     .parameters = tag,
     .text = "what stands between <name> and </name>",
     .example = R"(docs | ask(teacher, q: "{document}", parse: tag("q")))",
     .state = State::Runs},
    {.name = "tags",
     .family = Family::Parse,
     .parameters = tags,
     .text = "the same of several, each a field `field.tag`",
     .example = R"(docs | ask(teacher, qa: "{document}", parse: tags(["q", "a"])))",
     .state = State::Runs},
    {.name = "chunk",
     .family = Family::Chunk,
     .parameters = chunk,
     .text = "a random piece of the document",
     .example = R"(docs | ask(teacher, q: "{document}", on: chunk(4Ki tokens)))",
     .state = State::Runs},
    {.name = "choice",
     .family = Family::Choice,
     .parameters = choice,
     .text = "one of several prompts, drawn for each record",
     .example = R"(docs | ask(teacher, q: choice("Sum up {document}", "Ask about {document}")))",
     .state = State::Runs},
};
const std::span<const Construct> generation = rows;

} // namespace roux::parts
