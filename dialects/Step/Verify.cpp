//===- Verify.cpp - sizes that must agree ---------------------------------===//
//
// Most mistakes in step IR are two sizes that should be one. Each message says
// both, and a note shows where the other operand came from.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace roux::step;

namespace {
/// A number as a message tells it: "weight has 32 elements".
struct Count {
  StringRef owner;
  int64_t number;
  StringRef unit;
};
} // namespace

static int64_t dimension(Value value, unsigned index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}
Type roux::step::elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

/// Succeeds if the two numbers are equal or not known yet; else reports both, with a note where
/// `value` was made.
static LogicalResult expectEqual(Operation *op, Value value, Count found, Count expected) {
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

LogicalResult RotationOp::verify() {
  if (failed(expectTokens(*this, getPositions(), getCosine())) ||
      (getLengths() && failed(expectTokens(*this, getPositions(), getLengths()))))
    return failure();
  bool differ = getBeyond() || getStretch();
  if (differ != static_cast<bool>(getLengths()) || differ != getLimit().has_value() ||
      (getBeyond() && getStretch()))
    return emitOpError() << "takes lengths, a limit and either beyond or stretch together, or none";
  if (getBeyond() && getBeyond()->size() != getFrequencies().size())
    return emitOpError() << "has " << getFrequencies().size() << " frequencies but "
                         << getBeyond()->size() << " beyond the limit";
  return expectEqual(
      *this, getCosine(), {"cosine", dimension(getCosine(), 1), "columns"},
      {"the list of frequencies", static_cast<int64_t>(getFrequencies().size()), "numbers"});
}

int64_t RopeOp::headChannels() {
  return getHeadChannels().value_or(2 * dimension(getCosine(), 1));
}

LogicalResult RopeOp::verify() {
  if (failed(expectTokens(*this, getInput(), getCosine())))
    return failure();
  int64_t channels = dimension(getInput(), 1), head = headChannels();
  int64_t turned = 2 * dimension(getCosine(), 1);
  if (turned > head)
    return emitOpError() << turned << " channels of a head should turn, which has " << head;
  if (head > 0 && channels % head == 0)
    return success();
  return emitOpError() << "the input's " << channels
                       << " channels are not a whole number of heads of " << head << " channels";
}

/// `Op` is one of the attentions; `keys` are what its queries are compared with.
template <typename Op>
static LogicalResult verifyHeads(Op op, Value keys) {
  int64_t heads = op.getHeads(), keyValueHeads = op.getKeyValueHeads();
  if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0)
    return op.emitOpError() << heads << " heads cannot share " << keyValueHeads
                            << " key-value heads evenly";
  int64_t query = dimension(op.getQuery(), 1), key = dimension(keys, 1);
  if (query % heads != 0 || query / heads * keyValueHeads != key)
    return op.emitOpError() << "query has " << query << " channels for " << heads
                            << " heads but key has " << key << " for " << keyValueHeads;
  if (op.getWindow() && static_cast<int64_t>(*op.getWindow()) < 1)
    return op.emitOpError() << "window is " << static_cast<int64_t>(*op.getWindow())
                            << " but a token sees at least itself";
  if (op.getSoftcap() && !(op.getSoftcap()->convertToDouble() > 0))
    return op.emitOpError() << "softcap is " << op.getSoftcap()->convertToDouble()
                            << " but should be positive";
  return success();
}

/// Attention over the stream's own segments: a row of keys and of logsumexp for every query.
template <typename Op>
static LogicalResult verifySegments(Op op) {
  if (failed(verifyHeads(op, op.getKey())) ||
      failed(expectTokens(op, op.getQuery(), {op.getKey(), op.getLogsumexp()})))
    return failure();
  return expectEqual(op, op.getLogsumexp(),
                     {"logsumexp", dimension(op.getLogsumexp(), 1), "columns"},
                     {"query", static_cast<int64_t>(op.getHeads()), "heads"});
}

LogicalResult AttentionOp::verify() {
  return verifySegments(*this);
}
LogicalResult AttentionGradOp::verify() {
  return verifySegments(*this);
}

LogicalResult CachedAttentionOp::verify() {
  if (elementOf(getQuery()) != elementOf(getKeys()))
    return emitOpError() << "query is in " << elementOf(getQuery()) << " but the cache is in "
                         << elementOf(getKeys());
  if (failed(verifyHeads(*this, getKeys())))
    return failure();
  return expectTokens(*this, getQuery(), {getFirst(), getSlots()});
}

LogicalResult AppendOp::verify() {
  if (elementOf(getCache()) != elementOf(getRows()))
    return emitOpError() << "rows are in " << elementOf(getRows()) << " but the cache is in "
                         << elementOf(getCache());
  if (!getCache().hasOneUse())
    return emitOpError() << "overwrites its cache, which something else reads as well";
  if (failed(expectTokens(*this, getRows(), getSlots())))
    return failure();
  return expectEqual(*this, getCache(), {"the cache", dimension(getCache(), 1), "channels"},
                     {"a row", dimension(getRows(), 1), "channels"});
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

LogicalResult roux::step::verifyFormula(Operation *op, Region &region, StringRef name, Type scalar,
                                        size_t inputs, size_t yields, StringRef given) {
  Block &block = region.front();
  if (block.getNumArguments() != 2 + inputs)
    return op->emitOpError() << name << " takes " << block.getNumArguments()
                             << " values but there are " << given << " and " << inputs << " inputs";
  for (Type type : block.getArgumentTypes())
    if (type != scalar)
      return op->emitOpError() << name << " takes " << type << " but its values are in " << scalar;
  for (Operation &inner : block.without_terminator())
    if (!isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) ||
        inner.getNumRegions() != 0)
      return inner.emitOpError() << "cannot be part of a formula, which holds arith and math only";
  Operation *yield = block.getTerminator();
  if (yield->getNumOperands() != yields)
    return yield->emitOpError() << "yields " << yield->getNumOperands()
                                << " values but should yield " << yields;
  for (Value value : yield->getOperands())
    if (value.getType() != scalar)
      return yield->emitOpError() << "yields " << value.getType() << " but should yield " << scalar;
  return success();
}

/// Shapes shared by the operations that read logits: `Op` has hidden, vocabulary, labels.
template <typename Op>
static LogicalResult verifyLogits(Op op) {
  if (elementOf(op.getHidden()) != elementOf(op.getVocabulary()))
    return op.emitOpError() << "hidden is in " << elementOf(op.getHidden())
                            << " but vocabulary is in " << elementOf(op.getVocabulary());
  if (failed(expectTokens(op, op.getHidden(), {op.getLabels(), op.getNll()})) ||
      failed(expectAccumulation(op, op.getHidden(), op.getNll(), "nll")))
    return failure();
  if (op.getSoftcap() && !(op.getSoftcap()->convertToDouble() > 0))
    return op.emitOpError() << "softcap is " << op.getSoftcap()->convertToDouble()
                            << " but should be positive";
  if (op.getBias() &&
      failed(expectEqual(op, op.getBias(), {"bias", dimension(op.getBias(), 0), "elements"},
                         {"vocabulary", dimension(op.getVocabulary(), 0), "rows"})))
    return failure();
  return expectEqual(op, op.getVocabulary(),
                     {"vocabulary", dimension(op.getVocabulary(), 1), "columns"},
                     {"hidden", dimension(op.getHidden(), 1), "channels"});
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

LogicalResult NLLOp::verify() {
  return verifyLogits(*this);
}

/// The teacher says as many words of as many tokens, in the types of the model that learns.
template <typename Op>
static LogicalResult verifyTeacher(Op op) {
  Value teacher = op.getTeacher(), vocabulary = op.getTeacherVocabulary();
  if (!teacher && !vocabulary)
    return success();
  if (!teacher || !vocabulary)
    return op.emitOpError() << "has a teacher's " << (teacher ? "hidden states" : "vocabulary")
                            << " but no " << (teacher ? "vocabulary" : "hidden states");
  for (Value each : {teacher, vocabulary})
    if (elementOf(each) != elementOf(op.getHidden()))
      return op.emitOpError() << "hidden is in " << elementOf(op.getHidden())
                              << " but the teacher is in " << elementOf(each);
  if (failed(expectTokens(op, op.getHidden(), {teacher})) ||
      failed(expectEqual(op, vocabulary, {"teacher vocabulary", dimension(vocabulary, 0), "rows"},
                         {"vocabulary", dimension(op.getVocabulary(), 0), "rows"})))
    return failure();
  return expectEqual(op, vocabulary, {"teacher vocabulary", dimension(vocabulary, 1), "columns"},
                     {"teacher", dimension(teacher, 1), "channels"});
}

LogicalResult CrossEntropyOp::verify() {
  if (failed(verifyLogits(*this)) || failed(verifyTeacher(*this)) ||
      failed(expectAccumulation(*this, getHidden(), getLoss(), "loss")) ||
      failed(verifyFormula(*this, getFormula(), "formula", elementOf(getNll()),
                           getTeacher() ? 1 : 0, 1)))
    return failure();
  for (Value input : getInputs())
    if (cast<RankedTensorType>(input.getType()).getRank() &&
        failed(expectTokens(*this, getHidden(), input)))
      return failure();
  return verifyFormula(*this, getWeight(), "weight", Float64Type::get(getContext()),
                       getInputs().size(), 1);
}

LogicalResult CrossEntropyGradOp::verify() {
  if (failed(verifyLogits(*this)) || failed(verifyTeacher(*this)) ||
      failed(
          expectAccumulation(*this, getHidden(), getVocabularyGradient(), "vocabulary gradient")))
    return failure();
  if (failed(expectEqual(*this, getVocabulary(),
                         {"vocabulary gradient", dimension(getVocabularyGradient(), 0), "rows"},
                         {"vocabulary", dimension(getVocabulary(), 0), "rows"})))
    return failure();
  size_t more = getTeacher() ? 1 : 0;
  return verifyFormula(*this, getDerivative(), "derivative", elementOf(getNll()), more, 2 + more);
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
