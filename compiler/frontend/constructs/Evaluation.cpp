//===- Evaluation.cpp - the rows of `eval` and what it measures -----------===//
//
// The keys say what is measured with; every other name in the block is a
// measurement of the author's own naming.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow templates[] = {
    {.name = "own", .text = "the model's"},       {.name = "longalign", .text = "LongAlign's"},
    {.name = "llama2", .text = "Llama 2's"},      {.name = "llama3", .text = "Llama 3's"},
    {.name = "chatml", .text = "`<|im_start|>`"}, {.name = "mistral", .text = "Mistral's"},
    {.name = "plain", .text = "the turns"},
};
static constexpr WordRow groupings[] = {
    {.name = "none", .text = "one number"},
    {.name = "position", .text = "by place in the sequence, in powers of two"},
    {.name = "source", .text = "by the definition that read the file"},
};
static constexpr WordRow judges[] = {
    {.name = "exact", .text = "right if the answer contains the needle's words"}};
static constexpr WordRow extracts[] = {
    {.name = "whole", .text = "the whole answer"},
    {.name = "first_line", .text = "up to the first line's end"},
    {.name = "number", .text = "its first number"},
};
static constexpr WordRow metrics[] = {
    {.name = "exact_match", .text = "equal to a reference, but for white space around it"},
    {.name = "contains", .text = "a reference is part of it"},
    {.name = "f1", .text = "`qa_f1`"},
    {.name = "rouge_l", .text = "`rouge`"},
    {.name = "qa_f1", .text = "overlap of words, as LongBench counts"},
    {.name = "qa_f1_zh", .text = "the same for Chinese, over jieba's words"},
    {.name = "rouge", .text = "longest common subsequence, as Python's `rouge` counts"},
    {.name = "rouge_zh", .text = "the same for Chinese, over jieba's words"},
    {.name = "classification", .text = "which of the item's `all_classes` it names"},
    {.name = "retrieval", .text = "the share of its numbers that are the paragraph's"},
    {.name = "retrieval_zh", .text = "the same for Chinese"},
    {.name = "count", .text = "the share of its numbers that are right"},
    {.name = "code_sim", .text = "how alike its first line of code is"},
};
static constexpr WordRow editions[] = {
    {.name = "official", .text = "the published code with its accidents"},
    {.name = "clean", .text = "without them"},
};

static constexpr Parameter keys[] = {
    {.name = "model", .types = Model, .text = "what is measured", .example = "model: base"},
    {.name = "target",
     .types = Formula,
     .fallback = "none",
     .text = "which tokens loss() counts; from the train where the model is one",
     .place = Place::Target,
     .example = "target: role == assistant"},
    {.name = "during",
     .types = Call | None,
     .fallback = "none",
     .text = "losses are measured on the way too, while the train that `model` names runs",
     .family = Family::Interval,
     .example = "during: every(50 steps)"},
    {.name = "template",
     .types = Word,
     .fallback = "none",
     .text = "how conversations are rendered; from the train where the model is one",
     .words = templates,
     .example = "template: chatml"},
};
const std::span<const Parameter> evalKeys = keys;
const Parameter evalTask = {.name = "measurement",
                            .types = Call,
                            .text = "named by the author: what is measured",
                            .family = Family::Task};

static constexpr Parameter loss[] = {
    {.name = "data", .types = Data, .text = "what it is measured on", .positional = true},
    {.name = "by",
     .types = Word,
     .fallback = "none",
     .text = "one number, or one a group",
     .words = groupings}};
static constexpr Parameter lengths = {.name = "lengths",
                                      .types = List | Number | Call,
                                      .text = "of the text",
                                      .family = Family::Values,
                                      .measures = bit(Measure::Tokens),
                                      .bound = Bound::Count};
static constexpr Parameter haystack = {
    .name = "haystack", .types = Data, .text = "what it is hidden in", .positional = true};
static constexpr Parameter needle[] = {
    haystack,
    lengths,
    {.name = "depths",
     .types = List | Number | Call,
     .text = "how deep it is hidden",
     .family = Family::Values,
     .measures = bit(Measure::Percent),
     .bound = Bound::NotNegative},
    {.name = "needle",
     .types = Text,
     .fallback =
         R"("The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.")",
     .text = "the sentence that is hidden"},
    {.name = "question",
     .types = Text,
     .fallback = R"("What is the best thing to do in San Francisco?")",
     .text = "what is asked"},
    {.name = "judge",
     .types = Word | Model,
     .fallback = "exact",
     .text = "who says whether it was found; a model gives marks from 1 to 10, of which a tenth "
             "counts",
     .words = judges},
    {.name = "system",
     .types = Text | None,
     .fallback = "none",
     .text = "what the system says before"},
    {.name = "prompt",
     .types = Prompt | None,
     .fallback = "none",
     .text = "how it is asked, with `{document}` and `{question}`; none: one after the other"},
    {.name = "tokens",
     .types = Number,
     .fallback = "64",
     .text = "at most, of an answer",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count}};
static constexpr WordRow beginnings[] = {
    {.name = "text", .text = "the beginning of a text that goes on"},
    {.name = "user", .text = "what a user says, in the model's template"},
};
static constexpr Parameter samples[] = {
    {.name = "prompts", .types = List | Text, .text = "what stands before", .positional = true},
    {.name = "as",
     .types = Word,
     .fallback = "text",
     .text = "what a prompt is",
     .words = beginnings},
    {.name = "tokens",
     .types = Number,
     .fallback = "64",
     .text = "at most, of each",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "temperature",
     .types = Number,
     .fallback = "0",
     .text = "0: the likeliest token",
     .bound = Bound::NotNegative},
    {.name = "top_p",
     .types = Number,
     .fallback = "100%",
     .text = "of the likeliest tokens that together reach this share",
     .measures = bit(Measure::Percent),
     .bound = Bound::Positive}};
static constexpr Parameter recall[] = {
    haystack,
    lengths,
    {.name = "pairs", .types = Number, .text = "keys and values hidden", .bound = Bound::Count}};
static constexpr Parameter longbench[] = {
    {.name = "folder", .types = Path, .text = "LongBench's files", .positional = true},
    {.name = "datasets",
     .types = List | Text,
     .fallback = "none",
     .text = "some of its data sets, `_e` behind those of LongBench-E; none: all"},
    {.name = "length",
     .types = Number | None,
     .fallback = "none",
     .text = "longer prompts lose their middle; none: what the context has room for, as published",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "edition",
     .types = Word,
     .fallback = "official",
     .text = "how answers are scored",
     .words = editions}};
static constexpr Parameter longbenchChat[] = {
    {.name = "folder",
     .types = Path,
     .text = "LongBench-Chat's `test_cases.json`, `few_shots.json` and `prompt_fs.txt`",
     .positional = true},
    {.name = "judge", .types = Model, .text = "who gives the marks"},
    {.name = "tokens",
     .types = Number,
     .fallback = "1Ki",
     .text = "at most, of an answer",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "length",
     .types = Number | None,
     .fallback = "none",
     .text = "longer prompts lose their middle; none: 64,000, or what the context has room for",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count}};
static constexpr Parameter task[] = {
    {.name = "data", .types = Data, .text = "one item a record", .positional = true},
    {.name = "prompt", .types = Prompt, .text = "what the model is given"},
    {.name = "extract",
     .types = Word,
     .fallback = "whole",
     .text = "what of the answer counts",
     .words = extracts},
    {.name = "metric",
     .types = Word,
     .text = "how it is compared with the best of the record's `answers`",
     .words = metrics},
    {.name = "tokens",
     .types = Number,
     .fallback = "64",
     .text = "at most, of an answer",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count},
    {.name = "stop",
     .types = Text | List | None,
     .fallback = "none",
     .text = "texts that end an answer and are no part of it"},
    {.name = "length",
     .types = Number | None,
     .fallback = "none",
     .text = "longer prompts lose their middle; none: what the context has room for",
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count}};
static constexpr Parameter spread[] = {
    {.name = "range",
     .types = Range,
     .text = "the first and the last value",
     .measures = bit(Measure::Plain) | bit(Measure::Percent) | bit(Measure::Tokens),
     .bound = Bound::NotNegative,
     .positional = true},
    {.name = "count",
     .types = Number,
     .text = "how many values",
     .bound = Bound::Count,
     .positional = true}};

static constexpr Construct rows[] = {
    {.name = "loss",
     .family = Family::Task,
     .parameters = loss,
     .text = "mean loss of the targets",
     .example = "loss(chats, by: position)",
     .state = State::Runs},
    {.name = "needle",
     .family = Family::Task,
     .parameters = needle,
     .text = "finds a sentence hidden in a long text",
     .example = "needle(docs, lengths: [1_000, 4_000], depths: spread(10%..90%, 9))",
     .state = State::Runs},
    {.name = "samples",
     .family = Family::Task,
     .parameters = samples,
     .text = "what the model writes, to be looked at",
     .example = R"(samples(["Once upon a time", "In the beginning"], tokens: 40))",
     .state = State::Runs},
    {.name = "recall",
     .family = Family::Task,
     .parameters = recall,
     .text = "finds a key's value among many",
     .example = "recall(docs, lengths: [4_000], pairs: 50)"},
    {.name = "longbench",
     .family = Family::Task,
     .parameters = longbench,
     .text = "LongBench, version 1, scored as its own script does",
     .example = R"(longbench("longbench", datasets: ["qasper"]))",
     .state = State::Runs},
    {.name = "longbench_chat",
     .family = Family::Task,
     .parameters = longbenchChat,
     .text = "LongBench-Chat, marked by a model",
     .example = R"(longbench_chat("longbench-chat", judge: teacher))",
     .state = State::Runs},
    {.name = "task",
     .family = Family::Task,
     .parameters = task,
     .text = "a measurement of one's own",
     .example = R"(task(docs, prompt: "{document}\nAnswer:", metric: f1))",
     .state = State::Runs},
    {.name = "spread",
     .family = Family::Values,
     .parameters = spread,
     .text = "values at equal distances",
     .example = "needle(docs, lengths: spread(1_000..60_000, 10), depths: [50%])",
     .state = State::Runs},
};
const std::span<const Construct> evaluation = rows;

} // namespace roux::parts
