//===- CallRules.cpp - what must hold between arguments -------------------===//
//
// Each value may be right by itself and wrong beside another. A rule is a
// function of one construct; the table at the end says which.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace roux {

using namespace type;

using Report = std::function<Diagnostic &(SourceRange, std::string)>;

static void checkSpans(const CheckedValue &call, const Report &report) {
  bool hasTokens = !call["tokens"].isNone(), hasPlace = !call["at"].isNone();
  if (hasTokens == hasPlace)
    report(call.where, hasTokens ? "spans are marked by tokens or at places; found both"
                                 : "spans needs 'tokens:' or 'at:'");
}

static void checkMix(const CheckedValue &call, const Report &report) {
  double total = 0;
  bool isWhole = true;
  for (const CheckedArgument &argument : call.arguments)
    if (argument.named) {
      total += argument.value.number;
      isWhole &= argument.value.kind == ValueKind::Number;
    }
  if (isWhole && std::fabs(total - 1) > 1e-9)
    report(call.where, "the shares of a mix add up to 100%; found " +
                           fmt::format("{}%", std::round(total * 1e4) / 100));
}

static void checkAsk(const CheckedValue &call, const Report &report) {
  if (std::ranges::none_of(call.arguments, &CheckedArgument::named))
    report(call.where, "ask makes a field: ask(model, name: prompt)");
}

static void checkSplit(const CheckedValue &call, const Report &report) {
  const CheckedValue &lengths = call["pow2"];
  auto isPower = [](double x) { return x >= 1 && std::exp2(std::round(std::log2(x))) == x; };
  if (lengths.kind == ValueKind::Range && !(isPower(lengths.number) && isPower(lengths.high)))
    report(lengths.where, "'pow2' runs between powers of two, as in 256..8Ki");
}

/// bf16 has eight bits: a second moment of slower decay would stay what it is.
static void checkMoments(const CheckedValue &call, const CheckedValue &moments,
                         const Report &report) {
  constexpr double slowest = 0.99;
  const CheckedValue &betas = call["betas"];
  if (moments.is("bf16") && betas.kind == ValueKind::List && betas.items.size() == 2 &&
      betas.items[1].kind == ValueKind::Number && betas.items[1].number > slowest)
    report(moments.where,
           fmt::format("in bf16 a second moment that decays by {} would stand still; expected "
                       "betas up to {}, as in [0.9, 0.95]",
                       betas.items[1].number, slowest));
}

static void checkGroups(const CheckedValue &optimizer, const Report &report) {
  const CheckedValue &groups = optimizer["groups"];
  std::set<std::string_view> named;
  for (const CheckedValue &group : groups.kind == ValueKind::List
                                       ? std::span<const CheckedValue>(groups.items)
                                       : std::span(&groups, groups.isNone() ? 0 : 1)) {
    if (!group.calls("group"))
      continue;
    const CheckedValue &of = group["of"];
    for (const CheckedValue &word :
         of.kind == ValueKind::List ? std::span<const CheckedValue>(of.items) : std::span(&of, 1))
      if (word.kind == ValueKind::Word && !named.insert(word.text).second)
        report(word.where, fmt::format("'{}' is in a group already", word.text));
    if (group["lr"].isNone() && group["decay"].isNone())
      report(group.where, "a group has something of its own; write 'lr:' or 'decay:'");
    if (!group["lr"].isNone() && optimizer["lr"].kind == ValueKind::Number &&
        optimizer["lr"].number == 0)
      report(group["lr"].where, "a group's rate follows the schedule of the optimizer's, and a "
                                "schedule up to 0 has no shape; expected an 'lr' of it above 0");
  }
}

static void checkMuon(const CheckedValue &call, const Report &report) {
  const CheckedValue &momentum = call["momentum"], &rest = call["rest"];
  if (momentum.kind == ValueKind::Number && momentum.number >= 1)
    report(momentum.where,
           fmt::format("'momentum' is from 0 to below 1; found {}", momentum.number));
  checkGroups(call, report);
  if (rest.kind == ValueKind::Call && !rest.calls("adamw"))
    report(rest.where, "'rest' is what muon does not update; expected adamw(…)");
  if (!rest.calls("adamw"))
    return;
  checkMoments(rest, call["moments"], report);
  if (!rest["groups"].isNone())
    report(rest["groups"].where, "groups are of the whole optimizer; write them in muon(…)");
  if (!rest["moments"].is("full"))
    report(rest["moments"].where, "moments are of the whole optimizer; write it in muon(…)");
}

/// A share that was written as a number.
static void checkAmount(const CheckedValue &call, const Report &report) {
  const CheckedValue &amount = call[call.calls("sample") ? "amount" : "top"];
  bool isFraction = amount.kind == ValueKind::Number && amount.measure != Measure::Percent &&
                    amount.number > 0 && amount.number < 1;
  if (isFraction)
    report(amount.where, fmt::format("{} records are less than one; a share is written {}%",
                                     amount.number, amount.number * 100));
}

static void checkAdamW(const CheckedValue &call, const Report &report) {
  checkGroups(call, report);
  checkMoments(call, call["moments"], report);
  const CheckedValue &betas = call["betas"];
  if (betas.kind == ValueKind::Mistaken)
    return;
  bool areShares = std::ranges::all_of(betas.items, [](const CheckedValue &beta) {
    return beta.kind != ValueKind::Number || beta.number < 1;
  });
  if (betas.kind != ValueKind::List || betas.items.size() != 2 || !areShares)
    report(betas.where, "'betas' are two numbers from 0 to below 1, as in [0.9, 0.95]");
}

static void checkLora(const CheckedValue &call, const Report &report) {
  const CheckedValue &dropout = call["dropout"];
  if (dropout.kind == ValueKind::Number && dropout.number >= 1)
    report(dropout.where,
           fmt::format("'dropout' leaves out a share from 0 to below 100%; found {}%",
                       dropout.number * 100));
}

static void checkShape(const CheckedValue &call, const Report &report) {
  auto divides = [&](const char *part, const char *whole) {
    const CheckedValue &a = call[part], &b = call[whole];
    if (a.kind == ValueKind::Number && b.kind == ValueKind::Number &&
        std::fmod(b.number, a.number) != 0)
      report(a.where, std::string("'") + part + "' must divide '" + whole + "'; found " +
                          std::to_string(std::lround(a.number)) + " and " +
                          std::to_string(std::lround(b.number)));
  };
  divides("heads", "dim");
  divides("kv_heads", "heads");
  if (const CheckedValue &truncate = call["truncate"];
      truncate.kind == ValueKind::Number && truncate.number < 1)
    report(truncate.where, fmt::format("found {} deviations, expected at least 1, or most draws "
                                       "would be drawn again",
                                       truncate.number));
}

static void checkRanks(const CheckedValue &call, const Report &report) {
  if (call["file"].text.ends_with(".tiktoken") && call["pattern"].is("none"))
    report(call.where, "tiktoken ranks do not say how text is cut; write 'pattern:'");
}

namespace {
struct RuleRow {
  std::string_view construct;
  Family family;
  void (*check)(const CheckedValue &, const Report &);
};
constexpr RuleRow rules[] = {
    {"spans", Family::Record, checkSpans},    {"mix", Family::Record, checkMix},
    {"ask", Family::Record, checkAsk},        {"split", Family::Record, checkSplit},
    {"sample", Family::Record, checkAmount},  {"keep", Family::Record, checkAmount},
    {"adamw", Family::Optimizer, checkAdamW}, {"muon", Family::Optimizer, checkMuon},
    {"lora", Family::Adapter, checkLora},     {"new", Family::Model, checkShape},
    {"load", Family::Tokenizer, checkRanks},
};
} // namespace

void Checker::checkTogether(const CheckedValue &call) {
  Report report = [this](SourceRange where, std::string text) -> Diagnostic & {
    return diagnostics.error(Code::Together, where, std::move(text));
  };
  for (const RuleRow &rule : rules)
    if (rule.construct == call.construct->name && rule.family == call.construct->family)
      rule.check(call, report);
  if ((call.calls("average") || call.calls("saved")) && call["model"].kind != ValueKind::Mistaken &&
      !trainNamedBy(definitionAt(), call["model"]))
    diagnostics.error(Code::WrongValue, call["model"].where,
                      fmt::format("'{}' is of what a train saved; expected the name of a train",
                                  call.construct->name));
}

} // namespace roux
