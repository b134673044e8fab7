//===- Reference.h - what step IR means, in plain loops -------------------===//
//
// An evaluator of step functions, operation by operation, in double, written
// from the descriptions in dialects/Step and sharing no code with the compiler.
// Whatever is compiled is compared with it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Step/Step.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace roux::step::reference {

/// A tensor of any element type; indexes are kept as doubles too.
struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;

  Array() = default;
  explicit Array(std::vector<int64_t> shape);
  Array(std::vector<int64_t> shape, std::vector<double> values);
  static Array scalar(double value) { return Array({}, {value}); }
  static Array column(std::vector<double> values);

  int64_t rows() const { return shape[0]; }
  int64_t columns() const { return shape[1]; }
  double &at(int64_t row, int64_t column) { return values[row * shape[1] + column]; }
  double at(int64_t row, int64_t column) const { return values[row * shape[1] + column]; }
  int64_t index(int64_t at) const { return static_cast<int64_t>(values[at]); }
};

/// Called after every operation with what it read and made.
using Watch = std::function<void(mlir::Operation *, llvm::ArrayRef<Array> operands,
                                 llvm::ArrayRef<Array> results)>;

/// Runs `function` on `arguments`. Aborts, naming it, at an operation that has no meaning here.
std::vector<Array> run(mlir::func::FuncOp function, std::vector<Array> arguments,
                       const Watch &watch = {});

/// The results of one operation that calls nothing, on streams of `tokens` rows.
std::vector<Array> runForward(mlir::Operation *op, llvm::ArrayRef<Array> operands, int64_t tokens);
std::vector<Array> runGradient(mlir::Operation *op, llvm::ArrayRef<Array> operands);

/// The values a formula's region yields.
std::vector<double> runFormula(mlir::Region &formula, llvm::ArrayRef<double> arguments);

/// What a logit is, beside the product.
struct LogitForm {
  const Array *bias = nullptr;
  double scale = 1;
  std::optional<llvm::APFloat> softcap;

  /// Of an operation whose bias, if it has one, is operand `at`.
  template <typename Op>
  LogitForm(Op op, llvm::ArrayRef<Array> in, size_t at)
      : bias(op.getBias() ? &in[at] : nullptr),
        scale(op.getScale() ? op.getScale()->convertToDouble() : 1), softcap(op.getSoftcap()) {}
};

/// Logits of one token, and the logarithm of the sum of their exponentials.
std::vector<double> logits(const Array &hidden, const Array &vocabulary, const LogitForm &form,
                           int64_t token);
/// cap * tanh(value / cap), or the value where there is no cap.
double capped(double value, std::optional<llvm::APFloat> cap);
double logSumExp(const std::vector<double> &values);
/// What a teacher predicts of a token: `teacher` is its hidden states and its vocabulary.
std::vector<double> prediction(llvm::ArrayRef<Array> teacher, int64_t token);
/// How far the prediction of `logits` is from it.
double divergence(const std::vector<double> &logits, const std::vector<double> &teacher);

/// The tokens that token t sees, as a half-open range, for offsets `segments` and window (0: none).
std::pair<int64_t, int64_t> visible(const Array &segments, int64_t token, int64_t window);

/// A kind of activation and its derivative.
double activate(ActivationKind kind, double x);
double activateSlope(ActivationKind kind, double x);

} // namespace roux::step::reference
