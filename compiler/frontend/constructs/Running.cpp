//===- Running.cpp - the rows of `run`: how, never what -------------------===//
//
// Nothing here can change the mathematics beyond rounding. Each key is also a
// flag of the command line.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/constructs/Parts.h"

namespace roux::parts {

using namespace type;

static constexpr WordRow dtypes[] = {
    {.name = "bf16", .text = "bfloat16 with f32 sums and f32 master weights"},
    {.name = "f32", .text = "single precision"},
    {.name = "tf32", .text = "f32 with tensor-core products", .state = State::CheckedOnly},
    {.name = "f64", .text = "double precision, on the CPU, for tests"},
};
static constexpr WordRow devices[] = {
    {.name = "cpu", .text = "this machine's processor"},
    {.name = "cuda", .text = "an NVIDIA GPU"},
    {.name = "simt", .text = "GPU code run on the CPU, exact and slow"},
};
static constexpr WordRow architectures[] = {
    {.name = "native", .text = "what the machine has"},
    {.name = "portable", .text = "any x86-64"},
    {.name = "avx2", .text = "AVX2"},
    {.name = "avx512", .text = "AVX-512"},
    {.name = "sm_80", .text = "A100"},
    {.name = "sm_90a", .text = "H100"},
    {.name = "sm_100a", .text = "B200"},
    {.name = "sm_120a", .text = "RTX 50"},
};
static constexpr WordRow automatic[] = {{.name = "auto", .text = "found out when it runs"}};
static constexpr WordRow parallels[] = {
    {.name = "none", .text = "one device"},
    {.name = "data", .text = "each device its micro-batches", .state = State::CheckedOnly},
    {.name = "shard", .text = "weights and moments divided too", .state = State::CheckedOnly},
    {.name = "sequence", .text = "long sequences divided", .state = State::CheckedOnly},
};
static constexpr WordRow offloads[] = {
    {.name = "none", .text = "everything stays on the device"},
    {.name = "optimizer",
     .text = "moments and master weights in host memory",
     .state = State::CheckedOnly},
    {.name = "activations", .text = "layer inputs in host memory", .state = State::CheckedOnly},
};
static constexpr WordRow recomputes[] = {
    {.name = "auto", .text = "as much as `memory` asks for"},
    {.name = "none", .text = "nothing"},
    {.name = "layers", .text = "every layer's inside"},
};

static constexpr WordRow exports[] = {
    {.name = "base", .text = "that of the model a train starts from; f32 where that is `new`"},
    {.name = "f32", .text = "as it is trained"},
    {.name = "bf16", .text = "rounded, half as large"},
    {.name = "f16", .text = "rounded, half as large; refused where a weight is beyond 65504"},
};

static constexpr Parameter keys[] = {
    {.name = "dtype",
     .types = Word,
     .fallback = "bf16",
     .text = "of the arithmetic",
     .words = dtypes,
     .example = "dtype: bf16"},
    {.name = "device",
     .types = Word,
     .fallback = "cpu",
     .text = "where it runs",
     .words = devices,
     .example = "device: cpu"},
    {.name = "arch",
     .types = Word,
     .fallback = "native",
     .text = "what code is made for",
     .words = architectures,
     .example = "arch: native"},
    {.name = "threads",
     .types = Number | Word,
     .fallback = "auto",
     .text = "of the CPU; auto: one a core",
     .words = automatic,
     .bound = Bound::Count,
     .example = "threads: 8"},
    {.name = "memory",
     .types = Number | Word,
     .fallback = "auto",
     .text = "what a training may use; auto: what the machine has",
     .words = automatic,
     .measures = bit(Measure::Bytes),
     .bound = Bound::Positive,
     .example = "memory: 80GB"},
    {.name = "micro_batch",
     .types = Number | Word,
     .fallback = "auto",
     .text = "tokens that go through the model at once; auto: a whole step, or the half, quarter, "
             "… that `memory` holds",
     .words = automatic,
     .measures = bit(Measure::Tokens),
     .bound = Bound::Count,
     .example = "micro_batch: 16Ki tokens"},
    {.name = "devices",
     .types = Number,
     .fallback = "1",
     .text = "how many",
     .bound = Bound::Count,
     .state = State::CheckedOnly,
     .example = "devices: 8"},
    {.name = "parallel",
     .types = Word,
     .fallback = "none",
     .text = "how work is divided among devices",
     .words = parallels,
     .example = "parallel: shard"},
    {.name = "recompute",
     .types = Word,
     .fallback = "auto",
     .text = "what the backward pass computes again",
     .words = recomputes,
     .example = "recompute: layers"},
    {.name = "offload",
     .types = Word,
     .fallback = "none",
     .text = "what waits in host memory",
     .words = offloads,
     .example = "offload: optimizer"},
    {.name = "save",
     .types = Call | None,
     .fallback = "none",
     .text = "checkpoints on the way; the end is always saved",
     .family = Family::Interval,
     .example = "save: every(200 steps, keep: 3)"},
    {.name = "export_dtype",
     .types = Word,
     .fallback = "base",
     .text = "type of the weights in the folder of a model that is made here; saves, and trains "
             "that start from it, have them unrounded",
     .words = exports,
     .example = "export_dtype: f32"},
    {.name = "log",
     .types = Call,
     .fallback = "every(1 steps)",
     .text = "lines in metrics.jsonl; the last step has one",
     .family = Family::Interval,
     .example = "log: every(10 steps)"},
    {.name = "deterministic",
     .types = Boolean,
     .fallback = "true",
     .text = "the same bits in every run on the same machine; false lets a GPU take what is "
             "quicker there",
     .example = "deterministic: true"},
    {.name = "fuse",
     .types = Boolean,
     .fallback = "true",
     .text = "kernels joined with kernels; the same bits either way",
     .example = "fuse: false"},
};
const std::span<const Parameter> runKeys = keys;

static constexpr Parameter every[] = {{.name = "interval",
                                       .types = Number,
                                       .text = "from one to the next",
                                       .measures = bit(Measure::Steps) | bit(Measure::Epochs) |
                                                   bit(Measure::Minutes) | bit(Measure::Hours),
                                       .bound = Bound::Positive,
                                       .positional = true},
                                      {.name = "keep",
                                       .types = Number | None,
                                       .fallback = "none",
                                       .text = "how many stay; none: all",
                                       .bound = Bound::Count}};

static constexpr Construct rows[] = {
    {.name = "every",
     .family = Family::Interval,
     .parameters = every,
     .text = "again and again",
     .example = "every(30 min, keep: 2)",
     .state = State::Runs},
};
const std::span<const Construct> running = rows;

} // namespace roux::parts
