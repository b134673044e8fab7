//===- LossToKernel.cpp - the recipe's loss, a chunk of tokens at a time --===//
//
// Logits are the largest thing a step computes: a row of them is a vocabulary
// long. So they exist for a chunk of tokens only; where the loss's gradient is
// wanted too, the chunk's share of it is made before the next chunk's logits.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "compiler/conversion/LoopBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;

/// Tokens whose logits exist at one time: enough that reading the vocabulary and adding to its
/// gradient once a chunk costs little, but not more than fits.
static int64_t chunkTokens(const TargetDescription &target, int64_t words) {
  int64_t block = target.lossBlock;
  return std::clamp(target.lossNumbers / words / block * block, block, target.lossTokens);
}

namespace {
/// A chunk of tokens: where it begins, how many there are, and their logits; a teacher's, if any.
struct Chunk {
  Value begin, count, logits, teacher;
};
} // namespace

/// What logits are products of, and what a logit is beside the product.
struct Head {
  Location place; ///< of the model: its products are not the loss's
  Value hidden, vocabulary;
  Value bias; ///< a buffer, or null
  double scale = 1, softcap = 0;
};

template <typename Op>
static Head headOf(Op op, EntryLowering &entry) {
  Head head{op.getVocabulary().getLoc(),
            entry.buffer(op.getHidden()),
            entry.buffer(op.getVocabulary()),
            {}};
  if (op.getBias())
    head.bias = entry.buffer(op.getBias());
  head.scale = op.getScale() ? op.getScale()->convertToDouble() : 1;
  head.softcap = op.getSoftcap() ? op.getSoftcap()->convertToDouble() : 0;
  return head;
}

/// That of the model that is learned from, if there is one.
template <typename Op>
static std::optional<Head> teacherOf(Op op, EntryLowering &entry) {
  if (!op.getTeacher())
    return std::nullopt;
  return Head{op.getTeacherVocabulary().getLoc(),
              entry.buffer(op.getTeacher()),
              entry.buffer(op.getTeacherVocabulary()),
              {}};
}

/// The logits of a row from their products; `bias` is null where there is none.
static Value logitsOf(RowWriter &k, Value products, Value bias, const Head &head) {
  if (bias)
    products = k.add(products, k.load(bias, {}));
  if (head.scale != 1)
    products = k.mul(products, k.number(head.scale));
  if (head.softcap == 0)
    return products;
  Value inner = k.mul(products, k.number(1 / head.softcap));
  return k.mul(math::TanhOp::create(k, inner), k.number(head.softcap));
}

/// The logits of a chunk, which is at most `size` tokens, in scratch of that name.
static Value launchLogits(EntryLowering &entry, StringRef name, const Head &head,
                          const Chunk &chunk, Value size) {
  BuiltAt model(entry.host(), head.place);
  int64_t channels = columnsOf(head.hidden),
          words = cast<MemRefType>(head.vocabulary.getType()).getDimSize(0);
  Value logits = entry.scratch(
      name, MemRefType::get({ShapedType::kDynamic, words}, entry.accumulation()), size);
  SmallVector<Value> arguments{entry.rows(head.hidden, channels, chunk.begin), head.vocabulary,
                               logits};
  if (head.bias)
    arguments.push_back(head.bias);
  entry.launch(
      "logits_" + sizesOf({channels, words}, elementOf(head.hidden)), chunk.count, arguments,
      [&](RowWriter &k, ValueRange a) {
        Value bias = head.bias ? a[3] : Value();
        k.contract(
            kernel::Form::NT, words, [&](Value row) { return k.raw(a[0], row); },
            [&](Value row) { return k.raw(a[1], row); },
            [&](Value row, Value sum) { k.store(logitsOf(k, sum, bias, head), a[2], row); });
      });
  return logits;
}

/// Runs `body` for every chunk, after computing its logits.
static void forChunks(EntryLowering &entry, const Head &head, const std::optional<Head> &teacher,
                      llvm::function_ref<void(Chunk)> body) {
  int64_t words = cast<MemRefType>(head.vocabulary.getType()).getDimSize(0);
  Value size = entry.constant(chunkTokens(entry.target(), words)), tokens = entry.tokens();
  Value chunks = arith::CeilDivUIOp::create(entry.host(), tokens, size);
  entry.repeat(entry.constant(0), chunks, /*reverse=*/false, [&](Value at) {
    Chunk chunk;
    chunk.begin = arith::MulIOp::create(entry.host(), at, size);
    Value left = arith::SubIOp::create(entry.host(), tokens, chunk.begin);
    chunk.count = arith::MinUIOp::create(entry.host(), left, size);
    chunk.logits = launchLogits(entry, "logits", head, chunk, size);
    if (teacher)
      chunk.teacher = launchLogits(entry, "teacher_logits", *teacher, chunk, size);
    body(chunk);
  });
}

SmallVector<Value> roux::inlineFormula(RowWriter &k, Region &formula, ValueRange arguments) {
  IRMapping values;
  values.map(formula.getArguments(), arguments);
  for (Operation &op : formula.front().without_terminator())
    k.clone(op, values);
  SmallVector<Value> yielded;
  for (Value value : formula.front().getTerminator()->getOperands())
    yielded.push_back(values.lookup(value));
  return yielded;
}

/// What of a weight's inputs a kernel is passed: columns from the chunk's first token on, scalars
/// as they are, or the column of one that they were computed into.
static SmallVector<Value> passInputs(EntryLowering &entry, ValueRange inputs, Value begin) {
  SmallVector<Value> passed;
  for (Value input : inputs) {
    Value where = entry.buffer(input);
    bool isColumn = cast<RankedTensorType>(input.getType()).getRank() == 1;
    passed.push_back(isa<MemRefType>(where.getType())
                         ? entry.rows(where, 0, isColumn ? begin : Value())
                         : where);
  }
  return passed;
}

namespace {
/// A token's label, whether it has one, and its likelihood.
struct Likelihood {
  Value label, valid, nll, logsumexp;
};
} // namespace

/// Of row `row` of the logits `a[0]` with labels `a[1]`.
static Likelihood likelihood(RowWriter &k, ValueRange a, Value row) {
  Likelihood found;
  Value z = k.load(a[0], row), zero = k.number(0);
  found.label = k.raw(a[1], row);
  Value none = arith::ConstantOp::create(k, k.getI32IntegerAttr(0));
  found.valid = arith::CmpIOp::create(k, arith::CmpIPredicate::sge, found.label, none);
  // Without a label some logit is read and not used.
  Value somewhere = arith::MaxSIOp::create(k, found.label, none);
  Value at = arith::IndexCastOp::create(k, k.getIndexType(), somewhere);
  Value chosen = k.element(a[0], row, at), largest = k.largest(z);
  Value sum = k.sum(math::ExpOp::create(k, k.sub(z, largest)));
  Value logsumexp = k.add(largest, math::LogOp::create(k, sum));
  found.nll = arith::SelectOp::create(k, found.valid, k.sub(logsumexp, chosen), zero);
  found.logsumexp = arith::SelectOp::create(k, found.valid, logsumexp, zero);
  return found;
}

namespace {
/// A row of a teacher's logits: what it predicts, and how far another prediction is from it.
struct Teaching {
  Value predicted, divergence;
};
} // namespace

/// Of rows of logits, and the logsumexp of the one that learns.
static Teaching teaching(RowWriter &k, Value z, Value logsumexp, Value y) {
  Value largest = k.largest(y);
  Value whole =
      k.add(largest, math::LogOp::create(k, k.sum(math::ExpOp::create(k, k.sub(y, largest)))));
  Teaching found;
  found.predicted = math::ExpOp::create(k, k.sub(y, whole));
  Value apart = k.sum(k.mul(found.predicted, k.sub(y, z)));
  found.divergence = k.add(apart, k.sub(logsumexp, whole));
  return found;
}

/// The weight of a token, in f64 until it is known. A token without a label has weight 0: whatever
/// its inputs made of the formula, an infinity even, is not chosen.
static Value weightOf(RowWriter &k, step::CrossEntropyOp op, const Likelihood &found,
                      ValueRange inputs, Value row) {
  FloatType wide = k.getF64Type();
  BuiltAt formula(k, op.getWeight().front().getTerminator()->getLoc());
  SmallVector<Value> arguments{k.convert(found.nll, wide), k.convert(found.logsumexp, wide)};
  for (auto [input, tensor] : llvm::zip_equal(inputs, op.getInputs())) {
    bool isColumn = cast<RankedTensorType>(tensor.getType()).getRank() == 1;
    arguments.push_back(isa<MemRefType>(input.getType()) ? k.raw(input, isColumn ? row : k.index(0))
                                                         : input);
  }
  Value weight = inlineFormula(k, op.getWeight(), arguments)[0];
  return arith::SelectOp::create(k, found.valid, k.convert(weight, k.type()), k.number(0));
}

static LogicalResult lower(step::NLLOp op, EntryLowering &entry) {
  Value nll = entry.result(op.getNll()), logsumexp = entry.result(op.getLogsumexp());
  forChunks(entry, headOf(op, entry), std::nullopt, [&](Chunk chunk) {
    entry.launch("nll_" + sizesOf(columnsOf(chunk.logits), entry.accumulation()), chunk.count,
                 {chunk.logits, entry.rows(entry.buffer(op.getLabels()), 0, chunk.begin),
                  entry.rows(nll, 0, chunk.begin), entry.rows(logsumexp, 0, chunk.begin)},
                 [](RowWriter &k, ValueRange a) {
                   Value row = k.row();
                   Likelihood found = likelihood(k, a, row);
                   k.store(found.nll, a[2], row);
                   k.store(found.logsumexp, a[3], row);
                 });
  });
  return success();
}

/// Adds up a column into `where`, one row of one column.
static void sumColumn(EntryLowering &entry, Value column, Value where) {
  entry.launch("sum_" + sizesOf(1, entry.accumulation()), entry.constant(1),
               {entry.rows(column, 1), entry.tokens(), where}, [](RowWriter &k, ValueRange a) {
                 k.store(k.fold(a[1], 1, [&](Value j) { return k.load(a[0], j); }), a[2], k.row());
               });
}

/// The gradient of every logit of a token, into a[5]; a[6] has a teacher's.
static void logitGradients(step::CrossEntropyGradOp op, RowWriter &k, ValueRange a, double factor) {
  Value row = k.row(), z = k.load(a[0], row), label = k.raw(a[1], row);
  Value nll = k.load(a[2], row), logsumexp = k.load(a[3], row);
  SmallVector<Value> read{nll, logsumexp};
  Teaching taught;
  if (op.getTeacher()) {
    taught = teaching(k, z, logsumexp, k.load(a[6], row));
    read.push_back(taught.divergence);
  }
  SmallVector<Value> slopes = inlineFormula(k, op.getDerivative(), read);
  Value scale = k.mul(k.load(a[4], row), k.number(factor));
  Value forAll = k.mul(scale, k.add(slopes[0], slopes[1])), forLabel = k.mul(scale, slopes[0]);

  int64_t words = columnsOf(a[0]);
  auto integers = VectorType::get({words}, k.getI32Type());
  Value labels = k.spread(label, words), column = kernel::ColumnOp::create(k, integers);
  Value here = arith::CmpIOp::create(k, arith::CmpIPredicate::eq, column, labels);
  Value zeros = k.spread(k.number(0), words);
  Value spike = arith::SelectOp::create(k, here, k.spread(forLabel, words), zeros);
  Value p = math::ExpOp::create(k, k.sub(z, logsumexp));
  Value gradient = k.sub(k.mul(p, forAll), spike);
  if (op.getTeacher())
    gradient = k.add(gradient, k.mul(k.sub(p, taught.predicted), k.mul(scale, slopes[2])));
  if (op.getScale())
    gradient = k.mul(gradient, k.number(op.getScale()->convertToDouble()));
  if (op.getSoftcap()) {
    Value share = k.mul(z, k.number(1 / op.getSoftcap()->convertToDouble()));
    gradient = k.mul(gradient, k.sub(k.number(1), k.mul(share, share)));
  }
  Value none = k.spread(arith::ConstantOp::create(k, k.getI32IntegerAttr(0)), words);
  Value valid = arith::CmpIOp::create(k, arith::CmpIPredicate::sge, labels, none);
  k.store(arith::SelectOp::create(k, valid, gradient, zeros), a[5], row);
}

namespace {
/// Makes a chunk's share of the gradients from its logits.
class ChunkGradient {
public:
  ChunkGradient(step::CrossEntropyGradOp op, double scale, EntryLowering &entry)
      : op(op), scale(scale), entry(entry), hidden(entry.buffer(op.getHidden())),
        vocabulary(entry.buffer(op.getVocabulary())),
        hiddenGradient(entry.isRead(op.getHiddenGradient()) ? entry.result(op.getHiddenGradient())
                                                            : Value()),
        vocabularyGradients(entry.accumulators(op.getVocabularyGradient())),
        biasGradients(op.getBiasGradient() ? entry.accumulators(op.getBiasGradient())
                                           : SmallVector<Value>()),
        channels(columnsOf(hidden)), words(cast<MemRefType>(vocabulary.getType()).getDimSize(0)) {}

  void add(Chunk chunk);

private:
  Value ofLogits(Chunk chunk);

  step::CrossEntropyGradOp op;
  double scale;
  EntryLowering &entry;
  Value hidden, vocabulary, hiddenGradient;
  SmallVector<Value> vocabularyGradients, biasGradients;
  int64_t channels, words;
};
} // namespace

/// In the stream's type, like every other gradient that is multiplied with; where the logits were,
/// if that is theirs.
Value ChunkGradient::ofLogits(Chunk chunk) {
  Value gradients = chunk.logits;
  if (Type element = elementOf(hidden); element != entry.accumulation())
    gradients =
        entry.scratch("logit_gradients", MemRefType::get({ShapedType::kDynamic, words}, element),
                      entry.constant(chunkTokens(entry.target(), words)));
  SmallVector<Value> arguments{chunk.logits};
  for (Value column : {op.getLabels(), op.getNll(), op.getLogsumexp(), op.getWeights()})
    arguments.push_back(entry.rows(entry.buffer(column), 0, chunk.begin));
  arguments.push_back(gradients);
  if (chunk.teacher)
    arguments.push_back(chunk.teacher);
  entry.launch("loss_gradient_" + sizesOf(words, entry.accumulation()), chunk.count, arguments,
               [&](RowWriter &k, ValueRange a) { logitGradients(op, k, a, scale); });
  return gradients;
}

void ChunkGradient::add(Chunk chunk) {
  Value gradients = ofLogits(chunk);
  BuiltAt model(entry.host(), op.getVocabulary().getLoc());
  if (hiddenGradient)
    entry.launch("hidden_gradient_" + sizesOf({words, channels}, elementOf(hidden)), chunk.count,
                 {gradients, vocabulary, entry.rows(hiddenGradient, channels, chunk.begin)},
                 [&](RowWriter &k, ValueRange a) {
                   k.contract(
                       kernel::Form::NN, channels, [&](Value row) { return k.raw(a[0], row); },
                       [&](Value row) { return k.raw(a[1], row); },
                       [&](Value row, Value sum) { k.store(sum, a[2], row); });
                 });
  for (Value where : vocabularyGradients)
    entry.launch("vocabulary_gradient_" + sizesOf({words, channels}, elementOf(hidden)),
                 chunk.count, {gradients, entry.rows(hidden, channels, chunk.begin), where},
                 [&](RowWriter &k, ValueRange a) {
                   k.contract(
                       kernel::Form::TN, channels, [&](Value row) { return k.raw(a[0], row); },
                       [&](Value row) { return k.raw(a[1], row); },
                       [&](Value row, Value sum) { k.accumulate(sum, a[2], row); });
                 });
  for (Value where : biasGradients)
    entry.launch("sum_rows_" + sizesOf(words, elementOf(gradients)), entry.constant(1),
                 {entry.rows(gradients, words), chunk.count, entry.oneRow(where)},
                 [&](RowWriter &k, ValueRange a) {
                   Value sum = k.fold(a[1], words, [&](Value j) { return k.load(a[0], j); });
                   k.accumulate(sum, a[2], k.row());
                 });
}

/// What the gradient is multiplied with; none if that is not known before the step runs.
static std::optional<double> seedOf(step::CrossEntropyGradOp op) {
  DenseElementsAttr seed;
  if (!matchPattern(op.getGradient(), m_Constant(&seed)) || !seed.isSplat())
    return std::nullopt;
  return seed.getSplatValue<APFloat>().convertToDouble();
}

/// The gradient of `op`, if it can be made from the same logits.
static step::CrossEntropyGradOp gradientOf(step::CrossEntropyOp op) {
  for (Operation *user : op.getLogsumexp().getUsers())
    if (auto grad = dyn_cast<step::CrossEntropyGradOp>(user);
        grad && grad.getHidden() == op.getHidden() && grad.getVocabulary() == op.getVocabulary() &&
        grad.getBias() == op.getBias() && grad.getScaleAttr() == op.getScaleAttr() &&
        grad.getSoftcapAttr() == op.getSoftcapAttr() && grad.getLabels() == op.getLabels() &&
        grad.getTeacher() == op.getTeacher() &&
        grad.getTeacherVocabulary() == op.getTeacherVocabulary() && grad.getNll() == op.getNll() &&
        grad.getWeights() == op.getWeights() && seedOf(grad))
      return grad;
  return {};
}

static LogicalResult lower(step::CrossEntropyOp op, EntryLowering &entry) {
  Value nll = entry.result(op.getNll()), logsumexp = entry.result(op.getLogsumexp());
  Value weights = entry.result(op.getWeights());
  Value losses = entry.scratch(
      "losses", MemRefType::get({ShapedType::kDynamic}, entry.accumulation()), entry.tokens());
  std::optional<ChunkGradient> gradient;
  if (step::CrossEntropyGradOp grad = gradientOf(op); grad && entry.begin(grad))
    gradient.emplace(grad, *seedOf(grad), entry);
  forChunks(entry, headOf(op, entry), teacherOf(op, entry), [&](Chunk chunk) {
    SmallVector<Value> arguments{chunk.logits};
    for (Value column : {entry.buffer(op.getLabels()), nll, logsumexp, weights, losses})
      arguments.push_back(entry.rows(column, 0, chunk.begin));
    if (chunk.teacher)
      arguments.push_back(chunk.teacher);
    size_t columns = arguments.size();
    llvm::append_range(arguments, passInputs(entry, op.getInputs(), chunk.begin));
    entry.launch(
        "loss_" + sizesOf(columnsOf(chunk.logits), entry.accumulation()), chunk.count, arguments,
        [&](RowWriter &k, ValueRange a) {
          Value row = k.row();
          Likelihood found = likelihood(k, a, row);
          SmallVector<Value> read{found.nll, found.logsumexp};
          if (op.getTeacher())
            read.push_back(
                teaching(k, k.load(a[0], row), found.logsumexp, k.load(a[6], row)).divergence);
          Value value = inlineFormula(k, op.getFormula(), read)[0];
          Value weight = weightOf(k, op, found, a.drop_front(columns), row);
          Value weighted = k.mul(weight, value);
          k.store(found.nll, a[2], row);
          k.store(found.logsumexp, a[3], row);
          k.store(weight, a[4], row);
          k.store(arith::SelectOp::create(k, found.valid, weighted, k.number(0)), a[5], row);
        });
    if (gradient)
      gradient->add(chunk);
  });
  sumColumn(entry, losses, entry.result(op.getLoss()));
  return success();
}

static LogicalResult lower(step::CrossEntropyGradOp op, EntryLowering &entry) {
  if (!entry.begin(op))
    return success(); // made with the loss
  std::optional<double> seed = seedOf(op);
  if (!seed)
    return op.emitOpError() << "multiplies with a gradient that is no constant";
  ChunkGradient gradient(op, *seed, entry);
  forChunks(entry, headOf(op, entry), teacherOf(op, entry),
            [&](Chunk chunk) { gradient.add(chunk); });
  return success();
}

LogicalResult roux::lowerLoss(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::NLLOp, step::CrossEntropyOp, step::CrossEntropyGradOp>(
          [&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
