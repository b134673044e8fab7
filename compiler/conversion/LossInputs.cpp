//===- LossInputs.cpp - attributes a launch can be given ------------------===//
//
// A table of them; everything else is refused where it is written.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/LossInputs.h"

#include "dialects/Step/Step.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
// roux::Value and roux::Attribute belong to expressions; here a Value is MLIR's.
using roux::Expression, roux::LocateNode, roux::Scope;
using namespace roux::step;

namespace {
struct Readable {
  Scope scope;
  roux::Attribute attribute;
  llvm::StringLiteral name;
};
} // namespace

static constexpr Readable readable[] = {
    {Scope::Step, roux::Attribute::Index, "step.index"},
    {Scope::Step, roux::Attribute::Progress, "step.progress"},
    {Scope::Step, roux::Attribute::Tokens, "step.tokens"},
    {Scope::Step, roux::Attribute::Targets, "step.targets"},
    {Scope::Step, roux::Attribute::Sequences, "step.sequences"},
    {Scope::Step, roux::Attribute::Packs, "step.packs"},
    {Scope::Pack, roux::Attribute::Tokens, "pack.tokens"},
    {Scope::Pack, roux::Attribute::Targets, "pack.targets"},
    {Scope::Pack, roux::Attribute::Sequences, "pack.sequences"},
    {Scope::Sequence, roux::Attribute::Tokens, "sequence.tokens"},
    {Scope::Sequence, roux::Attribute::Targets, "sequence.targets"},
    {Scope::Token, roux::Attribute::Index, "token.index"},
    {Scope::Token, roux::Attribute::Position, "token.position"},
};

static bool isModelValue(const Expression::Node &node) {
  return node.attribute == roux::Attribute::Nll || node.attribute == roux::Attribute::LogSumExp;
}

llvm::FailureOr<std::vector<LossInput>> roux::step::lossInputs(const Expression *loss,
                                                               LocateNode locate) {
  std::vector<LossInput> inputs;
  if (!loss)
    return inputs;
  for (const Expression::Node &node : loss->nodes) {
    auto same = [&](const auto &entry) {
      return entry.scope == node.scope && entry.attribute == node.attribute;
    };
    if (node.operation != roux::Operation::Read || isModelValue(node) || llvm::any_of(inputs, same))
      continue;
    const Readable *found = llvm::find_if(readable, same);
    if (found == std::end(readable))
      return emitError(locate(node)) << "a loss cannot read this attribute; it may read token.nll, "
                                        "token.logsumexp and counts known from the plan";
    inputs.push_back({node.scope, node.attribute, found->name.str(), node.scope != Scope::Step});
  }
  return inputs;
}

llvm::LogicalResult roux::step::buildFormula(const Expression *loss,
                                             const std::vector<LossInput> &inputs, Region &region,
                                             FloatType type, Location place, LocateNode locate) {
  OpBuilder builder(type.getContext());
  SmallVector<Type> types(2 + inputs.size(), type);
  SmallVector<Location> places(types.size(), place);
  Block *block = builder.createBlock(&region, region.end(), types, places);
  mlir::Value result = block->getArgument(0);
  if (loss && !loss->empty()) {
    auto read = [&](const Expression::Node &node) -> mlir::Value {
      if (isModelValue(node))
        return block->getArgument(node.attribute == roux::Attribute::Nll ? 0 : 1);
      for (auto [index, input] : llvm::enumerate(inputs))
        if (input.scope == node.scope && input.attribute == node.attribute)
          return block->getArgument(2 + index);
      return {};
    };
    FailureOr<mlir::Value> emitted = emitExpression(*loss, builder, type, locate, read);
    if (failed(emitted))
      return failure();
    result = *emitted;
  }
  YieldOp::create(builder, place, result);
  return success();
}
