//===- BatchRules.cpp - a train's batch, position and length as a spec ----===//
//
// Word by word from the table of constructs to the planner's enums.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/BatchRules.h"

#include "compiler/plan/Counts.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/Words.h"

#include <fmt/format.h>
#include <set>

namespace roux {

using namespace data;

static constexpr std::pair<std::string_view, Policy> policies[] = {{"each", Policy::Each},
                                                                   {"tokens", Policy::Tokens},
                                                                   {"pack", Policy::Pack},
                                                                   {"sorted", Policy::Sorted},
                                                                   {"bucket", Policy::Bucket}};
static constexpr std::pair<std::string_view, Fit> fits[] = {{"next", Fit::Next},
                                                            {"first", Fit::First},
                                                            {"best", Fit::Best},
                                                            {"decreasing", Fit::Decreasing},
                                                            {"fill", Fit::FillNext}};
static constexpr std::pair<std::string_view, Overflow> overflows[] = {
    {"error", Overflow::Error}, {"drop", Overflow::Drop}, {"split", Overflow::Split}};
static constexpr std::pair<std::string_view, Overflow> cuts[] = {
    {"right", Overflow::CutRight}, {"left", Overflow::CutLeft}, {"middle", Overflow::CutMiddle}};
static constexpr std::pair<std::string_view, PositionRule::Sites> sites[] = {
    {"sentence", PositionRule::Sites::Sentence},
    {"turn", PositionRule::Sites::Turn},
    {"token", PositionRule::Sites::Token}};

/// A count that a construct may leave out.
template <typename Count = uint64_t>
static Count countOf(const SourceManager &sources, const CheckedValue *value, Count absent) {
  return value && !value->isNone() ? countOf<Count>(sources, *value) : absent;
}

static Reach reachOf(const CheckedValue &value) {
  return value.is("pack") ? Reach::Pack : Reach::Sequence;
}

static Fit fitOf(const CheckedValue &value) {
  Fit fit = wordOf(value, fits);
  return fit == Fit::FillNext && value["rest"].is("drop") ? Fit::FillDrop : fit;
}

static void readBuckets(const SourceManager &sources, const CheckedValue &call, BatchSpec &batch) {
  batch.odds = call["odds"].expression;
  batch.quota = call["quota"].expression;
  batch.cycles = countOf(sources, call["cycles"]);
  batch.exhausted = call["short"].is("repeat") ? Exhausted::Repeat : Exhausted::Error;
}

static BatchSpec batchOf(const SourceManager &sources, const CheckedValue &call) {
  BatchSpec batch;
  batch.policy = wordOf(call, policies);
  batch.units = countOf(sources, call.find("units"), batch.units);
  batch.sequences = countOf(sources, call.find(batch.policy == Policy::Each ? "count" : "group"),
                            batch.sequences);
  for (std::string_view name : {"budget", "capacity", "tokens"})
    batch.tokens = countOf(sources, call.find(name), batch.tokens);
  if (batch.policy == Policy::Pack)
    batch.fit = fitOf(call["fit"]);
  if (batch.policy == Policy::Bucket)
    readBuckets(sources, call, batch);
  const CheckedValue &overflow = call["overflow"];
  batch.overflow =
      overflow.calls("cut") ? wordOf(overflow["side"], cuts) : wordOf(overflow, overflows);
  batch.last = call["last"].is("drop") ? Last::Drop : Last::Keep;
  batch.shuffle = call["order"].is("shuffle");
  batch.withinSource = call["within"].is("source");
  batch.attend = reachOf(call["attend"]);
  batch.labels = reachOf(call["labels"]);
  return batch;
}

/// True for `token.index`, the position every sequence has anyway.
static bool isIndex(const CheckedValue &value) {
  if (value.kind != ValueKind::Expression)
    return false;
  const Expression::Node &root = value.expression.root();
  return root.operation == Operation::Read && root.scope == Scope::Token &&
         root.attribute == Attribute::Index;
}

static PositionRule positionOf(const SourceManager &sources, const CheckedValue &value) {
  PositionRule rule;
  if (isIndex(value))
    return rule;
  if (!value.calls("gaps"))
    throw RefusedRecipe(sources, value.where,
                        "a plan holds positions that count up or jump; expected 'token.index' or "
                        "gaps(…)");
  rule.at = wordOf(value["at"], sites);
  rule.sites = countOf(sources, value.find("sites"), rule.sites);
  rule.span = countOf<uint64_t>(sources, value["span"]);
  rule.prefix = value["prefix"].expression;
  rule.chance = value["chance"].number;
  return rule;
}

static PlanLength lengthOf(const SourceManager &sources, const CheckedValue &value) {
  switch (value.measure) {
  case Measure::Epochs:
    return {PlanLength::Unit::Epochs, value.number};
  case Measure::Steps:
    return {PlanLength::Unit::Steps, value.number};
  case Measure::Tokens:
    return {PlanLength::Unit::Tokens, value.number};
  default:
    throw RefusedRecipe(sources, value.where,
                        "the plan exists before the first step; expected a length in steps, epochs "
                        "or tokens");
  }
}

PlanSpec planSpecOf(const SourceManager &sources, const CheckedRecipe &recipe,
                    const CheckedDefinition &train, uint64_t context) {
  PlanSpec spec;
  spec.seed = recipe.seed;
  spec.construct = train.name;
  spec.batch = batchOf(sources, train["batch"]);
  if (train["loss"].expression.readsPairs())
    spec.batch.attend = Reach::Span;
  spec.position = positionOf(sources, train["position"]);
  spec.length = lengthOf(sources, train["length"]);
  spec.context = context;
  return spec;
}

/// A field compared with a text, or searched in, is a text; every other is a number.
static bool isTextOf(const Expression &expression, uint32_t node) {
  for (const Expression::Node &user : expression.nodes) {
    bool uses = false, hasText = user.operation == Operation::Matches;
    for (uint32_t operand : user.operands) {
      uses |= operand == node;
      hasText |= expression.nodes[operand].operation == Operation::String;
    }
    if (uses && hasText)
      return true;
  }
  return false;
}

static void collect(const Expression &expression, std::set<std::pair<std::string, bool>> &found) {
  for (uint32_t i = 0; i < expression.nodes.size(); ++i) {
    const Expression::Node &node = expression.nodes[i];
    if (node.operation == Operation::Passed)
      found.insert({"in:" + node.text, false});
    if (node.operation == Operation::Read && node.attribute == Attribute::Field)
      found.insert({node.text, isTextOf(expression, i)});
    if (node.operation == Operation::Read && node.attribute == Attribute::Score &&
        node.scope == Scope::Sequence)
      found.insert({"score:" + node.text, false});
  }
}

/// Scores of tokens, and of spans, whose tokens all have theirs.
static void collectTokenScores(const Expression &expression, std::set<std::string> &found) {
  for (const Expression::Node &node : expression.nodes)
    if (node.operation == Operation::Read && node.attribute == Attribute::Score &&
        node.scope != Scope::Sequence)
      found.insert(node.text);
}

StoreSchema pairSchemaOf(const CheckedDefinition &train) {
  std::set<std::string> found;
  for (const Expression::Node &node : train["loss"].expression.nodes)
    if (node.operation == Operation::Read && node.attribute == Attribute::Characters)
      found.insert(fmt::format("characters:{}", spelling(node.scope)));
  StoreSchema schema;
  for (const std::string &name : found)
    schema.attributes.push_back({name, false});
  return schema;
}

StoreSchema storeSchemaOf(const CheckedDefinition &train) {
  std::set<std::pair<std::string, bool>> found;
  collect(train["weight"].expression, found);
  for (const StoreSchema::Attribute &attribute : pairSchemaOf(train).attributes)
    found.insert({attribute.name, attribute.isText});
  if (const CheckedValue &position = train["position"]; position.calls("gaps"))
    collect(position["prefix"].expression, found);
  std::set<std::string> scores;
  collectTokenScores(train["weight"].expression, scores);
  StoreSchema schema;
  for (const auto &[name, isText] : found)
    schema.attributes.push_back({name, isText});
  schema.tokenScores.assign(scores.begin(), scores.end());
  return schema;
}

} // namespace roux
