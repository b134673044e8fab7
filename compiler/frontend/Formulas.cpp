//===- Formulas.cpp - the rows of the functions of an expression ----------===//
//
// What a scoped expression may call, with what, and what comes back.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Scopes.h"

namespace roux {

using enum FormulaKind;
using Op = Operation;

static constexpr uint8_t many = 255;

static constexpr FormulaRow rows[] = {
    {"min", Function, Op::Min, 1, many, Sort::Number, Sort::Number, "min(a, b, …)",
     "the smallest; over a scope with one argument `e over S`",
     "min(sequence.targets, 100) / step.targets"},
    {"max", Function, Op::Max, 1, many, Sort::Number, Sort::Number, "max(a, b, …)",
     "the largest; over a scope with one argument `e over S`", "1 / max(step.targets, 1)"},
    {"abs", Function, Op::Abs, 1, 1, Sort::Number, Sort::Number, "abs(x)", "without its sign",
     "abs(token.index - 8) / step.targets"},
    {"exp", Function, Op::Exp, 1, 1, Sort::Number, Sort::Number, "exp(x)", "e to the power x",
     "exp(-token.index / 100) / step.targets"},
    {"log", Function, Op::Log, 1, 1, Sort::Number, Sort::Number, "log(x)", "natural logarithm",
     "1 / (log(1 + sequence.targets) * step.sequences)"},
    {"log2", Function, Op::Log2, 1, 1, Sort::Number, Sort::Number, "log2(x)", "logarithm to base 2",
     "1 / (log2(1 + sequence.targets) * step.sequences)"},
    {"sqrt", Function, Op::Sqrt, 1, 1, Sort::Number, Sort::Number, "sqrt(x)", "square root",
     "1 / (sqrt(sequence.targets) * step.sequences)"},
    {"floor", Function, Op::Floor, 1, 1, Sort::Number, Sort::Number, "floor(x)",
     "the whole number at or below", "floor(token.index / 64) / step.targets"},
    {"sigmoid", Function, Op::Sigmoid, 1, 1, Sort::Number, Sort::Number, "sigmoid(x)",
     "1 / (1 + exp(-x)); its logarithm is exact for any x", "sigmoid(token.index) / step.targets"},
    {"mod", Function, Op::Mod, 2, 2, Sort::Number, Sort::Number, "mod(a, b)",
     "remainder of a / b, with the sign of b", "mod(token.index, 2) / step.targets"},
    {"clamp", Function, Op::Clamp, 3, 3, Sort::Number, Sort::Number, "clamp(x, low, high)",
     "x, or the end of low..high that it passes", "clamp(sequence.targets, 1, 100) / step.targets"},
    {"matches", Function, Op::Matches, 2, 2, Sort::Text, Sort::Truth, "matches(text, \"re\")",
     "whether a regular expression is found in a text",
     "any(matches(turn.text, \"[0-9]\") over sequence)"},
    {"sum", Reduction, Op::Sum, 1, 1, Sort::Number, Sort::Number, "sum(e over S)", "of e",
     "sequence.targets / sum(sequence.targets over step) / sequence.targets"},
    {"mean", Reduction, Op::Mean, 1, 1, Sort::Number, Sort::Number, "mean(e over S)", "of e",
     "1 / (mean(sequence.targets over step) * step.sequences)"},
    {"count", Reduction, Op::Count, 1, 1, Sort::Truth, Sort::Number, "count(e over S), count(S)",
     "rows for which e holds; rows of S", "1 / count(sequence.targets > 1 over step)"},
    {"any", Reduction, Op::Any, 1, 1, Sort::Truth, Sort::Truth, "any(e over S)",
     "whether e holds for a row", "any(turn.tokens > 100 over sequence)"},
    {"all", Reduction, Op::All, 1, 1, Sort::Truth, Sort::Truth, "all(e over S)",
     "whether e holds for every row", "all(turn.tokens > 0 over sequence)"},
    {"quantile", Reduction, Op::Quantile, 2, 2, Sort::Number, Sort::Number, "quantile(e over S, p)",
     "the value below which a share p of the rows lies, between neighbours in a line",
     "(if sequence.targets > quantile(sequence.targets over step, 50%) then 2 else 1) / "
     "step.targets"},
    {"softmax", Reduction, Op::Softmax, 1, 1, Sort::Number, Sort::Values, "softmax(e over S)",
     "exp(e) over their sum, for every row", "entropy(softmax(turn.tokens over sequence)) > 1"},
    {"entropy", Reduction, Op::Entropy, 1, 1, Sort::Number, Sort::Number,
     "entropy(p over S), entropy(softmax(…))", "minus the sum of p * log(p)",
     "entropy(softmax(turn.tokens over sequence)) > 1"},
    {"uniform", Draw, Op::Uniform, 1, 1, Sort::Number, Sort::Number, "uniform(a..b)",
     "a whole number from a to b", "uniform(1..2) / step.targets"},
    {"choice", Draw, Op::Choice, 1, many, Sort::Number, Sort::Number, "choice(a, b, …)",
     "one of these", "choice(1, 2, 3) / step.targets"},
    {"perplexity", Model, Op::Model, 1, 1, Sort::Number, Sort::Number,
     "perplexity(x), perplexity(x, given: y)", "exp of the mean loss of a span or sequence", ""},
    {"logprob", Model, Op::Model, 2, 2, Sort::Number, Sort::Number, "logprob(m, token)",
     "logarithm of the probability that model m gives the token", ""},
    {"logit", Model, Op::Model, 2, 2, Sort::Number, Sort::Number, "logit(m, token)",
     "the token's logit under model m", ""},
};

std::span<const FormulaRow> formulas() {
  return rows;
}

} // namespace roux
