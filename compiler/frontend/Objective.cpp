//===- Objective.cpp - what a train minimises, as a formula ---------------===//
//
// The weight is sorted by the rows its factors belong to, which gives the nested
// sums of a paper; cancelling its factors against what they are summed over
// gives the sum of a step's weights.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Objective.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/Monomial.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux {
namespace {

struct SymbolRow {
  std::string_view attribute, symbol, meaning;
};
constexpr SymbolRow symbolRows[] = {
    {"step.targets", "T", "targets of the step"},
    {"step.sequences", "M", "sequences of the step with targets"},
    {"step.packs", "K", "packs of the step with targets"},
    {"pack.targets", "T_k", "targets of pack k"},
    {"pack.sequences", "M_k", "sequences of pack k with targets"},
    {"sequence.targets", "N_i", "targets of sequence i"},
    {"sequence.tokens", "n_i", "tokens of sequence i"},
    {"token.nll", "nll", "negative log-likelihood of target t"},
    {"token.logsumexp", "z", "logarithm of the sum of its exponentials of logits"},
    {"chosen.logp", "l_c", "log-probability of the chosen answer, all its targets together"},
    {"rejected.logp", "l_r", "the same of the rejected answer"},
    {"chosen.reference", "r_c", "l_c of the reference"},
    {"rejected.reference", "r_r", "l_r of the reference"},
    {"chosen.targets", "n_c", "targets of the chosen answer"},
    {"rejected.targets", "n_r", "targets of the rejected answer"},
};

/// `text` with every attribute that has a symbol replaced by it.
std::string withSymbols(std::string text, std::vector<const SymbolRow *> &used) {
  for (const SymbolRow &row : symbolRows) {
    bool isUsed = false;
    for (size_t at = 0; (at = text.find(row.attribute, at)) != std::string::npos;
         at += row.symbol.size()) {
      text.replace(at, row.attribute.size(), row.symbol);
      isUsed = true;
    }
    if (isUsed && std::ranges::find(used, &row) == used.end())
      used.push_back(&row);
  }
  return text;
}

std::string power(const Monomial::Factor &factor, double exponent) {
  bool isAtom = factor.isCount || factor.formula.ends_with(')');
  std::string base =
      isAtom && !factor.formula.starts_with("if ") ? factor.formula : "(" + factor.formula + ")";
  return exponent == 1 ? base : fmt::format("{}^{}", base, exponent);
}

/// A product as a fraction: "2 / (N_i * M)".
std::string printFraction(const Monomial &product) {
  std::string above = product.coefficient == 1 ? "" : fmt::format("{}", product.coefficient);
  std::string below;
  size_t count = 0;
  for (const auto &[key, factor] : product.factors) {
    std::string &side = factor.exponent > 0 ? above : below;
    count += factor.exponent < 0;
    side += (side.empty() ? "" : " * ") + power(factor, std::fabs(factor.exponent));
  }
  if (below.empty())
    return above.empty() ? "1" : above;
  return (above.empty() ? "1" : above) + " / " + (count > 1 ? "(" + below + ")" : below);
}

std::string inParentheses(const std::string &text) {
  return text.find(" / ") == std::string::npos ? text : "(" + text + ")";
}

/// As the author wrote it, on one line; a default as the table has it.
std::string written(const SourceManager &sources, const CheckedValue &value) {
  if (value.origin.kind == OriginKind::Default)
    return print(value.expression);
  std::string line;
  for (char c : sources.text(value.where))
    if (char plain = c == '\n' ? ' ' : c; plain != ' ' || !line.ends_with(' '))
      line += plain;
  return line;
}

/// The step's weights: L = outer * sum over rows of (… * loss).
struct Weights {
  Weights(const Expression &weight, bool ofPairs) : ofPairs(ofPairs) {
    Monomial rest = asMonomial(weight);
    token = rest.takeUpTo(Scope::Span);
    sequence = rest.takeUpTo(Scope::Sequence);
    pack = rest.takeUpTo(Scope::Pack);
    step = rest;
    for (const auto &[key, factor] : sequence.factors)
      hasOpaque |= !factor.isCount;
    usesModel = weight.usesModel();
  }
  Monomial token, sequence, pack, step;
  bool ofPairs; ///< a row is a pair, which has one loss and not one for each target
  bool usesModel = false;
  bool hasOpaque = false; ///< a factor of the sequence that is no count
};

std::string printNested(const Weights &weights, const std::string &loss) {
  std::string text = "L =";
  auto open = [&](const Monomial &level, const char *sum) {
    if (!level.isOne())
      text += " " + inParentheses(printFraction(level)) + " *";
    text += sum;
  };
  open(weights.step, weights.pack.isOne() ? "" : " sum_k");
  open(weights.pack, " sum_i");
  open(weights.sequence, weights.ofPairs ? "" : " sum_t");
  if (!weights.token.isOne())
    text += " " + inParentheses(printFraction(weights.token)) + " *";
  return text + " " + loss;
}

/// The sum over the rows inside a row of `outer` of a product of their counts, as one factor.
std::pair<std::string, Monomial::Factor> summed(const Monomial &product, Scope inner, Scope outer) {
  std::string row(spelling(inner)), over(spelling(outer));
  std::string counted = inner == Scope::Pack ? "packs" : "sequences";
  std::string name = over + "." + counted;
  if (product.factors.size() == 1 && product.factors.begin()->second.exponent == 1)
    for (const char *attribute : {"targets", "sequences"})
      if (product.factors.begin()->first == row + "." + attribute)
        name = over + "." + attribute;
  bool isKnown = product.factors.empty() || name != over + "." + counted ||
                 product.factors.begin()->first == row + "." + counted;
  if (isKnown)
    return {name, {outer, 1, name, true}};
  Monomial plain = product;
  plain.coefficient = 1;
  return {fmt::format("sum over {}: {}", over, plain.key()),
          {outer, 1, fmt::format("sum({} over {})", printFraction(plain), over), false}};
}

/// Sum of the weights of a step, or nothing where it depends on more than counts.
std::optional<Monomial> total(const Weights &weights) {
  if (!weights.token.factors.empty() || weights.usesModel)
    return std::nullopt;
  Monomial result = weights.sequence;
  if (!weights.ofPairs)
    result.multiply("sequence.targets", {Scope::Sequence, 1, "sequence.targets", true});
  Scope outer = weights.pack.factors.empty() ? Scope::Step : Scope::Pack;
  auto [key, factor] = summed(result, Scope::Sequence, outer);
  Monomial sum = outer == Scope::Pack ? weights.pack : weights.step;
  sum.multiply(key, factor);
  if (outer == Scope::Pack) {
    auto [packKey, packFactor] = summed(sum, Scope::Pack, Scope::Step);
    sum = weights.step;
    sum.multiply(packKey, packFactor);
  }
  return sum;
}

std::string placeOf(const SourceManager &sources, const CheckedValue &value) {
  if (value.origin.kind == OriginKind::Default)
    return "default";
  return fmt::format("{}:{}", sources.path(value.where.file),
                     sources.locate(value.where.file, value.where.begin).line);
}

std::string countsAs(const Weights &weights) {
  auto at = weights.sequence.factors.find("sequence.targets");
  double exponent =
      (weights.ofPairs ? 0 : 1) + (at == weights.sequence.factors.end() ? 0 : at->second.exponent);
  bool isOther = weights.sequence.factors.size() > (at == weights.sequence.factors.end() ? 0 : 1);
  if (isOther || !weights.token.factors.empty() || !weights.pack.factors.empty())
    return "";
  if (exponent == 0)
    return weights.ofPairs ? "  every pair counts the same\n"
                           : "  every sequence counts the same\n";
  if (exponent == 1)
    return "  every target counts the same\n";
  return fmt::format("  a sequence counts as its targets to the power {}\n", exponent);
}

std::string invariance(const CheckedDefinition &train, const Weights &weights) {
  const CheckedValue &batch = train["batch"];
  std::string reason;
  if (!weights.pack.factors.empty())
    reason = "the weight reads its pack";
  else if (batch["attend"].is("pack"))
    reason = "attend: pack";
  else if (batch["labels"].is("pack"))
    reason = "labels: pack";
  std::string text = "  invariant to: ";
  if (reason.empty())
    text += "packing (by construction), ";
  text += "micro-batches (by construction), ranks (by construction)\n";
  return reason.empty() ? text : text + "  not invariant to: packing (" + reason + ")\n";
}

} // namespace

std::string describeObjective(const SourceManager &sources, const CheckedDefinition &train) {
  std::vector<const SymbolRow *> used;
  Weights weights(train["weight"].expression, train["loss"].expression.readsPairs());
  std::string loss = print(train["loss"].expression);
  bool isSum = train["loss"].expression.root().operation == Operation::Add ||
               train["loss"].expression.root().operation == Operation::Subtract;
  std::string formula = withSymbols(printNested(weights, isSum ? "(" + loss + ")" : loss), used);
  std::string text = fmt::format("train {}\n  {}\n", train.name, formula);
  for (const SymbolRow *row : used)
    text += fmt::format("    {:<4} {:<17} {}\n", row->symbol, row->attribute, row->meaning);
  for (const char *key : {"target", "weight", "loss", "reference"})
    if (!train[key].isNone())
      text += fmt::format("  {:<7} {}   ({})\n", std::string(key) + ":",
                          written(sources, train[key]), placeOf(sources, train[key]));
  text += countsAs(weights);
  if (std::optional<Monomial> sum = total(weights))
    text += "  sum of the weights of a step: " + printFraction(*sum) +
            (sum->factors.empty() ? ", whatever the data\n" : "\n");
  else
    text += fmt::format("  sum of the weights of a step: not fixed; the weight reads {}\n",
                        weights.usesModel ? "the model" : "single tokens");
  return text + invariance(train, weights);
}

std::string describeObjectives(const SourceManager &sources, const CheckedRecipe &recipe) {
  std::string text;
  for (const CheckedDefinition &definition : recipe.definitions)
    if (definition.kind == ast::Kind::Train && definition.inMainFile)
      text += (text.empty() ? "" : "\n") + describeObjective(sources, definition);
  return text.empty() ? "no train, so no objective\n" : text;
}

} // namespace roux
