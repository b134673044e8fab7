//===- Spec.cpp - what a plan is asked for --------------------------------===//
//
// The texts are what the hash of a plan covers and what people read above it, so
// every option is in them, also those left at their defaults.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace roux::data {

static constexpr const char *fits[] = {
    "next", "first", "best", "decreasing", "fill(rest: next)", "fill(rest: drop)"};
static constexpr const char *overflows[] = {"error",     "drop",        "cut(right)",
                                            "cut(left)", "cut(middle)", "split"};
static constexpr const char *lasts[] = {"keep", "drop"};
static constexpr const char *reaches[] = {"sequence", "pack", "span"};
static constexpr const char *exhaustions[] = {"error", "repeat"};
static constexpr const char *siteNames[] = {"none", "sentence", "turn", "token"};
static constexpr const char *lengthUnits[] = {"epochs", "steps", "tokens"};

/// A position's place in its pack is 32 bits wide; half of that leaves room for sums.
static constexpr uint64_t largestCapacity = uint64_t(1) << 30;

template <typename Enum, size_t n>
static const char *word(const char *const (&words)[n], Enum e) {
  return words[static_cast<size_t>(e)];
}

/// Every node of a tree, unambiguously; where it stood in the recipe does not count.
static std::string fingerprint(const Expression &expression) {
  std::string out;
  for (const Expression::Node &node : expression.nodes)
    out += fmt::format("[{} {} {} {} {} {} {:?} {}]", int(node.operation), int(node.scope),
                       int(node.inner), int(node.attribute), int(node.countsAll), node.number,
                       node.text, fmt::join(node.operands, ","));
  return out.empty() ? "none" : out;
}

std::string BatchSpec::text() const {
  std::string options =
      fmt::format("overflow: {}, last: {}, order: {}, within: {}, attend: {}, labels: {})",
                  word(overflows, overflow), word(lasts, last), shuffle ? "shuffle" : "data",
                  withinSource ? "source" : "data", word(reaches, attend), word(reaches, labels));
  switch (policy) {
  case Policy::Each:
    return fmt::format("each({} sequences, {}", sequences, options);
  case Policy::Tokens:
    return fmt::format("tokens({}, {}", tokens, options);
  case Policy::Pack:
    return fmt::format("{} * pack({} tokens, fit: {}, {}", units, tokens, word(fits, fit), options);
  case Policy::Sorted:
    return fmt::format("{} * sorted(group: {}, {}", units, sequences, options);
  case Policy::Bucket:
    break;
  }
  return fmt::format("bucket(tokens: {}, odds: {}, quota: {}, cycles: {}, exhausted: {}, {}",
                     tokens, fingerprint(odds), fingerprint(quota), cycles,
                     word(exhaustions, exhausted), options);
}

std::string PositionRule::text() const {
  if (isPlain())
    return "index in the segment";
  return fmt::format("gaps(at: {}, sites: {}, span: {}, prefix: {}, chance: {})",
                     word(siteNames, at), sites, span, fingerprint(prefix), chance);
}

uint64_t PlanSpec::capacity() const {
  switch (batch.policy) {
  case Policy::Pack:
    return batch.tokens;
  case Policy::Tokens:
  case Policy::Bucket:
    return batch.attend == Reach::Span ? batch.tokens : std::min(context, batch.tokens);
  case Policy::Each:
  case Policy::Sorted:
    break;
  }
  return batch.attend == Reach::Span ? 2 * context : context; // each answer has the context
}

std::string PlanSpec::text() const {
  return fmt::format("seed: {}\ntrain: {}\nbatch: {}\nposition: {}\nlength: {} {}\ncontext: {}\n",
                     seed, construct, batch.text(), position.text(), length.amount,
                     word(lengthUnits, length.unit), context);
}

void PlanSpec::check() const {
  bool counts = batch.policy == Policy::Each || batch.policy == Policy::Sorted;
  if (counts && batch.sequences == 0)
    throw PlanError("a batch of 0 sequences, expected at least 1");
  if (!counts && batch.tokens == 0)
    throw PlanError("a batch of 0 tokens, expected at least 1");
  if (batch.units == 0)
    throw PlanError("0 packs or groups in a step, expected at least 1");
  if (capacity() == 0 || capacity() > largestCapacity)
    throw PlanError(fmt::format("sequences of up to {} tokens, expected between 1 and {}",
                                capacity(), largestCapacity));
  if (!(length.amount > 0) || !std::isfinite(length.amount))
    throw PlanError(fmt::format("a length of {} {}, expected more than 0", length.amount,
                                word(lengthUnits, length.unit)));
  if (batch.policy == Policy::Bucket && batch.odds.empty())
    throw PlanError("a bucket without odds");
  if (batch.policy == Policy::Bucket && batch.cycles == 0)
    throw PlanError("0 cycles through the buckets, expected at least 1");
  if (!(position.chance >= 0 && position.chance <= 1))
    throw PlanError(fmt::format("a chance of {}, expected 0% to 100%", position.chance));
  if (position.span > UINT32_MAX)
    throw PlanError(
        fmt::format("gaps over {} positions, expected at most {}", position.span, UINT32_MAX));
}

} // namespace roux::data
