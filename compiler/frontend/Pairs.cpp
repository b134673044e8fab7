//===- Pairs.cpp - what training on pairs of answers must hold ------------===//
//
// A pair stays a pair from its file to its step. What would tear it, or train the answer
// that was rejected, is refused here, where it is written.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

/// Operations on data that need one conversation or text a record, or whole tokens of one.
static constexpr std::string_view ofOneText[] = {"join", "spans", "keep_spans", "cut",  "split",
                                                 "ask",  "pick",  "as_chat",    "strip"};

void Checker::refuseOfPairs(const CheckedValue &call) {
  if (std::ranges::find(ofOneText, call.construct->name) == std::end(ofOneText))
    return;
  diagnostics.error(Code::Together, call.where,
                    fmt::format("'{}' works on one text, and a pair has two; expected "
                                "where, sample, without, shuffle, concat, mix, repeat, "
                                "sort or keep",
                                call.construct->name));
}

bool Checker::arePairs(const CheckedValue &data) {
  if (data.kind == ValueKind::Reference) {
    if (auto known = pairs.find(data.definition); known != pairs.end())
      return known->second;
    bool are = arePairs(checked[data.definition].value);
    return pairs[data.definition] = are;
  }
  if (data.kind != ValueKind::Call)
    return false;
  if (data.construct->family == Family::Source)
    return data.calls("pairs");
  std::vector<const CheckedValue *> inputs;
  const CheckedValue *from = data.find("data");
  if (from && from->kind == ValueKind::List)
    for (const CheckedValue &item : from->items)
      inputs.push_back(&item);
  else if (from)
    inputs.push_back(from);
  CheckedValue share;
  size_t are =
      std::ranges::count_if(inputs, [&](const CheckedValue *each) { return arePairs(*each); });
  size_t all = inputs.size();
  for (const CheckedArgument &argument : data.arguments) {
    auto named = argument.named && data.calls("mix") ? names.find(argument.name) : names.end();
    if (named == names.end())
      continue;
    ++all;
    share.kind = ValueKind::Reference;
    share.definition = symbols[named->second].index;
    are += arePairs(share);
  }
  if (are > 0 && are < all)
    diagnostics.error(Code::Together, data.where,
                      fmt::format("'{}' puts pairs of answers beside other records, and "
                                  "one loss is of one of the two",
                                  data.construct->name));
  if (are > 0)
    refuseOfPairs(data);
  return are > 0;
}

void Checker::checkPairLoss(const CheckedDefinition &train) {
  const CheckedValue &loss = train["loss"], &weight = train["weight"];
  auto readsToken = [](const Expression::Node &node) {
    return node.operation == Operation::Read && node.scope == Scope::Token;
  };
  if (std::ranges::any_of(loss.expression.nodes, readsToken))
    diagnostics.error(Code::Together, loss.where,
                      "a loss is of targets or of pairs; token.… and the answers of a "
                      "pair cannot be in one formula, and chosen.logp has the targets "
                      "of an answer together");
  bool readsLogP = std::ranges::any_of(loss.expression.nodes, [](const Expression::Node &node) {
    return node.operation == Operation::Read && node.attribute == Attribute::LogP;
  });
  if (!readsLogP)
    diagnostics.error(Code::Together, loss.where,
                      "the loss of a pair reads chosen.logp or rejected.logp; without "
                      "them there is nothing to train");
  auto isInside = [](const Expression::Node &node) {
    return node.operation == Operation::Read && liesIn(node.scope, Scope::Sequence) &&
           node.scope != Scope::Constant;
  };
  if (std::ranges::any_of(weight.expression.nodes, isInside))
    diagnostics.error(Code::Together, weight.where,
                      "the weight of a pair is one number; it may read sequence, "
                      "which is the pair, pack and step, as in 1 / step.sequences");
}

void Checker::checkPairBatch(const CheckedDefinition &train) {
  const CheckedValue &batch = train["batch"], &position = train["position"];
  if (batch.kind != ValueKind::Call)
    return;
  auto refuse = [&](const CheckedValue &value, std::string_view what) {
    diagnostics.error(
        Code::Together, value.where,
        fmt::format("a pair is laid down whole and in two segments; expected {}", what));
  };
  if (batch.calls("bucket"))
    refuse(batch, "each, tokens, pack or sorted");
  const CheckedValue *overflow = batch.find("overflow");
  if (overflow && (overflow->calls("cut") || overflow->is("split")))
    refuse(*overflow, "overflow: error or drop");
  const CheckedValue *fit = batch.find("fit");
  if (fit && fit->calls("fill"))
    refuse(*fit, "fit: next, first, best or decreasing");
  for (const char *key : {"attend", "labels"})
    if (const CheckedValue *reach = batch.find(key); reach && reach->is("pack"))
      refuse(*reach, fmt::format("{}: sequence", key));
  if (position.calls("gaps"))
    refuse(position, "position: token.index");
}

void Checker::checkReference(const CheckedDefinition &train) {
  const CheckedValue &reference = train["reference"], &loss = train["loss"];
  bool reads = std::ranges::any_of(loss.expression.nodes, [](const Expression::Node &node) {
    return node.operation == Operation::Read && node.attribute == Attribute::Reference;
  });
  if (reads && reference.isNone())
    diagnostics.error(Code::Together, loss.where,
                      "the loss reads a reference; write 'reference:' with the model "
                      "that it is of, as in reference: base");
  if (!reads && !reference.isNone() && reference.kind != ValueKind::Mistaken &&
      loss.kind != ValueKind::Mistaken)
    diagnostics.error(Code::Together, reference.where,
                      "nothing reads the reference; a loss does, as in "
                      "chosen.logp - chosen.reference");
  if (const CheckedValue *endpoint = endpointIn(reference))
    diagnostics
        .error(Code::Together, reference.where,
               "an endpoint can only answer; a reference says how likely "
               "given answers are")
        .note(endpoint->where, "the endpoint is here");
}

void Checker::checkPairs(const CheckedDefinition &train) {
  const CheckedValue &data = train["data"], &loss = train["loss"];
  if (data.kind == ValueKind::Mistaken || loss.kind == ValueKind::Mistaken ||
      loss.kind == ValueKind::None)
    return;
  bool are = arePairs(data), reads = loss.expression.readsPairs();
  checkReference(train);
  if (reads && !are) {
    diagnostics
        .error(Code::Together, loss.where,
               "'chosen' and 'rejected' are the answers of pairs(…), and these data "
               "are none")
        .note(data.where, "the data are here");
    return;
  }
  if (are && !reads) {
    diagnostics.error(Code::Together, data.where,
                      "the data are pairs, and a loss of targets would train the rejected "
                      "answers too; write a loss of chosen.logp and rejected.logp");
    return;
  }
  if (!are)
    return;
  checkPairLoss(train);
  checkPairBatch(train);
}

void Checker::checkPairsMeasured(const CheckedDefinition &eval) {
  const CheckedDefinition *train = trainBehind(definitionAt(), eval["model"]);
  bool hasLoss = train && train->find("loss") && (*train)["loss"].expression.readsPairs();
  bool isMistaken = train && train->find("loss") && (*train)["loss"].kind == ValueKind::Mistaken;
  for (const CheckedArgument &task : eval.tasks) {
    const CheckedValue *data =
        task.value.kind == ValueKind::Call ? task.value.find("data") : nullptr;
    if (!data || !arePairs(*data) || isMistaken)
      continue;
    if (task.value.calls("loss") && hasLoss) {
      if (const CheckedValue *by = task.value.find("by"); by && by->is("position"))
        diagnostics.error(Code::Together, by->where,
                          "a pair has one loss, which is at no position; expected by: source");
      continue;
    }
    diagnostics.error(
        Code::Together, data->where,
        task.value.calls("loss")
            ? "these data are pairs, whose loss is that of a train on pairs; expected "
              "the model of such a train"
            : "these data are pairs of answers; only loss(…) measures those");
  }
}

} // namespace roux
