//===- Verify.cpp - sizes that must agree ---------------------------------===//
//
// Most mistakes in step IR are two sizes that should be one. Each message says
// both, and a note shows where the other operand came from.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

using namespace mlir;
using namespace roux::step;

Type roux::step::elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

LogicalResult roux::step::expectEqual(Operation *op, Value value, Count found, Count expected) {
  if (found.number == expected.number || ShapedType::isDynamic(found.number) ||
      ShapedType::isDynamic(expected.number))
    return success();
  InFlightDiagnostic report =
      op->emitOpError() << found.owner << " has " << found.number << " " << found.unit << " but "
                        << expected.owner << " has " << expected.number << " " << expected.unit;
  if (Operation *producer = value.getDefiningOp(); producer && producer != op)
    report.attachNote(producer->getLoc()) << found.owner << " defined here";
  return report;
}

StringRef roux::step::nameOf(std::optional<Rows> rows) {
  return rows ? stringifyRows(*rows) : "tokens";
}

LogicalResult roux::step::expectTokens(Operation *op, Value stream, ValueRange values) {
  std::optional<Rows> expected = rowsOf(stream.getType());
  for (Value value : values) {
    if (failed(expectEqual(op, value, {"a column or stream", dimension(value, 0), "tokens"},
                           {"the first", dimension(stream, 0), "tokens"})))
      return failure();
    if (rowsOf(value.getType()) != expected)
      return op->emitOpError() << "a column or stream has rows of "
                               << nameOf(rowsOf(value.getType())) << " but the first of "
                               << nameOf(expected);
  }
  return success();
}

LogicalResult roux::step::expectAccumulation(Operation *op, Value stream, Value value,
                                             StringRef name) {
  Type expected = accumulationType(elementOf(stream));
  if (elementOf(value) == expected)
    return success();
  return op->emitOpError() << name << " is in " << elementOf(value) << " but sums over a stream of "
                           << elementOf(stream) << " are in " << expected;
}

LogicalResult EmbeddingOp::verify() {
  if (failed(expectTokens(*this, getIndexes(), getResult())))
    return failure();
  return expectEqual(*this, getTable(), {"table", dimension(getTable(), 1), "columns"},
                     {"the result", dimension(getResult(), 1), "channels"});
}

template <typename Norm>
static LogicalResult verifyGroups(Norm op) {
  int64_t channels = dimension(op.getInput(), 1), groups = op.getGroups();
  if (groups < 1 || channels % groups != 0)
    return op->emitOpError() << "the input's " << channels << " channels do not make " << groups
                             << " equal groups";
  return expectEqual(
      op, op.getWeight(), {"weight", dimension(op.getWeight(), 0), "elements"},
      {groups == 1 ? "the input" : "a group of the input", channels / groups, "channels"});
}

LogicalResult RMSNormOp::verify() {
  return verifyGroups(*this);
}

template <typename NormGradient>
static LogicalResult verifyNormGradient(NormGradient op) {
  if (failed(verifyGroups(op)) ||
      failed(expectAccumulation(op, op.getInput(), op.getWeightGradient(), "weight gradient")))
    return failure();
  return expectEqual(op, op.getWeight(),
                     {"weight gradient", dimension(op.getWeightGradient(), 0), "elements"},
                     {"weight", dimension(op.getWeight(), 0), "elements"});
}

LogicalResult RMSNormGradOp::verify() {
  return verifyNormGradient(*this);
}

LogicalResult LayerNormOp::verify() {
  if (failed(verifyGroups(*this)))
    return failure();
  if (!getBias())
    return success();
  return expectEqual(*this, getBias(), {"bias", dimension(getBias(), 0), "elements"},
                     {"weight", dimension(getWeight(), 0), "elements"});
}

LogicalResult LayerNormGradOp::verify() {
  return verifyNormGradient(*this);
}

int64_t LinearOp::inputChannels() {
  return dimension(getWeight(), getTransposed() ? 0 : 1);
}
int64_t LinearOp::outputChannels() {
  return dimension(getWeight(), getTransposed() ? 1 : 0);
}
int64_t LinearAddOp::inputChannels() {
  return dimension(getWeight(), getTransposed() ? 0 : 1);
}
int64_t LinearAddOp::outputChannels() {
  return dimension(getWeight(), getTransposed() ? 1 : 0);
}

/// Of LinearOp and LinearAddOp.
template <typename Op>
static LogicalResult verifyLinear(Op op) {
  Value input = op.getInput(), weight = op.getWeight(), result = op.getResult();
  if (elementOf(input) != elementOf(weight) || elementOf(input) != elementOf(result))
    return op.emitOpError() << "input, weight and result should have one element type but have "
                            << elementOf(input) << ", " << elementOf(weight) << " and "
                            << elementOf(result);
  if (failed(expectTokens(op, input, result)) ||
      failed(expectEqual(op, weight, {"weight", op.inputChannels(), "inputs"},
                         {"the input", dimension(input, 1), "channels"})) ||
      failed(expectEqual(op, weight, {"weight", op.outputChannels(), "outputs"},
                         {"the result", dimension(result, 1), "channels"})))
    return failure();
  if (!op.getBias())
    return success();
  return expectEqual(op, op.getBias(), {"bias", dimension(op.getBias(), 0), "elements"},
                     {"the result", dimension(result, 1), "channels"});
}

LogicalResult LinearOp::verify() {
  return verifyLinear(*this);
}

LogicalResult LinearAddOp::verify() {
  return verifyLinear(*this);
}

LogicalResult LinearGradOp::verify() {
  if (failed(expectTokens(*this, getGradient(), getInput())) ||
      failed(expectAccumulation(*this, getInput(), getResult(), "result")))
    return failure();
  unsigned outputs = getTransposed() ? 1 : 0;
  if (failed(expectEqual(*this, getResult(),
                         {"the result", dimension(getResult(), outputs), "outputs"},
                         {"gradient", dimension(getGradient(), 1), "channels"})))
    return failure();
  return expectEqual(*this, getResult(),
                     {"the result", dimension(getResult(), 1 - outputs), "inputs"},
                     {"the input", dimension(getInput(), 1), "channels"});
}

LogicalResult SumRowsOp::verify() {
  if (failed(expectAccumulation(*this, getInput(), getResult(), "result")))
    return failure();
  return expectEqual(*this, getResult(), {"the result", dimension(getResult(), 0), "elements"},
                     {"the input", dimension(getInput(), 1), "channels"});
}

LogicalResult EmbeddingGradOp::verify() {
  if (failed(expectTokens(*this, getGradient(), getIndexes())) ||
      failed(expectAccumulation(*this, getGradient(), getResult(), "result")))
    return failure();
  return expectEqual(*this, getResult(), {"the result", dimension(getResult(), 1), "columns"},
                     {"gradient", dimension(getGradient(), 1), "channels"});
}

/// `picked` are some rows of `whole`.
static LogicalResult verifyPicked(Operation *op, Value whole, Value picked, Value rows) {
  auto all = cast<RankedTensorType>(whole.getType()),
       some = cast<RankedTensorType>(picked.getType());
  if (all.getElementType() != some.getElementType())
    return op->emitOpError() << "input and result should have one element type but the whole is in "
                             << all.getElementType() << " and the picked rows in "
                             << some.getElementType();
  if (all.getRank() != some.getRank() || all.getRank() < 1 || all.getRank() > 2)
    return op->emitOpError() << "has " << all << " and " << some
                             << ", which are not both columns or both streams";
  if (rowsOf(all))
    return op->emitOpError() << "picks from rows of " << nameOf(rowsOf(all)) << ", not of tokens";
  if (failed(expectTokens(op, rows, picked)))
    return failure();
  if (all.getRank() == 1)
    return success();
  return expectEqual(op, whole, {"the input", dimension(whole, 1), "channels"},
                     {"the result", dimension(picked, 1), "channels"});
}

LogicalResult PickRowsOp::verify() {
  return verifyPicked(*this, getInput(), getResult(), getRows());
}
LogicalResult ExpandRowsOp::verify() {
  return verifyPicked(*this, getResult(), getInput(), getRows());
}

static LogicalResult verifySideBySide(Operation *op, Value whole, ValueRange parts,
                                      int64_t groups) {
  int64_t sum = 0;
  for (Value part : parts) {
    int64_t channels = dimension(part, 1);
    sum += channels;
    if (groups < 1 || channels % groups != 0)
      return op->emitOpError() << "a part's " << channels << " channels do not make " << groups
                               << " equal groups";
    if (elementOf(part) != elementOf(whole))
      return op->emitOpError() << "a part is in " << elementOf(part) << " but the whole is in "
                               << elementOf(whole);
  }
  if (failed(expectTokens(op, whole, parts)))
    return failure();
  return expectEqual(op, whole, {"the whole", dimension(whole, 1), "channels"},
                     {"the sum of its parts", sum, "channels"});
}

LogicalResult SplitOp::verify() {
  return verifySideBySide(*this, getInput(), getParts(), getGroups());
}
LogicalResult ConcatOp::verify() {
  return verifySideBySide(*this, getResult(), getParts(), getGroups());
}

LogicalResult CastOp::verify() {
  auto from = cast<RankedTensorType>(getInput().getType());
  auto to = cast<RankedTensorType>(getResult().getType());
  if (from.getShape() == to.getShape() && from.getEncoding() == to.getEncoding())
    return success();
  return emitOpError() << "changes the shape from " << from << " to " << to;
}

LogicalResult DropoutOp::verify() {
  double share = getShare().convertToDouble();
  if (share < 0 || share >= 1)
    return emitOpError() << "leaves out a share of " << share
                         << " but should leave out from 0 to below 1";
  return expectTokens(*this, getInput(), {getNoise()});
}

LogicalResult SoftcapOp::verify() {
  if (getCap().convertToDouble() > 0)
    return success();
  return emitOpError() << "cap is " << getCap().convertToDouble() << " but should be positive";
}

LogicalResult GlobalNormOp::verify() {
  for (Value gradient : getGradients())
    if (failed(expectAccumulation(*this, gradient, getResult(), "result")))
      return failure();
  return success();
}

LogicalResult ClipFactorOp::verify() {
  if (getLimit().convertToDouble() > 0)
    return success();
  return emitOpError() << "limit is " << getLimit().convertToDouble() << " but should be positive";
}
