//===- VerifyPairs.cpp - rows of targets, answers and pairs ---------------===//
//
// A pair has two answers and an answer many targets; each tensor says in its type which
// of them it has a row for.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

using namespace mlir;
using namespace roux::step;

LogicalResult AnswerLogPOp::verify() {
  if (failed(expectTokens(*this, getNll(), getAnswers())) ||
      failed(expectTokens(*this, getResult(), {getBegins(), getEnds()})))
    return failure();
  if (rowsOf(getResult().getType()) == Rows::answers &&
      elementOf(getResult()) == elementOf(getNll()))
    return success();
  return emitOpError() << "makes " << getResult().getType()
                       << " but should make a row for each answer in " << elementOf(getNll());
}

LogicalResult AnswerLogPGradOp::verify() {
  if (rowsOf(getGradient().getType()) != Rows::answers)
    return emitOpError() << "gradient has rows of " << nameOf(rowsOf(getGradient().getType()))
                         << " but should have one for each answer";
  return expectTokens(*this, getAnswers(), getResult());
}

/// Likelihoods of answers, and inputs that are scalars or have a row for each pair.
template <typename Op>
static LogicalResult verifyPairs(Op op, Region &region, StringRef name, size_t yields) {
  if (rowsOf(op.getLogp().getType()) != Rows::answers)
    return op.emitOpError() << "logp has rows of " << nameOf(rowsOf(op.getLogp().getType()))
                            << " but should have one for each answer";
  for (Value input : op.getInputs())
    if (cast<RankedTensorType>(input.getType()).getRank() && rowsOf(input.getType()) != Rows::pairs)
      return op.emitOpError() << "an input has rows of " << nameOf(rowsOf(input.getType()))
                              << " but should have one for each pair";
  return verifyFormula(op, region, name, Float64Type::get(op.getContext()), op.getInputs().size(),
                       yields, "two answers");
}

LogicalResult PairLossOp::verify() {
  if (failed(expectAccumulation(*this, getLogp(), getLoss(), "loss")))
    return failure();
  return verifyPairs(*this, getFormula(), "formula", 1);
}

LogicalResult PairLossGradOp::verify() {
  if (failed(expectTokens(*this, getLogp(), getResult())))
    return failure();
  return verifyPairs(*this, getDerivative(), "derivative", 2);
}
