//===- StepGrad.cpp - reverse mode as a pass ------------------------------===//
//
// Functions are what is hard about reverse mode here: the entry keeps its
// forward part in front of its gradients, while a layer is called many times
// and has to find, going backwards, what it computed going forwards. Whether
// that is computed again or kept is said at the call.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/Differentiation.h"
#include "compiler/transforms/KeptValues.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"

#include <map>
#include <tuple>
#include <vector>

namespace roux::step {
#define GEN_PASS_DEF_STEPGRAD
#include "compiler/transforms/Passes.h.inc"
} // namespace roux::step

using namespace mlir;
using namespace roux::step;

namespace {

/// A copy of a function's body at the head of another, ready to be differentiated.
struct ForwardCopy {
  IRMapping values; ///< from the original's values to the copy's
  SmallVector<Operation *> operations;
  SmallVector<Value> results; ///< what the original returned
};

/// What the layers of one call keep. Their values lie in the same stacks, so all keep as many of a
/// type as the first does, in its order, and compute the same ones again.
struct KeptOfCall {
  func::FuncOp first;
  SmallVector<Type> read;  ///< by the first one's gradient
  SmallVector<bool> again; ///< which of them are computed again
};

/// The functions that stand for the gradient of a layer.
struct LayerGradient {
  func::FuncOp backward;
  func::FuncOp saving;          ///< null where the layer is recomputed
  SmallVector<Type> savedTypes; ///< of one layer
  KeptOfCall kept;              ///< by the call's layers, where this is the first of them
};

/// Those of the layers that one call calls in turn.
struct LayerGradients {
  LayerGradient of; ///< of one of them: all have its types
  ArrayAttr backward, saving;
};

/// What each function of a module needs to be differentiated.
class ModuleDifferentiator {
public:
  explicit ModuleDifferentiator(ModuleOp module) : symbols(module), builder(module.getContext()) {}

  LogicalResult differentiateEntry(func::FuncOp entry);

private:
  LogicalResult differentiateCall(LayersOp call, Value gradient, GradientTable &gradients);
  FailureOr<LayerGradient> differentiateLayer(func::FuncOp layer, ArrayRef<bool> trained,
                                              LayersOp call, KeptOfCall &kept);
  FailureOr<LayerGradients> differentiateLayers(LayersOp call, ArrayRef<bool> trained);
  void keepActivations(func::FuncOp layer, LayerGradient &result, const ForwardCopy &copy,
                       int64_t again, KeptOfCall &kept);
  ForwardCopy copyBody(func::FuncOp from, ValueRange arguments);
  func::FuncOp addFunction(func::FuncOp after, const Twine &name, TypeRange arguments,
                           TypeRange results);

  SymbolTable symbols;
  OpBuilder builder;
  /// By layer, the first one of its call, how activations are found, how many not, and which
  /// weights are trained.
  std::map<std::tuple<Operation *, Operation *, Activations, int64_t, std::vector<bool>>,
           LayerGradient>
      layers;
};

} // namespace

/// A gradient of zero, for a stream that the loss does not depend on.
static Value zeroGradient(OpBuilder &builder, Location place, Value parameter) {
  auto type = cast<RankedTensorType>(parameter.getType());
  auto zeros = type.clone(accumulationType(type.getElementType()));
  return arith::ConstantOp::create(
      builder, place,
      SplatElementsAttr::get(zeros, builder.getFloatAttr(zeros.getElementType(), 0.0)));
}

/// Gradients that came out on the way to others, and that nobody is owed.
static void eraseUnowed(Block &block, ArrayRef<Operation *> forward) {
  DenseSet<Operation *> kept(forward.begin(), forward.end());
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (!kept.contains(&op) && isOpTriviallyDead(&op))
      op.erase();
}

/// Of a layer computed again, what no gradient reads: at least the last residual sum.
static void eraseUnread(ArrayRef<Operation *> operations) {
  for (Operation *op : llvm::reverse(operations))
    if (op->use_empty())
      op->erase();
}

func::FuncOp ModuleDifferentiator::addFunction(func::FuncOp after, const Twine &name,
                                               TypeRange arguments, TypeRange results) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(after);
  auto function = func::FuncOp::create(builder, after.getLoc(), name.str(),
                                       builder.getFunctionType(arguments, results));
  function.setVisibility(after.getVisibility());
  function.addEntryBlock();
  symbols.insert(function, builder.getInsertionPoint());
  return function;
}

ForwardCopy ModuleDifferentiator::copyBody(func::FuncOp from, ValueRange arguments) {
  ForwardCopy copy;
  copy.values.map(from.getArguments(), arguments);
  for (Operation &op : from.front().without_terminator())
    copy.operations.push_back(builder.clone(op, copy.values));
  for (Value result : from.front().getTerminator()->getOperands())
    copy.results.push_back(copy.values.lookupOrDefault(result));
  return copy;
}

LogicalResult ModuleDifferentiator::differentiateEntry(func::FuncOp entry) {
  FunctionType type = entry.getFunctionType();
  auto lossType =
      type.getNumResults() ? dyn_cast<RankedTensorType>(type.getResult(0)) : RankedTensorType();
  if (!lossType || lossType.getRank() != 0 || !isa<FloatType>(lossType.getElementType()))
    return entry.emitOpError()
           << "should return the loss first, a tensor<f32>, to be differentiated";

  SmallVector<unsigned> parameters;
  SmallVector<Type> arguments(type.getInputs()), results(type.getResults());
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (entry.getArgAttr(i, StepDialect::parameterName) &&
        !entry.getArgAttr(i, StepDialect::frozenName)) {
      auto parameter = cast<RankedTensorType>(type.getInput(i));
      parameters.push_back(i);
      arguments.push_back(parameter.clone(accumulationType(parameter.getElementType())));
      results.push_back(arguments.back());
    }
  func::FuncOp function = addFunction(entry, entry.getSymName() + "_grad", arguments, results);
  for (unsigned i = 0; i < type.getNumInputs(); ++i)
    function.setArgAttrs(i, entry.getArgAttrDict(i));
  for (unsigned i = 0; i < type.getNumResults(); ++i)
    function.setResultAttrs(i, entry.getResultAttrDict(i));

  builder.setInsertionPointToStart(&function.front());
  ForwardCopy forward = copyBody(entry, function.getArguments().take_front(type.getNumInputs()));
  Value seed = arith::ConstantOp::create(
      builder, entry.getLoc(),
      SplatElementsAttr::get(lossType, builder.getFloatAttr(lossType.getElementType(), 1.0)));
  SmallVector<Value> trained;
  for (unsigned i : parameters)
    trained.push_back(function.getArgument(i));
  GradientTable gradients(builder, reachedFrom(forward.operations, trained));
  auto accumulators = function.getArguments().drop_front(type.getNumInputs());
  for (auto [parameter, accumulator] : llvm::zip_equal(trained, accumulators))
    gradients.accumulate(parameter, accumulator);
  gradients.add(forward.results[0], seed);
  auto call = [&](LayersOp op, Value gradient, GradientTable &table) {
    return differentiateCall(op, gradient, table);
  };
  if (failed(differentiate(forward.operations, builder, gradients, call)))
    return failure();

  SmallVector<Value> returned = forward.results;
  for (auto [i, accumulator] : llvm::zip_equal(parameters, accumulators)) {
    Attribute name = entry.getArgAttr(i, StepDialect::parameterName);
    function.setArgAttr(accumulator.getArgNumber(), StepDialect::gradientName, name);
    function.setResultAttr(returned.size(), StepDialect::gradientName, name);
    returned.push_back(gradients.sum(function.getArgument(i)));
  }
  func::ReturnOp::create(builder, entry.front().getTerminator()->getLoc(), returned);
  return success();
}

LogicalResult ModuleDifferentiator::differentiateCall(LayersOp call, Value gradient,
                                                      GradientTable &gradients) {
  if (llvm::any_of(call.getShared(), [&](Value v) { return gradients.isWanted(v); }))
    return symbols.lookup<func::FuncOp>(cast<FlatSymbolRefAttr>(call.getCallees()[0]).getValue())
               .emitOpError()
           << "has a gradient for a value shared by all layers; pass it as a "
              "weight or not at all";
  SmallVector<bool> trained;
  SmallVector<Value> accumulators, trainedWeights;
  for (auto [index, weight] : llvm::enumerate(call.getWeights())) {
    trained.push_back(gradients.isWanted(weight));
    if (!trained.back())
      continue;
    trainedWeights.push_back(weight);
    accumulators.push_back(gradients.sum(weight));
    if (!accumulators.back())
      return call.emitOpError() << "has as weight " << index
                                << " neither a parameter nor a rounded one, so its gradient would "
                                   "be added to nothing";
  }
  FailureOr<LayerGradients> found = differentiateLayers(call, trained);
  if (failed(found))
    return failure();

  SmallVector<Type> savedStacks;
  for (Type type : found->of.savedTypes)
    savedStacks.push_back(stackType(type, call.getCount()));
  LayersOp forward = call;
  if (found->of.saving) {
    OpBuilder before(call);
    forward = LayersOp::create(before, call.getLoc(), call.getResult().getType(),
                               call.getInputs().getType(), savedStacks, found->saving,
                               call.getInput(), call.getShared(), call.getWeights(),
                               call.getCount(), call.getActivations(), call.getAgain());
    call.getResult().replaceAllUsesWith(forward.getResult());
    call.getInputs().replaceAllUsesWith(forward.getInputs());
  }
  auto backward = LayersGradOp::create(
      builder, call.getLoc(), call.getInput().getType(), ValueRange(accumulators).getTypes(),
      found->backward, gradient, forward.getInputs(), forward.getShared(), forward.getWeights(),
      accumulators, forward.getSaved(), call.getCount(), call.getActivations());
  gradients.add(forward.getInput(), backward.getInputGradient());
  for (auto [weight, sum] : llvm::zip_equal(trainedWeights, backward.getSums()))
    gradients.setSum(weight, sum);
  if (found->of.saving)
    call.erase();
  return success();
}

FailureOr<LayerGradients> ModuleDifferentiator::differentiateLayers(LayersOp call,
                                                                    ArrayRef<bool> trained) {
  LayerGradients result;
  SmallVector<Attribute> backward, saving;
  KeptOfCall kept;
  for (auto name : call.getCallees().getAsRange<FlatSymbolRefAttr>()) {
    auto layer = symbols.lookup<func::FuncOp>(name.getValue());
    if (!kept.first)
      kept.first = layer;
    FailureOr<LayerGradient> found = differentiateLayer(layer, trained, call, kept);
    if (failed(found))
      return failure();
    if (!backward.empty() && found->savedTypes != result.of.savedTypes)
      return call.emitOpError() << "calls layers that keep values of different types for their "
                                   "gradients";
    result.of = *found;
    backward.push_back(FlatSymbolRefAttr::get(found->backward));
    if (found->saving)
      saving.push_back(FlatSymbolRefAttr::get(found->saving));
  }
  result.backward = builder.getArrayAttr(backward);
  result.saving = builder.getArrayAttr(saving);
  return result;
}

FailureOr<LayerGradient> ModuleDifferentiator::differentiateLayer(func::FuncOp layer,
                                                                  ArrayRef<bool> trained,
                                                                  LayersOp call, KeptOfCall &kept) {
  std::tuple key(layer.getOperation(), kept.first.getOperation(), call.getActivations(),
                 int64_t(call.getAgain()), std::vector(trained.begin(), trained.end()));
  if (auto known = layers.find(key); known != layers.end()) {
    if (layer == kept.first)
      kept = known->second.kept;
    return known->second;
  }
  size_t weights = trained.size();

  OpBuilder::InsertionGuard guard(builder);
  FunctionType type = layer.getFunctionType();
  SmallVector<Type> arguments{type.getResult(0)}, results{type.getInput(0)};
  llvm::append_range(arguments, type.getInputs());
  for (auto [weight, isTrained] : llvm::zip_equal(type.getInputs().take_back(weights), trained))
    if (isTrained) {
      auto tensor = cast<RankedTensorType>(weight);
      arguments.push_back(tensor.clone(accumulationType(tensor.getElementType())));
      results.push_back(arguments.back());
    }
  bool save = call.getActivations() == Activations::save;
  LayerGradient result;
  result.backward =
      addFunction(layer, layer.getSymName() + (save ? "_backward" : "_grad"), arguments, results);
  auto inputs = result.backward.getArguments().slice(1, type.getNumInputs());
  auto accumulators = result.backward.getArguments().drop_front(1 + type.getNumInputs());

  builder.setInsertionPointToStart(&result.backward.front());
  ForwardCopy forward = copyBody(layer, inputs);
  SmallVector<Value> roots{inputs.front()};
  for (auto [weight, isTrained] : llvm::zip_equal(inputs.take_back(weights), trained))
    if (isTrained)
      roots.push_back(weight);
  GradientTable gradients(builder, reachedFrom(forward.operations, roots));
  auto owners = ArrayRef(roots).drop_front();
  for (auto [weight, accumulator] : llvm::zip_equal(owners, accumulators))
    gradients.accumulate(weight, accumulator);
  gradients.add(forward.results[0], result.backward.getArgument(0));
  auto nested = [](LayersOp op, Value, GradientTable &) -> LogicalResult {
    return op.emitOpError() << "is inside a layer; layers do not nest";
  };
  if (failed(differentiate(forward.operations, builder, gradients, nested)))
    return failure();

  Value ofInput = gradients.lookup(inputs.front());
  SmallVector<Value> returned{ofInput ? ofInput
                                      : zeroGradient(builder, layer.getLoc(), inputs.front())};
  for (Value weight : owners)
    returned.push_back(gradients.sum(weight));
  func::ReturnOp::create(builder, layer.getLoc(), returned);
  eraseUnowed(result.backward.front(), forward.operations);

  if (save)
    keepActivations(layer, result, forward, call.getAgain(), kept);
  else
    eraseUnread(forward.operations);
  layers[key] = result;
  return result;
}

/// What of `layer` its gradient reads in a copy.
static SmallVector<Value> readByGradient(func::FuncOp layer, const ForwardCopy &copy) {
  DenseSet<Operation *> forward(copy.operations.begin(), copy.operations.end());
  SmallVector<Value> read;
  for (Operation &op : layer.front().without_terminator())
    for (Value value : op.getResults())
      if (llvm::any_of(copy.values.lookup(value).getUsers(),
                       [&](Operation *user) { return !forward.contains(user); }))
        read.push_back(value);
  return read;
}

/// Of the first layer's `read`, what is computed again, with remarks of the cost.
static KeptOfCall chooseKept(func::FuncOp layer, ArrayRef<Value> read, int64_t again) {
  static constexpr auto name = remark::RemarkOpts::name("keep").category("fuse");
  KeptOfCall kept{layer, llvm::to_vector(ValueRange(read).getTypes()),
                  SmallVector<bool>(read.size(), false)};
  for (const ComputedAgain &each : chooseComputedAgain(layer, read, again)) {
    kept.again[llvm::find(read, each.value) - read.begin()] = true;
    remark::passed(each.value.getLoc(), name)
        << remark::add("its gradient computes it again: {0} operations a token for {1} bytes",
                       each.operations, each.bytes);
  }
  return kept;
}

/// `read` in the order of `types`; as it is where it has others.
static SmallVector<Value> inOrderOf(ArrayRef<Type> types, ArrayRef<Value> read) {
  SmallVector<Value> left(read), ordered;
  for (Type type : types) {
    auto *next = llvm::find_if(left, [&](Value value) { return value.getType() == type; });
    if (next == left.end())
      return SmallVector<Value>(read);
    ordered.push_back(*next);
    left.erase(next);
  }
  llvm::append_range(ordered, left);
  return ordered;
}

/// Replaces the forward copy inside `result.backward` by arguments, but for what it computes again,
/// and makes a layer that returns their values.
void ModuleDifferentiator::keepActivations(func::FuncOp layer, LayerGradient &result,
                                           const ForwardCopy &copy, int64_t again,
                                           KeptOfCall &shared) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> read = readByGradient(layer, copy), kept;
  if (layer == shared.first)
    shared = result.kept = chooseKept(layer, read, again);
  read = inOrderOf(shared.read, read);
  for (auto [i, value] : llvm::enumerate(read))
    if (i >= shared.again.size() || !shared.again[i])
      kept.push_back(value);
  for (Value value : kept) {
    result.savedTypes.push_back(value.getType());
    unsigned next = result.backward.getNumArguments();
    (void)result.backward.insertArgument(next, value.getType(), {}, value.getLoc());
    copy.values.lookup(value).replaceAllUsesWith(result.backward.getArgument(next));
  }
  eraseUnread(copy.operations);

  SmallVector<Type> results(layer.getResultTypes());
  llvm::append_range(results, result.savedTypes);
  result.saving =
      addFunction(layer, layer.getSymName() + "_saving", layer.getArgumentTypes(), results);
  builder.setInsertionPointToStart(&result.saving.front());
  ForwardCopy saving = copyBody(layer, result.saving.getArguments());
  SmallVector<Value> returned = saving.results;
  for (Value value : kept)
    returned.push_back(saving.values.lookup(value));
  func::ReturnOp::create(builder, layer.getLoc(), returned);
}

namespace {
struct StepGrad : roux::step::impl::StepGradBase<StepGrad> {
  using Base::Base;

  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>(entry);
    if (!function) {
      getOperation().emitError() << "there is no function '" << entry << "' to differentiate";
      return signalPassFailure();
    }
    if (failed(ModuleDifferentiator(getOperation()).differentiateEntry(function)))
      signalPassFailure();
  }
};
} // namespace
