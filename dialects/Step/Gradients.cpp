//===- Gradients.cpp - the gradient of every operation --------------------===//
//
// One short function an operation: which gradient operation computes what its
// operands are owed. The formulas are in the descriptions of those operations.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/ScalarDerivative.h"
#include "dialects/Step/Step.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace roux::step;

/// The type of a parameter's gradient.
static RankedTensorType gradientType(Value parameter) {
  auto type = cast<RankedTensorType>(parameter.getType());
  return RankedTensorType::get(type.getShape(), accumulationType(type.getElementType()));
}

/// The derivatives of a formula that is nll itself: 1 and 0.
static void buildSlopesOfNll(Region &derivative, Type scalar, Location place) {
  Block &block = derivative.emplaceBlock();
  block.addArguments({scalar, scalar}, {place, place});
  OpBuilder inside = OpBuilder::atBlockEnd(&block);
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(inside, place, inside.getFloatAttr(scalar, value));
  };
  YieldOp::create(inside, place, ValueRange{number(1), number(0)});
}

LogicalResult EmbeddingOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                         GradientSink sink) {
  sink(getTable(), EmbeddingGradOp::create(builder, getLoc(), gradientType(getTable()),
                                           gradients[0], getIndexes(), getOffsetAttr()));
  return success();
}

LogicalResult RMSNormOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                       GradientSink sink) {
  auto grad = RMSNormGradOp::create(
      builder, getLoc(), getInput().getType(), gradientType(getWeight()), gradients[0], getInput(),
      getWeight(), getEpsilonAttr(), getGroupsAttr(), getAroundOneAttr());
  sink(getInput(), grad.getInputGradient());
  sink(getWeight(), grad.getWeightGradient());
  return success();
}

LogicalResult LayerNormOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                         GradientSink sink) {
  auto grad = LayerNormGradOp::create(
      builder, getLoc(), getInput().getType(), gradientType(getWeight()), gradientType(getWeight()),
      gradients[0], getInput(), getWeight(), getEpsilonAttr(), getGroupsAttr());
  sink(getInput(), grad.getInputGradient());
  sink(getWeight(), grad.getWeightGradient());
  if (getBias())
    sink(getBias(), grad.getBiasGradient());
  return success();
}

LogicalResult LinearOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                      GradientSink sink) {
  sink(getInput(), LinearOp::create(builder, getLoc(), getInput().getType(), gradients[0],
                                    getWeight(), /*bias=*/Value(), !getTransposed()));
  sink(getWeight(), LinearGradOp::create(builder, getLoc(), gradientType(getWeight()), gradients[0],
                                         getInput(), getTransposed()));
  if (getBias())
    sink(getBias(), SumRowsOp::create(builder, getLoc(), gradientType(getBias()), gradients[0]));
  return success();
}

LogicalResult RopeOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                    GradientSink sink) {
  sink(getInput(), RopeOp::create(builder, getLoc(), getInput().getType(), getStyle(), gradients[0],
                                  getCosine(), getSine(), !getInverse(), getHeadChannelsAttr()));
  return success();
}

LogicalResult AttentionOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                         GradientSink sink) {
  if (gradients[1])
    return emitOpError() << "the loss depends on its logsumexp, which has no gradient";
  auto grad = AttentionGradOp::create(
      builder, getLoc(), getQuery().getType(), getKey().getType(), getValue().getType(),
      gradients[0], getQuery(), getKey(), getValue(), getOutput(), getLogsumexp(), getSegments(),
      getHeadsAttr(), getKeyValueHeadsAttr(), getScaleAttr(), getWindowAttr(), getSoftcapAttr());
  sink(getQuery(), grad.getQueryGradient());
  sink(getKey(), grad.getKeyGradient());
  sink(getValue(), grad.getValueGradient());
  return success();
}

LogicalResult ActivationOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                          GradientSink sink) {
  sink(getInput(), ActivationGradOp::create(builder, getLoc(), getInput().getType(), getKind(),
                                            gradients[0], getInput()));
  return success();
}

LogicalResult GateOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                    GradientSink sink) {
  auto grad = GateGradOp::create(builder, getLoc(), getGate().getType(), getUp().getType(),
                                 getKind(), gradients[0], getGate(), getUp());
  sink(getGate(), grad.getGateGradient());
  sink(getUp(), grad.getUpGradient());
  return success();
}

LogicalResult AddOp::buildGradient(OpBuilder &, ArrayRef<Value> gradients, GradientSink sink) {
  sink(getLhs(), gradients[0]);
  sink(getRhs(), gradients[0]);
  return success();
}

LogicalResult ScaleOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                     GradientSink sink) {
  sink(getInput(),
       ScaleOp::create(builder, getLoc(), getInput().getType(), gradients[0], getFactorAttr()));
  return success();
}

LogicalResult DropoutOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                       GradientSink sink) {
  sink(getInput(), DropoutOp::create(builder, getLoc(), getInput().getType(), gradients[0],
                                     getNoise(), getLayer(), getShareAttr(), getSaltAttr()));
  return success();
}

LogicalResult SplitOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                     GradientSink sink) {
  if (llvm::is_contained(gradients, Value()))
    return emitOpError() << "the loss does not depend on every part; read them all or do not split";
  sink(getInput(),
       ConcatOp::create(builder, getLoc(), getInput().getType(), gradients, getGroupsAttr()));
  return success();
}

LogicalResult PickRowsOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                        GradientSink sink) {
  sink(getInput(),
       ExpandRowsOp::create(builder, getLoc(), getInput().getType(), gradients[0], getRows()));
  return success();
}

LogicalResult ExpandRowsOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                          GradientSink sink) {
  sink(getInput(),
       PickRowsOp::create(builder, getLoc(), getInput().getType(), gradients[0], getRows()));
  return success();
}

LogicalResult CastOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                    GradientSink sink) {
  if (gradients[0].getType() != gradientType(getInput()))
    return emitOpError() << "only casts between a parameter and its rounded copy have a gradient";
  sink(getInput(), gradients[0]);
  return success();
}

LogicalResult CrossEntropyOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                            GradientSink sink) {
  if (!gradients[0] || gradients[1] || gradients[2] || gradients[3])
    return emitOpError() << "only its loss can be differentiated; the other results are reports";
  auto grad = CrossEntropyGradOp::create(
      builder, getLoc(), getHidden().getType(), gradientType(getVocabulary()),
      getBias() ? gradientType(getBias()) : Type(), gradients[0], getHidden(), getVocabulary(),
      getBias(), getLabels(), getTeacher(), getTeacherVocabulary(), getWeights(), getNll(),
      getLogsumexp(), getScaleAttr(), getSoftcapAttr());
  unsigned values = getTeacher() ? 3 : 2;
  if (failed(buildDerivatives(getFormula(), values, grad.getDerivative(), builder))) {
    grad.erase();
    return failure();
  }
  sink(getHidden(), grad.getHiddenGradient());
  sink(getVocabulary(), grad.getVocabularyGradient());
  if (getBias())
    sink(getBias(), grad.getBiasGradient());
  return success();
}

/// A cross entropy whose weights are what each nll is owed: p - onehot, times that.
LogicalResult NLLOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                   GradientSink sink) {
  if (!gradients[0] || gradients[1])
    return emitOpError() << "only its nll can be differentiated";
  auto scalar =
      RankedTensorType::get({}, cast<RankedTensorType>(getNll().getType()).getElementType());
  Value one = arith::ConstantOp::create(
      builder, getLoc(),
      SplatElementsAttr::get(scalar, builder.getFloatAttr(scalar.getElementType(), 1.0)));
  auto grad = CrossEntropyGradOp::create(
      builder, getLoc(), getHidden().getType(), gradientType(getVocabulary()),
      getBias() ? gradientType(getBias()) : Type(), one, getHidden(), getVocabulary(), getBias(),
      getLabels(), /*teacher=*/Value(), /*teacher_vocabulary=*/Value(), gradients[0], getNll(),
      getLogsumexp(), getScaleAttr(), getSoftcapAttr());
  buildSlopesOfNll(grad.getDerivative(), scalar.getElementType(), getLoc());
  sink(getHidden(), grad.getHiddenGradient());
  sink(getVocabulary(), grad.getVocabularyGradient());
  if (getBias())
    sink(getBias(), grad.getBiasGradient());
  return success();
}

LogicalResult AnswerLogPOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                          GradientSink sink) {
  sink(getNll(),
       AnswerLogPGradOp::create(builder, getLoc(), getNll().getType(), gradients[0], getAnswers()));
  return success();
}

LogicalResult PairLossOp::buildGradient(OpBuilder &builder, ArrayRef<Value> gradients,
                                        GradientSink sink) {
  auto grad = PairLossGradOp::create(builder, getLoc(), getLogp().getType(), gradients[0],
                                     getLogp(), getInputs());
  if (failed(buildDerivatives(getFormula(), 2, grad.getDerivative(), builder))) {
    grad.erase();
    return failure();
  }
  sink(getLogp(), grad.getResult());
  return success();
}
