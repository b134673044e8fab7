//===- Verify.cpp - what a well-formed recipe module is -------------------===//
//
// Checks that the rows of the .td files cannot say: what a region must yield,
// that names lead to definitions of the right kind, which attribute belongs to
// which scope.
//
//===----------------------------------------------------------------------===//
#include "dialects/Recipe/Recipe.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace roux::recipe;

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

/// The operands of the terminator of `region`, or nothing where it has no `Terminator`.
template <typename Terminator>
static std::optional<ValueRange> resultsOf(Region &region) {
  if (region.empty() || region.front().empty())
    return std::nullopt;
  auto end = dyn_cast<Terminator>(region.front().back());
  return end ? std::optional<ValueRange>(end->getOperands()) : std::nullopt;
}

/// Requires that `region` ends in `recipe.result` of one of `types`.
static LogicalResult verifyFormula(Operation *op, Region &region, StringRef name, TypeRange types) {
  std::optional<ValueRange> results = resultsOf<ResultOp>(region);
  if (!results)
    return op->emitOpError() << "expects its region '" << name << "' to end in recipe.result";
  Type found = results->front().getType();
  if (llvm::is_contained(types, found))
    return success();
  InFlightDiagnostic diag = op->emitOpError() << "expects '" << name << "' to be ";
  llvm::interleave(types, diag, " or ");
  return diag << ", found " << found;
}

/// Requires that `region` ends in `recipe.yield` of exactly `types`.
static LogicalResult verifyYield(Operation *op, Region &region, TypeRange types) {
  std::optional<ValueRange> values = resultsOf<YieldOp>(region);
  if (!values)
    return op->emitOpError() << "expects its region to end in recipe.yield";
  if (llvm::equal(values->getTypes(), types))
    return success();
  InFlightDiagnostic diag = op->emitOpError() << "expects to yield (";
  llvm::interleaveComma(types, diag);
  diag << "), found (";
  llvm::interleaveComma(values->getTypes(), diag);
  return diag << ")";
}

LogicalResult TokenizerOp::verify() {
  return verifyYield(*this, getBody(), getDefinedType());
}
LogicalResult ModelDefinitionOp::verify() {
  return verifyYield(*this, getBody(), getDefinedType());
}
LogicalResult DataDefinitionOp::verify() {
  return verifyYield(*this, getBody(), getDefinedType());
}

LogicalResult TrainOp::verify() {
  MLIRContext *context = getContext();
  Type number = Float64Type::get(context), truth = IntegerType::get(context, 1);
  SmallVector<Type> inputs{ModelType::get(context), DataType::get(context),
                           PolicyType::get(context)};
  if (getPosition().empty())
    inputs.push_back(PositionsType::get(context));
  if (std::optional<ValueRange> given = resultsOf<YieldOp>(getInputs());
      given && given->size() > inputs.size())
    inputs.push_back(ModelType::get(context)); // the reference
  if (failed(verifyYield(*this, getInputs(), inputs)) ||
      failed(verifyFormula(*this, getTarget(), "target", truth)) ||
      failed(verifyFormula(*this, getWeight(), "weight", number)) ||
      failed(verifyFormula(*this, getLoss(), "loss", number)))
    return failure();
  return getPosition().empty() ? success()
                               : verifyFormula(*this, getPosition(), "position", number);
}

LogicalResult EvalOp::verify() {
  if (failed(verifyYield(*this, getBody(), Type(ModelType::get(getContext())))))
    return failure();
  Type truth = IntegerType::get(getContext(), 1);
  return getTarget().empty() ? success() : verifyFormula(*this, getTarget(), "target", truth);
}

LogicalResult ScoreOp::verify() {
  std::optional<ValueRange> inputs = resultsOf<YieldOp>(getInputs());
  Type data = DataType::get(getContext()), model = ModelType::get(getContext());
  bool asksModel = inputs && inputs->size() == 2;
  if (failed(verifyYield(*this, getInputs(),
                         asksModel ? SmallVector<Type>{data, model} : SmallVector<Type>{data})))
    return failure();
  return verifyFormula(*this, getValue(), "value", Type(Float64Type::get(getContext())));
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// What `recipe.get` of `definition` has as its type, or null.
static Type definedType(Operation *definition) {
  if (auto tokenizer = dyn_cast<TokenizerOp>(definition))
    return tokenizer.getDefinedType();
  if (auto model = dyn_cast<ModelDefinitionOp>(definition))
    return model.getDefinedType();
  if (auto data = dyn_cast<DataDefinitionOp>(definition))
    return data.getDefinedType();
  if (auto train = dyn_cast<TrainOp>(definition))
    return train.getDefinedType();
  return {};
}

LogicalResult GetOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto module = (*this)->getParentOfType<ModuleOp>();
  Operation *definition = symbols.lookupSymbolIn(module, getDefinitionAttr());
  if (!definition)
    return emitOpError() << "finds no definition named " << getDefinitionAttr();
  Type defined = definedType(definition);
  if (defined == getType())
    return success();
  InFlightDiagnostic diag = emitOpError()
                            << "expects " << getDefinitionAttr() << " to be " << getType();
  diag.attachNote(definition->getLoc()) << "it is defined here as " << definition->getName();
  return diag;
}

LogicalResult MixOp::verify() {
  if (getShares().size() == getData().size())
    return success();
  return emitOpError() << "names " << getShares().size() << " shares for " << getData().size()
                       << " operands";
}

LogicalResult BlendOp::verify() {
  size_t coefficients = cast<ListAttr>(getCoefficients()).getItems().size();
  if (coefficients == getModels().size())
    return success();
  return emitOpError() << "has " << coefficients << " coefficients for " << getModels().size()
                       << " models";
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

/// The attributes of each scope, in the order of the enumeration.
static ArrayRef<Attribute_> attributesOf(Scope scope) {
  using A = Attribute_;
  static constexpr A token[] = {A::index, A::id,        A::position, A::role,
                                A::nll,   A::logsumexp, A::score};
  static constexpr A turn[] = {A::index, A::tokens, A::text, A::role, A::score};
  static constexpr A span[] = {A::index, A::tokens, A::text, A::score};
  static constexpr A sequence[] = {A::index, A::record, A::tokens, A::targets, A::turns,
                                   A::spans, A::source, A::field,  A::score};
  static constexpr A pack[] = {A::index, A::tokens, A::targets, A::sequences};
  static constexpr A bucket[] = {A::index, A::length, A::tokens, A::sequences};
  static constexpr A step[] = {A::index,   A::progress,  A::tokens,
                               A::targets, A::sequences, A::packs};
  static constexpr A answer[] = {A::tokens, A::targets, A::logp, A::reference, A::characters};
  switch (scope) {
  case Scope::constant:
  case Scope::pairs:
    return {};
  case Scope::token:
    return token;
  case Scope::turn:
    return turn;
  case Scope::span:
  case Scope::later:
  case Scope::earlier:
    return span;
  case Scope::sequence:
    return sequence;
  case Scope::pack:
    return pack;
  case Scope::bucket:
    return bucket;
  case Scope::step:
    return step;
  case Scope::chosen:
  case Scope::rejected:
    return answer;
  }
  llvm_unreachable("every scope is listed");
}

LogicalResult ReadOp::verify() {
  if (!llvm::is_contained(attributesOf(getScope()), getAttribute()))
    return emitOpError() << "reads '" << stringifyAttribute_(getAttribute()) << "', which a "
                         << stringifyScope(getScope()) << " does not have";
  bool named = getAttribute() == Attribute_::field || getAttribute() == Attribute_::score;
  if (named != getName().has_value())
    return emitOpError() << (named ? "needs the name of the " : "has a name, but not for the ")
                         << stringifyAttribute_(getAttribute());
  return success();
}

LogicalResult InputOp::verify() {
  return verifyFormula(*this, getValue(), "value", Type(Float64Type::get(getContext())));
}

/// True if rows of `inner` lie inside a row of `outer`; pairs have their own order.
static bool liesInside(Scope inner, Scope outer) {
  if (inner == Scope::pairs)
    return outer == Scope::sequence;
  if (inner == Scope::earlier)
    return outer == Scope::later;
  return inner < outer && outer <= Scope::step;
}

LogicalResult ReduceOp::verify() {
  bool quantile = getReduction() == Reduction::quantile;
  if (quantile != static_cast<bool>(getShare()))
    return emitOpError() << (quantile ? "needs a share"
                                      : "has a share, which only a quantile takes");
  if (getEach().empty() && getReduction() != Reduction::count)
    return emitOpError() << "has nothing to reduce; only a count goes without";
  if (!liesInside(getInner(), getScope()))
    return emitOpError() << "ranges over the rows '" << stringifyScope(getInner())
                         << "', which are not inside a " << stringifyScope(getScope());
  return success();
}
