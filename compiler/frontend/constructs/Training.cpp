//===- Training.cpp - the rows of `train` and what its keys call ----------===//
//
// What changes the result has no silent default here: target, weight, batch,
// optimizer and length are written or refused.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr uint32_t extent =
    bit(Measure::Steps) | bit(Measure::Tokens) | bit(Measure::Epochs);

static constexpr WordRow exempts[] = {
    {.name = "vectors", .text = "norms and biases do not decay"},
    {.name = "none", .text = "everything decays"},
};
static constexpr WordRow carries[] = {
    {.name = "optimizer", .text = "its moments, from the train that `model` names"},
    {.name = "schedule", .text = "its place in the schedule, from the train that `model` names"},
};

static constexpr WordRow frozenParts[] = {
    {.name = "embeddings", .text = "the table of tokens and, where there is one, of positions"},
    {.name = "head", .text = "the matrix that hidden states are multiplied with for logits"},
};
static constexpr WordRow keeps[] = {{.name = "last", .text = "those of the last step"}};

static constexpr Parameter keys[] = {
    {.name = "model",
     .types = Model,
     .text = "where training starts: a model or another train",
     .example = "model: base"},
    {.name = "data",
     .types = Data,
     .text = "an epoch is one pass over it",
     .example = "data: chats"},
    {.name = "target",
     .types = Formula,
     .text = "which tokens are predicted",
     .place = Place::Target,
     .example = "target: role == assistant"},
    {.name = "weight",
     .types = Formula,
     .text = "what a target's loss counts in the sum of the step",
     .place = Place::Weight,
     .example = "weight: 1 / (sequence.targets * step.sequences)"},
    {.name = "loss",
     .types = Formula,
     .fallback = "token.nll",
     .text = "of one target, or of one pair of answers; differentiated",
     .place = Place::Loss,
     .example = "loss: token.nll + 1e-4 * token.logsumexp ^ 2"},
    {.name = "batch",
     .types = Call,
     .text = "which sequences make a step",
     .family = Family::Policy,
     .example = "batch: each(8 sequences, overflow: error, last: keep)"},
    {.name = "position",
     .types = Formula | Call,
     .fallback = "token.index",
     .text = "the index that rotary or learned positions see; of expressions `token.index` runs, "
             "others are *checked only*",
     .family = Family::Position,
     .place = Place::Position,
     .example = "position: gaps(at: turn, span: 32Ki, chance: 50%)"},
    {.name = "optimizer",
     .types = Call,
     .text = "the update",
     .family = Family::Optimizer,
     .example = "optimizer: adamw(lr: 2e-5)"},
    {.name = "schedule",
     .types = List | Call,
     .fallback = "[constant]",
     .text = "of the learning rate: parts, one after the other",
     .family = Family::Schedule,
     .example = "schedule: [warmup(3%), cosine(to: 0)]"},
    {.name = "clip",
     .types = Number | None,
     .fallback = "none",
     .text = "largest norm of the whole gradient",
     .bound = Bound::Positive,
     .example = "clip: 1"},
    {.name = "length",
     .types = Number,
     .text = "how long it trains",
     .measures = extent,
     .bound = Bound::Positive,
     .example = "length: 2 epochs"},
    {.name = "carry",
     .types = Word | List | None,
     .fallback = "none",
     .text = "what else is taken from the train that `model` names",
     .words = carries,
     .example = "carry: optimizer"},
    {.name = "reference",
     .types = Model | None,
     .fallback = "none",
     .text = "the model that `chosen.reference` and `rejected.reference` are of, asked once before "
             "the training; of a train with `adapt:` its model without the block is the base with "
             "the adapter off",
     .example = "reference: base",
     .isLater = true},
    {.name = "freeze",
     .types = Word | Call | List | None,
     .fallback = "none",
     .text = "weights that stay as they are: no gradient, no moments and, below the first layer "
             "that is trained, nothing computed backwards",
     .words = frozenParts,
     .family = Family::Part,
     .example = "freeze: [embeddings, layers(0..11)]",
     .isLater = true},
    {.name = "keep",
     .types = Word | Call,
     .fallback = "last",
     .text = "which weights are the model: the last, or the best that an eval with `during:` found",
     .words = keeps,
     .family = Family::Kept,
     .example = "keep: best(unseen)",
     .isLater = true},
    {.name = "patience",
     .types = Number | None,
     .fallback = "none",
     .text =
         "ends the training after so many measurements of what `keep: best(…)` names, one after "
         "the other, that were no better than the best",
     .bound = Bound::Count,
     .example = "patience: 3",
     .isLater = true},
};
const std::span<const Parameter> trainKeys = keys;

static constexpr WordRow momentTypes[] = {
    {.name = "full", .text = "in the type of what is trained"},
    {.name = "bf16", .text = "in half of f32's memory"},
};
static constexpr WordRow muonScales[] = {
    {.name = "shape", .text = "sqrt(max(1, outputs / inputs)), for rates near 0.02"},
    {.name = "adamw", .text = "0.2 sqrt(max(outputs, inputs)), for AdamW's rates"},
};
static constexpr WordRow weightGroups[] = {
    {.name = "embeddings", .text = "the table of tokens and, where there is one, of positions"},
    {.name = "head", .text = "the matrix that hidden states are multiplied with for logits"},
    {.name = "norms", .text = "their gains and biases"},
    {.name = "biases", .text = "of matrices"},
    {.name = "attention", .text = "its matrices"},
    {.name = "feed_forward", .text = "its matrices"},
    {.name = "adapter_down", .text = "A of a low-rank adapter"},
    {.name = "adapter_up", .text = "B of a low-rank adapter"},
};

static constexpr Parameter group[] = {
    {.name = "of",
     .types = Word | List,
     .text = "which weights",
     .words = weightGroups,
     .positional = true},
    {.name = "lr",
     .types = Number | None,
     .fallback = "none",
     .text = "peak learning rate, which follows the schedule as the optimizer's does; none: its",
     .bound = Bound::NotNegative},
    {.name = "decay",
     .types = Number | None,
     .fallback = "none",
     .text = "decoupled weight decay, of vectors too; none: the optimizer's",
     .bound = Bound::NotNegative}};
static constexpr Parameter moments = {.name = "moments",
                                      .types = Word,
                                      .fallback = "full",
                                      .text = "how moments are kept",
                                      .words = momentTypes,
                                      .isLater = true};
static constexpr Parameter groups = {.name = "groups",
                                     .types = Call | List | None,
                                     .fallback = "none",
                                     .text = "weights with a rate or decay of their own",
                                     .family = Family::Group,
                                     .isLater = true};

static constexpr Parameter adamw[] = {
    {.name = "lr", .types = Number, .text = "peak learning rate", .bound = Bound::NotNegative},
    {.name = "betas",
     .types = List | Number,
     .fallback = "[0.9, 0.999]",
     .text = "decay of the two moments",
     .bound = Bound::NotNegative},
    {.name = "epsilon",
     .types = Number,
     .fallback = "1e-8",
     .text = "added to the root of the second moment",
     .bound = Bound::Positive},
    {.name = "decay",
     .types = Number,
     .fallback = "0",
     .text = "decoupled weight decay",
     .bound = Bound::NotNegative},
    {.name = "exempt",
     .types = Word,
     .fallback = "vectors",
     .text = "tensors without decay",
     .words = exempts},
    moments,
    groups};
static constexpr Parameter muon[] = {
    {.name = "lr", .types = Number, .text = "peak learning rate", .bound = Bound::Positive},
    {.name = "rest",
     .types = Call,
     .text = "AdamW of all that is no matrix of a layer; its rate follows the same schedule",
     .family = Family::Optimizer},
    {.name = "momentum",
     .types = Number,
     .fallback = "0.95",
     .text = "decay of the gradients' mean",
     .bound = Bound::NotNegative},
    {.name = "nesterov",
     .types = Boolean,
     .fallback = "true",
     .text = "the update looks ahead of the mean"},
    {.name = "decay",
     .types = Number,
     .fallback = "0",
     .text = "decoupled weight decay",
     .bound = Bound::NotNegative},
    {.name = "scale",
     .types = Word,
     .fallback = "shape",
     .text = "what an orthogonal update is multiplied with",
     .words = muonScales},
    moments,
    groups};

static constexpr Parameter partLength = {.name = "length",
                                         .types = Number,
                                         .text = "a share of the training, or an extent",
                                         .measures = extent | bit(Measure::Percent),
                                         .bound = Bound::NotNegative,
                                         .positional = true};
static constexpr Parameter restLength = {
    .name = "over",
    .types = Number | None,
    .fallback = "none",
    .text = "how long; none: the rest of the training, for the last part",
    .measures = extent | bit(Measure::Percent),
    .bound = Bound::NotNegative};
static constexpr Parameter floorRate = {
    .name = "to",
    .types = Number,
    .text = "where it ends: a share of the peak, or a learning rate",
    .measures = bit(Measure::Percent) | bit(Measure::Plain),
    .bound = Bound::NotNegative};
static constexpr Parameter layers[] = {{.name = "which",
                                        .types = Range,
                                        .text = "first and last, counted from 0",
                                        .bound = Bound::Whole,
                                        .positional = true}};
static constexpr Parameter warmup[] = {partLength};
static constexpr Parameter constant[] = {restLength};
static constexpr Parameter falling[] = {floorRate, restLength};

static constexpr Parameter best[] = {{.name = "measurement",
                                      .types = Measurement,
                                      .text = "a loss of an eval whose `model:` is this train",
                                      .positional = true}};

static constexpr Construct rows[] = {
    {.name = "adamw",
     .family = Family::Optimizer,
     .parameters = adamw,
     .text = "Adam with decoupled weight decay",
     .example = "adamw(lr: 2e-5, betas: [0.9, 0.95], decay: 0.1)",
     .state = State::Runs},
    {.name = "muon",
     .family = Family::Optimizer,
     .parameters = muon,
     .text = "orthogonal updates of the layers' matrices, AdamW for the rest",
     .example = "muon(lr: 0.02, rest: adamw(lr: 3e-4))",
     .state = State::Runs},
    {.name = "group",
     .family = Family::Group,
     .parameters = group,
     .text = "weights that are updated in another way",
     .example = "group([embeddings, head], lr: 1e-4, decay: 0)",
     .state = State::Runs},
    {.name = "warmup",
     .family = Family::Schedule,
     .parameters = warmup,
     .text = "rises in a line from zero to the peak",
     .example = "[warmup(100 steps), constant]",
     .state = State::Runs},
    {.name = "constant",
     .family = Family::Schedule,
     .parameters = constant,
     .text = "stays where it is",
     .example = "[constant(over: 50%), linear(to: 0)]",
     .bare = true,
     .state = State::Runs},
    {.name = "linear",
     .family = Family::Schedule,
     .parameters = falling,
     .text = "in a line",
     .example = "[linear(to: 10%)]",
     .state = State::Runs},
    {.name = "cosine",
     .family = Family::Schedule,
     .parameters = falling,
     .text = "half a cosine",
     .example = "[warmup(3%), cosine(to: 10%)]",
     .state = State::Runs},
    {.name = "layers",
     .family = Family::Part,
     .parameters = layers,
     .text = "some of a model's layers",
     .example = "layers(0..11)",
     .state = State::Runs},
    {.name = "best",
     .family = Family::Kept,
     .parameters = best,
     .text = "the weights with which the loss was least",
     .example = "best(unseen)",
     .state = State::Runs},
};
const std::span<const Construct> training = rows;

} // namespace roux::parts
