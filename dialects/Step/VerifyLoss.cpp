//===- VerifyLoss.cpp - logits, formulas and teachers ---------------------===//
//
// Of a loss: shapes that meet in the logits, and regions that hold a recipe's
// arithmetic and nothing else.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace roux::step;

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
